"""Which file holds what, in which format, under which name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from simulate.civil_affairs import HEADING_GROUPS, make_civil_affairs
from simulate.economy import Economy
from simulate.faults import ErrorRates
from simulate.history import Referrals
from simulate.human_resources import make_human_resources
from simulate.marginals import Dice
from simulate.market_files import (
    fill_past,
    opening_references,
    openings_table,
    post_references,
    posts_table,
    programme_references,
    programmes_table,
    referrals_table,
)
from simulate.rural_revitalization import make_rural_revitalization
from simulate.sheet import Register, Sheet
from simulate.truth import Truth
from simulate.write_text import Columns, write_csv, write_ndjson, write_parquet
from simulate.write_xlsx import FIRST_ROW_FORM, FIRST_ROW_PLAIN, write_form_xlsx, write_plain_xlsx

#: Of the rural file; None leaves the choice to the number of rows.
FORMATS = ("xlsx", "ndjson", "parquet")
#: Rows above which the rural file is lines of JSON rather than a spreadsheet, unless a format was asked for.
_XLSX_COMFORT = 100_000
_FORM_EXTRA_ROWS = 5  # title, two heading lines, totals, footer


@dataclass(slots=True)
class Writer:
    """Writes the files of one region and keeps count."""

    out: Path
    region: str
    region_name: str
    as_of: date
    xlsx_row_limit: int
    files: list[Path] = field(default_factory=list)
    rows: int = 0
    xlsx_seconds: float = 0.0

    def _path(self, feed: str, ending: str, rows: int, day: date | None = None) -> Path:
        path = self.out / "feeds" / f"{feed}_{self.region}_{day or self.as_of:%Y%m%d}.{ending}"
        self.files.append(path)
        self.rows += rows
        return path

    @contextmanager
    def _spreadsheet(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.xlsx_seconds += time.perf_counter() - start

    def write_human_resources(self, register: Register, truth: Truth, *, rates: ErrorRates, dice: Dice) -> None:
        """GB18030 CSV."""
        sheet = make_human_resources(register, rates=rates, dice=dice)
        path = self._path("human_resources", "csv", len(sheet))
        write_csv(path, sheet.columns, len(sheet), encoding="gb18030", cut=sheet.cut)
        truth.add(path.name, sheet.person, first_line=2, record=sheet.record)

    def write_civil_affairs(
        self,
        register: Register,
        truth: Truth,
        *,
        asked: str | None,
        rates: ErrorRates,
        dice: Dice,
    ) -> None:
        """A spreadsheet a month, oldest first; Parquet where asked for or where a worksheet ends too soon."""
        sheets = make_civil_affairs(register, rates=rates, dice=dice)
        for sheet, day in zip(sheets, months_up_to(self.as_of, len(sheets)), strict=True):
            if asked == "parquet" or len(sheet) + _FORM_EXTRA_ROWS > self.xlsx_row_limit:
                path = self._path("civil_affairs", "parquet", len(sheet), day)
                write_parquet(path, sheet.columns)
                truth.add(path.name, sheet.person, first_line=1, record=sheet.record)
                continue
            path = self._path("civil_affairs", "xlsx", len(sheet), day)
            with self._spreadsheet():
                write_form_xlsx(
                    path,
                    sheet,
                    title=f"{self.region_name}社会救助对象花名册（{day.year}年{day.month}月）",
                    groups=HEADING_GROUPS,
                    totals=("保障人数", "月保障金额"),
                    as_of=day,
                )
            truth.add(path.name, sheet.person, first_line=FIRST_ROW_FORM, record=sheet.record)

    def write_rural_revitalization(
        self,
        register: Register,
        truth: Truth,
        *,
        asked: str | None,
        rates: ErrorRates,
        dice: Dice,
    ) -> None:
        """A spreadsheet, lines of JSON or Parquet, by what was asked for and the number of rows."""
        sheet = make_rural_revitalization(register, rates=rates, dice=dice)
        chosen = self.rural_format(sheet, asked)
        if chosen != "ndjson":
            # Only lines can have too few cells; what was meant for them is left out of the record.
            sheet = without_cuts(sheet)
        path = self._path("rural_revitalization", chosen, len(sheet))
        if chosen == "xlsx":
            with self._spreadsheet():
                write_plain_xlsx(path, sheet, as_of=self.as_of)
        elif chosen == "ndjson":
            write_ndjson(path, sheet.columns, len(sheet), cut=sheet.cut)
        else:
            write_parquet(path, sheet.columns)
        truth.add(path.name, sheet.person, first_line=FIRST_ROW_PLAIN if chosen == "xlsx" else 1, record=sheet.record)

    def rural_format(self, sheet: Sheet, asked: str | None) -> str:
        """The format of the rural file: the one asked for where it fits, else by the number of rows."""
        fits = len(sheet) + 1 <= self.xlsx_row_limit
        if asked is None:
            if not fits:
                return "parquet"
            return "xlsx" if len(sheet) <= _XLSX_COMFORT else "ndjson"
        return "parquet" if asked == "xlsx" and not fits else asked

    def write_market(self, register: Register, economy: Economy, referrals: Referrals, dice: Dice) -> None:
        """Openings, programmes, posts and what past offers came to."""
        vacancies, filled = fill_past(economy.past, referrals)
        past = replace(economy.past, vacancies=vacancies, filled=filled)
        old = opening_references(len(past), 1)
        new = opening_references(len(economy.openings), len(past) + 1)
        tables = [
            openings_table(economy.employers, register.employer_names, openings, references, dice)
            for openings, references in ((past, old), (economy.openings, new))
        ]
        openings: Columns = {heading: pa.concat_arrays([table[heading] for table in tables]) for heading in tables[0]}
        for feed, encoding, table in (
            ("openings", "utf-8", openings),
            ("programmes", "utf-8-sig", programmes_table(economy.programmes, dice)),
            ("posts", "utf-8-sig", posts_table(economy.posts)),
        ):
            rows = len(next(iter(table.values())))
            write_csv(self._path(feed, "csv", rows), table, rows, encoding=encoding)
        table = referrals_table(
            register,
            referrals,
            openings=old,
            programmes=programme_references(len(economy.programmes)),
            posts=post_references(len(economy.posts)),
        )
        write_ndjson(self._path("referrals", "ndjson.gz", len(referrals)), table, len(referrals), compress=True)


def without_cuts(sheet: Sheet) -> Sheet:
    """The sheet with no row cut short, in cells and record alike."""
    sheet.record.remove("broken_columns")
    return replace(sheet, cut=sheet.cut[:0])


def months_up_to(day: date, count: int) -> list[date]:
    """The first days of the ``count`` months that end with that of ``day``; the last is ``day`` itself."""
    serial = day.year * 12 + day.month - 1
    firsts = [date((serial - back) // 12, (serial - back) % 12 + 1, 1) for back in range(count - 1, 0, -1)]
    return [*firsts, day]
