"""Parquet: typed columns, the watermark and all notes as metadata. Without its footer the file cannot be read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hub.api.exports.arrow import batch_of, schema_of
from hub.api.exports.sheet import Sheet

#: Rows of a row group: fewer compress badly, more hold memory.
_GROUP = 20_000


class _Outlet(io.RawIOBase):
    """A file that is written once through and taken away piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


class ParquetWriter:
    """Writes Parquet."""

    def __init__(self, sheet: Sheet) -> None:
        self._schema = schema_of(sheet.columns, sheet.notes())
        self._outlet = _Outlet()
        self._file = pq.ParquetWriter(self._outlet, self._schema, compression="zstd")
        self._held: list[pa.RecordBatch] = []
        self._rows = 0

    def begin(self) -> bytes:
        """Parquet's magic number."""
        return self._outlet.taken()

    def add(self, rows: Sequence[Any]) -> bytes:
        """Rows; bytes come with every whole row group."""
        if not rows:
            return b""
        self._held.append(batch_of(rows, self._schema))
        self._rows += len(rows)
        if self._rows >= _GROUP:
            self._flush()
        return self._outlet.taken()

    def end(self) -> Iterator[bytes]:
        """The last row group and the footer."""
        if self._rows:
            self._flush()
        self._file.close()
        yield self._outlet.taken()

    def close(self) -> None:
        """Let go of what is held."""
        self._held.clear()
        if self._file.is_open:
            self._file.close()
        self._outlet.taken()

    def _flush(self) -> None:
        self._file.write_table(pa.Table.from_batches(self._held, schema=self._schema))
        self._held.clear()
        self._rows = 0
