"""Rows as Arrow columns: what CSV and Parquet are both made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from hub.query.rows import Column

_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "json": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="Asia/Shanghai"),
}


def schema_of(columns: Sequence[Column], notes: dict[str, str]) -> pa.Schema:
    """Typed columns with their names in both languages."""
    fields = [
        pa.field(column.path, _TYPES[column.type], metadata={"zh": column.zh, "en": column.en}) for column in columns
    ]
    return pa.schema(fields, metadata=notes)


def batch_of(rows: Sequence[Any], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as asyncpg gives them, of shape (n_rows, at least n_columns)."""
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=False)]
    return pa.record_batch(arrays, schema=schema)
