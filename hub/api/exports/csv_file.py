"""CSV: RFC 4180, one more column that names the exporter and counts the rows, so that a file cut short shows it."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hub.api.exports.sheet import Sheet, harmless
from hub.clock import ZONE

#: Heading of the column with the watermark and "row/rows".
MARK = "export_mark"


class CsvWriter:
    """Writes CSV."""

    def __init__(self, sheet: Sheet, encoding: str) -> None:
        self._sheet, self._encoding = sheet, encoding
        self._text = io.StringIO()
        self._csv = csv.writer(self._text, lineterminator="\r\n")
        self._show = [_SHOW.get(column.type, _as_it_is) for column in sheet.columns]
        self._mark = sheet.watermark.mark
        self._row = 0

    def begin(self) -> bytes:
        """The headings."""
        self._csv.writerow([*self._sheet.headings, MARK])
        return (codecs.BOM_UTF8 if self._encoding == "utf-8" else b"") + self._taken()

    def add(self, rows: Sequence[Any]) -> bytes:
        """Rows, each with the mark behind it: ``<actor>-<day>-<request> <row>/<rows>``."""
        of = self._sheet.rows
        last = len(self._show)
        for number, row in enumerate(rows, start=self._row + 1):
            cells: list[object] = [
                "" if value is None else show(value) for show, value in zip(self._show, row[:last], strict=True)
            ]
            cells.append(f"{self._mark} {number}/{of}")
            self._csv.writerow(cells)
        self._row += len(rows)
        return self._taken()

    def end(self) -> Iterator[bytes]:
        """Nothing: the last row says that it is the last."""
        return iter(())

    def close(self) -> None:
        """Nothing to leave behind."""

    def _taken(self) -> bytes:
        data = self._text.getvalue().encode(self._encoding)
        self._text.seek(0)
        self._text.truncate()
        return data


def _as_it_is(value: Any) -> object:
    return value


_SHOW: dict[str, Callable[[Any], object]] = {
    "id": harmless,
    "text": harmless,
    "json": harmless,
    "bool": lambda value: "true" if value else "false",
    "date": lambda value: value.isoformat(),
    "datetime": lambda value: value.astimezone(ZONE).isoformat(timespec="seconds"),
}
