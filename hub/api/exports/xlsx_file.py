"""XLSX: text stays text, days are days, nothing is a formula; a second sheet explains columns and names the exporter.

A workbook is a zip whose directory comes last, so it is made whole in a private folder before its first byte leaves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from hub.api.exports.sheet import Sheet
from hub.clock import ZONE
from hub.errors import LimitExceeded

#: Rows of a worksheet, but for the heading.
MOST_ROWS: Final = 1_048_575
_MAX_CELL: Final = 32_767
_MAX_COLUMNS: Final = 16_384
_PIECE: Final = 1 << 18
#: Excel's calendar begins here; what is older stays text.
_FIRST_DAY: Final = date(1900, 3, 1)
_WIDTHS: Final = {"date": 12, "datetime": 20, "int": 10, "float": 12, "bool": 8}


class XlsxWriter:
    """Writes a workbook.

    Parameters
    ----------
    folder
        Where the unfinished file lies, in a folder of its own that others cannot read.
    """

    def __init__(self, sheet: Sheet, folder: Path) -> None:
        if len(sheet.columns) > _MAX_COLUMNS:
            raise LimitExceeded(
                "export_too_wide", f"A worksheet has {_MAX_COLUMNS} columns.", hint="Ask for Parquet, or for fewer."
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._sheet = sheet
        self._folder = tempfile.TemporaryDirectory(dir=folder)
        self._path = Path(self._folder.name) / "export.xlsx"
        options = {
            "constant_memory": True,
            "tmpdir": self._folder.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(self._path, options)
        self._formats = {
            "text": self._book.add_format({"num_format": "@"}),
            "date": self._book.add_format({"num_format": "yyyy-mm-dd"}),
            "datetime": self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "heading": self._book.add_format({"num_format": "@", "bold": True, "text_wrap": True, "bottom": 1}),
        }
        self._rows = self._book.add_worksheet("数据")
        self._row = 0
        self._put: list[Callable[[int, int, Any], object]] = [
            _PUT.get(column.type, XlsxWriter._text).__get__(self) for column in sheet.columns
        ]

    def begin(self) -> bytes:
        """Headings, frozen, with a filter; the watermark in the header and footer of each printed page."""
        sheet, page = self._sheet, self._rows
        lines = "  ".join(f"{zh}：{value}" for _, zh, value in sheet.watermark.lines())
        told = lines.replace("&", "&&")[:240]
        page.set_header(f"&C云桥 Yunqiao {sheet.entity}")
        page.set_footer(f"&L&8{told}&R&P/&N")
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(sheet.rows, 1), len(sheet.columns) - 1)
        self._book.set_properties(
            {
                "title": f"云桥导出 {sheet.entity}",
                "author": sheet.watermark.lines()[0][2],
                "comments": lines,
                "company": "Yunqiao 云桥",
                "created": sheet.watermark.exported_at.astimezone(ZONE).replace(tzinfo=None),
            }
        )
        for key, value in sheet.notes().items():
            self._book.set_custom_property(key, value[:255], "text")
        for number, (heading, column) in enumerate(zip(sheet.headings, sheet.columns, strict=True)):
            width = _WIDTHS.get(column.type, 18)
            page.set_column(number, number, width, self._formats.get(column.type, self._formats["text"]))
            page.write_string(0, number, heading, self._formats["heading"])
        return b""

    def add(self, rows: Sequence[Any]) -> bytes:
        """Rows; no byte of the file is there before its end."""
        for row in rows:
            self._row += 1
            for number, put in enumerate(self._put):
                value = row[number]
                if value is not None:
                    put(self._row, number, value)
        return b""

    def end(self) -> Iterator[bytes]:
        """The whole file."""
        self._write_notes()
        self._book.close()
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def close(self) -> None:
        """Remove the file, finished or not."""
        for page in self._book.worksheets():
            # Rows wait in a file of xlsxwriter's own, which only a finished workbook closes.
            if page.row_data_fh is not None and not page.row_data_fh.closed:
                page.row_data_fh.close()
        self._folder.cleanup()

    def _write_notes(self) -> None:
        page = self._book.add_worksheet("说明 Notes")
        page.set_column(0, 3, 28)
        text, heading = self._formats["text"], self._formats["heading"]
        lines: list[tuple[str, ...]] = [(zh, key, value) for key, zh, value in self._sheet.watermark.lines()]
        lines.append(("行数", "rows", str(self._sheet.rows)))
        table = [*lines, (), ("列", "Field", "English", "可见性 Access")]
        seen: dict[str, str] = {}
        for item in self._sheet.withheld:
            seen[item.path] = f"{_ACCESS[item.access]}: {item.reason}"
        named = zip(self._sheet.headings, self._sheet.columns, strict=True)
        table += [(title, column.path, column.en, seen.pop(column.path, "")) for title, column in named]
        # What was asked for and is no column at all.
        table += [("—", path, "", said) for path, said in seen.items()]
        for number, line in enumerate(table):
            for place, cell in enumerate(line):
                page.write_string(number, place, cell[:_MAX_CELL], heading if line[0] == "列" else text)

    def _text(self, row: int, column: int, value: str) -> None:
        if len(value) > _MAX_CELL:
            raise LimitExceeded(
                "export_cell_too_long", f"A cell of a worksheet has {_MAX_CELL} characters.", hint="Ask for Parquet."
            )
        self._rows.write_string(row, column, value, self._formats["text"])

    def _number(self, row: int, column: int, value: float) -> None:
        # A double holds fifteen digits; longer whole numbers would be rounded.
        if abs(value) >= 10**15:
            self._text(row, column, str(value))
        else:
            self._rows.write_number(row, column, value)

    def _boolean(self, row: int, column: int, value: bool) -> None:
        self._rows.write_boolean(row, column, value)

    def _date(self, row: int, column: int, value: date) -> None:
        if value < _FIRST_DAY:
            self._text(row, column, value.isoformat())
        else:
            self._rows.write_datetime(row, column, value, self._formats["date"])

    def _datetime(self, row: int, column: int, value: datetime) -> None:
        here = value.astimezone(ZONE).replace(tzinfo=None)
        if here.date() < _FIRST_DAY:
            self._text(row, column, here.isoformat())
        else:
            self._rows.write_datetime(row, column, here, self._formats["datetime"])


_ACCESS: Final = {"withheld": "不提供 withheld", "masked": "脱敏 masked", "varies": "逐行 by row"}
_PUT: Final[dict[str, Any]] = {
    "int": XlsxWriter._number,
    "float": XlsxWriter._number,
    "bool": XlsxWriter._boolean,
    "date": XlsxWriter._date,
    "datetime": XlsxWriter._datetime,
}
