"""One door to all formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hub.intake.formats import FileKind
from hub.intake.objects import NdjsonTable, ParquetTable
from hub.intake.refusal import Limits
from hub.intake.sheet import SheetTable
from hub.intake.table import Table
from hub.intake.text import CsvTable


def open_table(path: Path, kind: FileKind, *, encodings: Sequence[str], rows_at: str, limits: Limits) -> Table:
    """The file as a table.

    Raises
    ------
    FileRefused
        The file cannot be read at all.
    """
    if kind.format == "csv":
        return CsvTable(path, gzipped=kind.gzipped, encodings=encodings, limits=limits)
    if kind.format == "ndjson":
        return NdjsonTable(path, gzipped=kind.gzipped, encodings=encodings, limits=limits, rows_at=rows_at)
    if kind.format == "parquet":
        return ParquetTable(path, gzipped=kind.gzipped, limits=limits)
    return SheetTable(path, format=kind.format, gzipped=kind.gzipped, limits=limits)
