"""NDJSON and Parquet: records whose fields have names, so that no heading has to be looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from hub.intake.cells import cell_text, storable
from hub.intake.formats import open_whole
from hub.intake.refusal import FileRefused, Limits
from hub.intake.sheet import too_wide
from hub.intake.table import BrokenRow, Chunk, Head
from hub.intake.text import open_lines, read_encoding

CHUNK_ROWS: Final = 8_192
HEAD_LINES: Final = 1_000


class NdjsonTable:
    """One object a line. Inner objects become dotted keys; with ``rows_at`` every element of that array is a record."""

    def __init__(
        self, path: Path, *, gzipped: bool, encodings: Sequence[str], limits: Limits, rows_at: str = ""
    ) -> None:
        self._path, self._gzipped, self._limits, self._rows_at = path, gzipped, limits, rows_at
        self._encoding = read_encoding(path, encodings, gzipped=gzipped, limits=limits)

    def heads(self) -> list[Head]:
        """The keys of the first lines."""
        keys: dict[str, int] = {}
        with open_lines(self._path, self._encoding, gzipped=self._gzipped, limits=self._limits) as (lines, _):
            for line in islice(lines, HEAD_LINES):
                for record in parse_records(line, self._rows_at) or []:
                    self._add(keys, record)
        return [Head("", [list(keys)], [0])]

    def chunks(self, head: Head, *, after: int, width: int) -> Iterator[Chunk]:
        """Records; a key not seen before widens the headings from its chunk on."""
        del after, width
        size = max(1, self._path.stat().st_size)
        keys = {key: index for index, key in enumerate(head.rows[0])}
        with open_lines(self._path, self._encoding, gzipped=self._gzipped, limits=self._limits) as (lines, text):
            numbered = enumerate(lines, start=1)
            while block := list(islice(numbered, CHUNK_ROWS)):
                broken, records = [], []
                for number, line in block:
                    found = parse_records(line, self._rows_at)
                    if found is None:
                        broken.append(BrokenRow(number, "line_unreadable", [storable(line.rstrip("\r\n"))]))
                        continue
                    for record in found:
                        self._add(keys, record)
                        records.append((number, record))
                yield Chunk(
                    tuple(keys),
                    [number for number, _ in records],
                    [[record.get(key, "") for key in keys] for _, record in records],
                    broken,
                    text.position() / size,
                )

    def _add(self, keys: dict[str, int], record: dict[str, str]) -> None:
        for key in record:
            if key not in keys:
                keys[key] = len(keys)
        if len(keys) > self._limits.columns:
            raise too_wide(self._limits.columns)


def parse_records(line: str, rows_at: str) -> list[dict[str, str]] | None:
    """The records of one line, each from dotted key to text; None when the line is no such object."""
    if not line.strip("\ufeff \t\r\n"):
        return []
    try:
        # Numbers stay as they are written: a double would lose the last digits of a long one.
        value = json.loads(line.lstrip("\ufeff"), parse_int=str, parse_float=str, parse_constant=lambda _: "")
        if not isinstance(value, dict):
            return None
        if not rows_at:
            return [_flatten(value)]
        outer = value
        *path, last = rows_at.split(".")
        for key in path:
            outer = outer[key]
        elements = outer.pop(last)
        base = _flatten(value)
        return [base | _flatten(element, f"{rows_at}.") for element in elements]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _flatten(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, item in value.items():
        name = storable(f"{prefix}{key}")
        if isinstance(item, dict):
            flat |= _flatten(item, f"{name}.")
        else:
            flat[name] = cell_text(item)
    return flat


class ParquetTable:
    """Columns by name; lines are records counted from 1."""

    def __init__(self, path: Path, *, gzipped: bool, limits: Limits) -> None:
        self._path, self._gzipped, self._limits = path, gzipped, limits

    def heads(self) -> list[Head]:
        """The columns' names."""
        with self._open() as file:
            names = [storable(name) for name in file.schema_arrow.names]
        if len(names) > self._limits.columns:
            raise too_wide(self._limits.columns)
        return [Head("", [names], [0])]

    def chunks(self, head: Head, *, after: int, width: int) -> Iterator[Chunk]:
        """Records in the file's order."""
        del after, width
        with self._open() as file:
            line, total = 1, max(1, file.metadata.num_rows)
            try:
                for batch in file.iter_batches(batch_size=CHUNK_ROWS):
                    columns = [[cell_text(cell) for cell in column.to_pylist()] for column in batch.columns]
                    rows = [list(row) for row in zip(*columns, strict=True)]
                    lines = list(range(line, line + len(rows)))
                    line += len(rows)
                    yield Chunk(tuple(head.rows[0]), lines, rows, done=(line - 1) / total)
            except (pa.ArrowException, OSError) as error:
                raise _broken(error) from error

    @contextmanager
    def _open(self) -> Iterator[Any]:
        with open_whole(self._path, gzipped=self._gzipped, limits=self._limits) as source:
            try:
                file = pq.ParquetFile(source)
            except (pa.ArrowException, OSError) as error:
                raise _broken(error) from error
            if sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)) > (
                self._limits.unpacked_bytes
            ):
                raise FileRefused(
                    "file_too_large", "Unpacked the file is too large.", hint="Send it in parts by region."
                )
            with file:
                yield file


def _broken(error: Exception) -> FileRefused:
    return FileRefused("file_broken", f"The Parquet file is damaged ({type(error).__name__}).", hint="Write it again.")
