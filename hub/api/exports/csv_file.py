"""CSV: one more column names the exporter and counts the rows, so that a file cut short shows it.

Source: RFC 4180, but for line ends, which are LF. Text is always in quotes, whatever it holds.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hub.api.exports.arrow import batch_of, schema_of
from hub.api.exports.sheet import FORMULA, Sheet

#: Heading of the column with the watermark and "row/rows".
MARK = "export_mark"
_OPTIONS = csv.WriteOptions(include_header=False)
#: Yunnan's clock has no summer time.
_MOMENT = "%Y-%m-%dT%H:%M:%S+08:00"


class CsvWriter:
    """Writes CSV."""

    def __init__(self, sheet: Sheet, encoding: str) -> None:
        self._sheet, self._encoding = sheet, encoding
        self._schema = schema_of(sheet.columns, {})
        self._mark = sheet.watermark.mark
        self._row = 0

    def begin(self) -> bytes:
        """The headings."""
        heads = ",".join('"' + heading.replace('"', '""') + '"' for heading in (*self._sheet.headings, MARK))
        return (codecs.BOM_UTF8 if self._encoding == "utf-8" else b"") + f"{heads}\n".encode(self._encoding)

    def add(self, rows: Sequence[Any]) -> bytes:
        """Rows, each with the mark behind it: ``<actor>-<day>-<request> <row>/<rows>``."""
        if not rows:
            return b""
        batch = batch_of(rows, self._schema)
        first, of = self._row + 1, self._sheet.rows
        self._row += len(rows)
        marks = pa.array([f"{self._mark} {number}/{of}" for number in range(first, self._row + 1)])
        names = [str(number) for number in range(batch.num_columns + 1)]
        shown = pa.table([*map(_shown, batch.columns), marks], names=names)
        outlet = io.BytesIO()
        csv.write_csv(shown, outlet, _OPTIONS)
        data = outlet.getvalue()
        return data if self._encoding == "utf-8" else data.decode().encode(self._encoding)

    def end(self) -> Iterator[bytes]:
        """Nothing: the last row says that it is the last."""
        return iter(())

    def close(self) -> None:
        """Nothing to leave behind."""


def _shown(values: pa.Array) -> pa.Array:
    """Values as a cell shows them: no text a formula, moments by Yunnan's clock to the second."""
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values.cast(pa.timestamp("s", tz="Asia/Shanghai"), safe=False), _MOMENT)
    if not pa.types.is_string(values.type):
        return values
    risky = pc.match_substring_regex(values, FORMULA)
    # Hardly ever is there one, and then the column is made anew.
    return pc.if_else(risky, pc.binary_join_element_wise("'", values, ""), values) if pc.any(risky).as_py() else values
