"""XLSX and XLS workbooks through calamine. Lines are worksheet rows; merged cells hold their value on every row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import python_calamine as calamine

from hub.intake.cells import cell_text
from hub.intake.formats import check_workbook, open_whole
from hub.intake.refusal import FileRefused, Limits
from hub.intake.table import BrokenRow, Chunk, Head, fit

CHUNK_ROWS: Final = 8_192
HEAD_ROWS: Final = 80
#: Name of the stream that holds an encrypted workbook, as the compound file's directory writes it.
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_DIRECTORY_BYTES: Final = 1 << 24


class SheetTable:
    """A workbook; every visible worksheet with something in it is a head."""

    def __init__(self, path: Path, *, format: str, gzipped: bool, limits: Limits) -> None:  # noqa: A002  # its name
        self._path, self._format, self._gzipped, self._limits = path, format, gzipped, limits
        self._only: tuple[str, Any] | None = None  # a lone worksheet stays in memory: loading it is most of the work

    def heads(self) -> list[Head]:
        """The visible worksheets, merged cells filled in both directions."""
        heads, loaded = [], []
        with self._open() as book:
            for sheet in book.sheets_metadata:
                if sheet.visible != calamine.SheetVisibleEnum.Visible or sheet.typ != calamine.SheetTypeEnum.WorkSheet:
                    continue
                content = book.get_sheet_by_name(sheet.name)
                if content.width > self._limits.columns:
                    raise too_wide(self._limits.columns)
                rows = [[cell_text(cell) for cell in row] for row in islice(content.iter_rows(), HEAD_ROWS)]
                if rows:
                    _fill_block(rows, _merges(content))
                    heads.append(Head(f"worksheet {sheet.name}", rows, list(range(1, len(rows) + 1)), sheet.name))
                    loaded = [(sheet.name, content)]
        self._only = loaded[0] if len(heads) == 1 else None
        return heads

    def chunks(self, head: Head, *, after: int, width: int) -> Iterator[Chunk]:
        """Records below row ``after``."""
        sheet = self._sheet(head.key)
        fill = _FillDown(_merges(sheet))
        height = max(1, sheet.total_height)
        rows = enumerate(sheet.iter_rows(), start=1)
        for number, row in islice(rows, after):
            fill.row(number, [cell_text(cell) for cell in row])
        while block := list(islice(rows, CHUNK_ROWS)):
            chunk = Chunk((), done=min(1.0, block[-1][0] / height))
            for number, row in block:
                cells = [cell if type(cell) is str and cell.isprintable() else cell_text(cell) for cell in row]
                fill.row(number, cells)
                if fit(cells, width):
                    chunk.lines.append(number)
                    chunk.rows.append(cells)
                elif any(cell.strip() for cell in cells):
                    chunk.broken.append(BrokenRow(number, "row_width", cells))
            yield chunk

    def _sheet(self, name: str) -> Any:
        if self._only is not None and self._only[0] == name:
            return self._only[1]
        with self._open() as book:
            return book.get_sheet_by_name(name)

    @contextmanager
    def _open(self) -> Iterator[calamine.CalamineWorkbook]:
        with open_whole(self._path, gzipped=self._gzipped, limits=self._limits) as file:
            if self._format == "xlsx":
                check_workbook(file, self._limits)
            try:
                book = calamine.CalamineWorkbook.from_filelike(file)
            except calamine.CalamineError as error:
                raise _unreadable(file, error) from error
            with book:
                yield book


def _unreadable(file: BinaryIO, error: Exception) -> FileRefused:
    # calamine tells a protected workbook from a damaged one only when it is given a path that ends in .xlsx.
    file.seek(0)
    if isinstance(error, calamine.PasswordError) or _ENCRYPTED in file.read(_DIRECTORY_BYTES):
        return FileRefused("file_locked", "The workbook is protected by a password.", hint="Save it without one.")
    return FileRefused(
        "file_broken",
        f"The workbook cannot be read ({type(error).__name__}).",
        hint="Save it again as XLSX, without a password.",
    )


def too_wide(limit: int) -> FileRefused:
    """The refusal of a table with more than ``limit`` columns."""
    return FileRefused(
        "too_many_columns", f"The table has more than {limit} columns.", hint="Clear formatted but empty columns."
    )


#: first row, last row (1-based worksheet rows), first column, last column (0-based, of the rows as calamine gives them)
_Merge = tuple[int, int, int, int]


def _merges(sheet: Any) -> list[_Merge]:
    # Rows come from the first used column on, merged ranges count from column A.
    left = sheet.start[1] if sheet.start else 0
    return [
        (first[0] + 1, last[0] + 1, max(0, first[1] - left), last[1] - left)
        for first, last in sheet.merged_cell_ranges or []
        if last[1] >= left
    ]


def _fill_block(rows: list[list[str]], merges: list[_Merge]) -> None:
    for top, bottom, left, right in merges:
        if top <= len(rows):
            value = rows[top - 1][left] if left < len(rows[top - 1]) else ""
            for row in rows[top - 1 : bottom]:
                row[left : right + 1] = [value] * (min(right + 1, len(row)) - left)


class _FillDown:
    """Gives the rows below the first of a merged range its value. Sideways nothing is filled: a note is no data."""

    def __init__(self, merges: list[_Merge]) -> None:
        self._starts: dict[int, list[tuple[int, int, int]]] = {}
        for top, bottom, left, right in merges:
            if bottom > top:
                self._starts.setdefault(top, []).append((bottom, left, right))
        self._open: dict[int, tuple[int, str]] = {}

    def row(self, number: int, cells: list[str]) -> None:
        if self._open:
            for column, (bottom, value) in list(self._open.items()):
                if number > bottom:
                    del self._open[column]
                elif not cells[column]:
                    cells[column] = value
        for bottom, left, right in self._starts.get(number, ()):
            for column in range(left, min(right + 1, len(cells))):
                self._open[column] = (bottom, cells[column])
