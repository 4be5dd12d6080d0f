"""Any text, through each format and back."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from hub.access.actor import Actor
from hub.api.exports.csv_file import CsvWriter
from hub.api.exports.parquet_file import ParquetWriter
from hub.api.exports.sheet import Sheet, SheetWriter, Watermark
from hub.api.exports.xlsx_file import XlsxWriter
from hub.clock import ZONE
from hub.errors import LimitExceeded
from hub.query.rows import Column

ACTOR = Actor(7, "station", "某站", None, "530627001000", None, None, ("employment_service",))
#: What PostgreSQL can hold: no NUL, no half characters.
SIGNS = "=+-@＝＋－＠"
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
RISKY = st.builds(lambda head, tail: head + tail, st.text(" \t\r\n=+-@＝＋－＠\ufeff\u3000'\"|", max_size=4), TEXTS)


def sheet_of(rows: int, *types: str) -> Sheet:
    columns = tuple(Column(f"c{n}", kind, f"列{n}", f"Column {n}") for n, kind in enumerate(types))  # type: ignore[arg-type]  # of FieldType
    watermark = Watermark(ACTOR, "employment_service", uuid.UUID(int=1), datetime(2026, 6, 15, tzinfo=ZONE))
    return Sheet("person", columns, (), watermark, rows)


def written(writer: SheetWriter, rows: list[tuple[object, ...]]) -> bytes:
    try:
        return writer.begin() + writer.add(rows) + b"".join(writer.end())
    finally:
        writer.close()


@settings(deadline=None)
@given(TEXTS)
def test_what_is_no_formula_is_left_alone(value: str) -> None:
    if value and not any(sign in value for sign in SIGNS + "\t\r\n"):
        data = written(CsvWriter(sheet_of(1, "text"), "utf-8"), [(value,)])
        assert list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1][0] == value


@settings(deadline=None)
@given(st.lists(st.tuples(RISKY, RISKY), max_size=5), st.sampled_from(["utf-8", "gb18030"]))
def test_csv_gives_back_the_text_and_no_cell_is_a_formula(rows: list[tuple[str, str]], encoding: str) -> None:
    data = written(CsvWriter(sheet_of(len(rows), "text", "text"), encoding), list(rows))
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    _, *read = csv.reader(io.StringIO(text, newline=""))
    assert len(read) == len(rows)
    for row, (*cells, mark) in zip(rows, read, strict=True):
        assert mark.startswith("7-20260615-00000000 ")
        for value, cell in zip(row, cells, strict=True):
            bare = value.lstrip(" \t\r\n\x0b\x0c\u3000\ufeff")
            risky = bare.startswith(tuple(SIGNS)) or value.startswith(("\t", "\r", "\n"))
            assert cell in (value, "'" + value)
            assert not risky or cell == "'" + value
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


@settings(deadline=None)
@given(st.lists(st.tuples(RISKY), max_size=5))
def test_parquet_gives_back_the_text(rows: list[tuple[str]]) -> None:
    data = written(ParquetWriter(sheet_of(len(rows), "text")), list(rows))
    assert pq.read_table(io.BytesIO(data)).column("c0").to_pylist() == [row[0] for row in rows]


@settings(deadline=None)
@given(st.text(st.characters(codec="gb18030", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_a_workbook_gives_back_the_text(value: str) -> None:
    with TemporaryDirectory() as folder:
        data = written(XlsxWriter(sheet_of(1, "text", "text"), Path(folder)), [(value, "x")])
    read = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert read[1] == [value, "x"]


def test_what_a_worksheet_cannot_hold() -> None:
    with TemporaryDirectory() as folder:
        with pytest.raises(LimitExceeded, match="export_cell_too_long"):
            written(XlsxWriter(sheet_of(1, "text"), Path(folder)), [("a" * 32_768,)])
        with pytest.raises(LimitExceeded, match="export_too_wide"):
            XlsxWriter(sheet_of(1, *["int"] * 16_385), Path(folder))
        data = written(XlsxWriter(sheet_of(1, "int", "text"), Path(folder)), [(123456789012345678, "a")])
        assert not list(Path(folder).iterdir())
    read = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert read[1][0] == "123456789012345678", "Excel would round it"


def test_a_parquet_file_cut_short_cannot_be_read() -> None:
    writer = ParquetWriter(sheet_of(2, "text"))
    data = writer.begin() + writer.add([("a",), ("b",)])
    writer.close()
    with pytest.raises(Exception, match=r"(?i)parquet"):
        pq.read_table(io.BytesIO(data))
