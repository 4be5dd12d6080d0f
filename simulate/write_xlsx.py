"""Spreadsheets as offices keep them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter

from simulate.sheet import Sheet

#: Rows that a worksheet of the format can hold, headings included.
XLSX_ROW_LIMIT = 1_048_576
#: First data row, 1-based, below one line of headings and below a title and two of them.
FIRST_ROW_PLAIN, FIRST_ROW_FORM = 2, 4
_BLOCK_ROWS = 20_000


def _open(path: Path, as_of: date, *, by_row: bool) -> Any:
    """A workbook that is the same bytes for the same rows: its times are the day of the simulation."""
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": by_row, "strings_to_numbers": False, "strings_to_urls": False}
    )
    book.set_properties({"author": "", "created": datetime(as_of.year, as_of.month, as_of.day)})  # noqa: DTZ001  # the format has no time zone
    return book


def write_plain_xlsx(path: Path, sheet: Sheet, *, as_of: date) -> None:
    """One line of headings, then the rows; written row by row in constant memory."""
    book = _open(path, as_of, by_row=True)
    page = book.add_worksheet("Sheet1")
    page.write_row(0, 0, list(sheet.columns))
    for start in range(0, len(sheet), _BLOCK_ROWS):
        cells = [_cells(sheet, heading, start) for heading in sheet.columns]
        for row, values in enumerate(zip(*cells, strict=True), start=start + 1):
            for column, value in enumerate(values):
                if value is None:
                    continue
                if isinstance(value, str):
                    page.write_string(row, column, value)
                else:
                    page.write_number(row, column, value)
    book.close()


def _cells(sheet: Sheet, heading: str, start: int) -> list[Any]:
    values: list[Any] = sheet.columns[heading].slice(start, _BLOCK_ROWS).to_pylist()
    as_number = sheet.number_cells.get(heading)
    if as_number is not None:
        for at in np.flatnonzero(as_number[start : start + _BLOCK_ROWS]).tolist():
            # A number typed into a cell loses the zeros in front, and what fifteen digits cannot hold.
            values[at] = None if values[at] is None else _as_number(values[at])
    return values


def _as_number(text: str) -> float | str:
    return float(text) if text.isascii() and text.isdigit() else text


def write_form_xlsx(
    path: Path, sheet: Sheet, *, title: str, groups: Sequence[tuple[str, int, int]], totals: Sequence[str], as_of: date
) -> None:
    """A form: title row, headings over two merged lines, household cells merged over members, 合计 row, footer.

    Parameters
    ----------
    groups
        Words of the upper heading line with the first and last column they span; columns in none are merged downwards.
    totals
        Headings whose households are added up in the 合计 row.
    """
    book = _open(path, as_of, by_row=False)
    page = book.add_worksheet("救助对象名册")
    centre = book.add_format({"align": "center", "valign": "vcenter"})
    headings = list(sheet.columns)
    page.merge_range(0, 0, 0, len(headings) - 1, title, centre)
    grouped: set[int] = set()
    for words, first, last in groups:
        page.merge_range(1, first, 1, last, words, centre)
        grouped.update(range(first, last + 1))
    for column, heading in enumerate(headings):
        if column in grouped:
            page.write_string(2, column, heading, centre)
        else:
            page.merge_range(1, column, 2, column, heading, centre)
    starts = np.flatnonzero(np.diff(sheet.group, prepend=-1))
    edges = [*starts.tolist(), len(sheet)]
    sums: dict[str, int] = {}
    for column, heading in enumerate(headings):
        values = [value for start in range(0, len(sheet), _BLOCK_ROWS) for value in _cells(sheet, heading, start)]
        if heading in sheet.merged:
            if heading in totals:
                sums[heading] = sum(values[first] or 0 for first in edges[:-1])
            for first, end in pairwise(edges):
                _write(page, first + 3, column, values[first], last_row=end + 2)
        else:
            for row, value in enumerate(values, start=3):
                _write(page, row, column, value, last_row=row)
    bottom = len(sheet) + 3
    page.write_string(bottom, 0, "合计")
    page.write_string(bottom, 1, f"{len(edges) - 1}户")
    for heading, total in sums.items():
        page.write_number(bottom, headings.index(heading), total)
    page.write_string(
        bottom + 1, 0, f"填表人：（签章）    审核人：（签章）    填表日期：{as_of.year}年{as_of.month}月{as_of.day}日"
    )
    book.close()


def _write(page: Any, row: int, column: int, value: Any, *, last_row: int) -> None:
    if last_row > row:
        # Without a format the cells under a merged one are not written at all, which halves the time.
        page.merge_range(row, column, last_row, column, "" if value is None else value)
    elif isinstance(value, str):
        page.write_string(row, column, value)
    elif value is not None:
        page.write_number(row, column, value)
