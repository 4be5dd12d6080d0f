"""Text formats, a block of rows at a time: CSV, NDJSON, Parquet."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simulate.marginals import Int

_BLOCK_ROWS = 50_000
_SPECIAL = '["\\\\\\x00-\\x1f]'
Columns = dict[str, pa.Array]


def _blocks(columns: Columns, rows: int) -> Iterator[tuple[int, Columns]]:
    for start in range(0, rows, _BLOCK_ROWS):
        yield start, {heading: column.slice(start, _BLOCK_ROWS) for heading, column in columns.items()}


def _lines(cells: list[pa.Array], separator: str) -> list[str]:
    filled = [pc.fill_null(cell.cast(pa.string()), "") for cell in cells]
    return list(pc.binary_join_element_wise(*filled, separator).to_pylist())


def write_csv(
    path: Path, columns: Columns, rows: int, *, encoding: str = "utf-8", cut: Int | None = None, newline: str = "\r\n"
) -> None:
    """CSV with a heading line; rows in ``cut`` lack two cells or have one too many.

    Raises
    ------
    ValueError
        When a cell holds a comma, a quote or a line break: no column of ours does.
    """
    broken = set() if cut is None else set(cut.tolist())
    with path.open("wb") as file:
        file.write((",".join(columns) + newline).encode(encoding))
        for start, block in _blocks(columns, rows):
            for heading, column in block.items():
                if pa.types.is_string(column.type) and pc.any(pc.match_substring_regex(column, '[",\r\n]')).as_py():
                    raise ValueError(f"a cell of {heading} would need quoting")
            lines = _lines(list(block.values()), ",")
            for row in broken.intersection(range(start, start + len(lines))):
                lines[row - start] = _miscount(lines[row - start], row)
            file.write((newline.join(lines) + newline).encode(_plain(encoding)))


def _plain(encoding: str) -> str:
    """The encoding without its byte-order mark, which stands once at the top of a file."""
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _miscount(line: str, row: int) -> str:
    cells = line.split(",")
    return ",".join(cells[:-2] if row % 2 else [*cells[:3], "", *cells[3:]])


def write_ndjson(path: Path, columns: Columns, rows: int, *, cut: Int | None = None, compress: bool = False) -> None:
    """One JSON object a line, empty cells left out; lines in ``cut`` break off in the middle.

    Compressed files name no time and no file name, so that the same rows are the same bytes.
    """
    broken = set() if cut is None else set(cut.tolist())
    with path.open("wb") as file:
        if compress:
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=4, mtime=0) as packed:
                _write_objects(packed, columns, rows, broken)
        else:
            _write_objects(file, columns, rows, broken)


def _write_objects(file: BinaryIO | gzip.GzipFile, columns: Columns, rows: int, broken: set[int]) -> None:
    for start, block in _blocks(columns, rows):
        members = [_member(heading, column) for heading, column in block.items()]
        # Empty cells are left out, commas with them.
        joined = pc.binary_join_element_wise(*members, ",", null_handling="skip")
        lines = pc.binary_join_element_wise("{", joined, "}", "").to_pylist()
        for row in broken.intersection(range(start, start + len(lines))):
            lines[row - start] = lines[row - start][: len(lines[row - start]) // 2]
        buffer = io.StringIO()
        buffer.write("\n".join(lines))
        buffer.write("\n")
        file.write(buffer.getvalue().encode())


def _member(heading: str, column: pa.Array) -> pa.Array:
    key = json.dumps(heading, ensure_ascii=False) + ":"
    if not pa.types.is_string(column.type):
        return pc.binary_join_element_wise(key, column.cast(pa.string()), "")
    if pc.any(pc.match_substring_regex(column, _SPECIAL)).as_py():
        quoted = [None if text is None else json.dumps(text, ensure_ascii=False) for text in column.to_pylist()]
        return pc.binary_join_element_wise(key, pa.array(quoted, type=pa.string()), "")
    return pc.binary_join_element_wise(key + '"', column, '"', "")


def write_parquet(path: Path, columns: Columns) -> None:
    """Parquet, typed, compressed; the same rows are the same bytes."""
    pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=100_000)


def rows_of(columns: Columns) -> int:
    """Rows of a set of columns."""
    return len(next(iter(columns.values()))) if columns else 0
