"""Files of every format → rows, each with the line it stands on."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from hub.intake import text as text_module
from hub.intake.formats import read_kind
from hub.intake.headings import Match, choose_match, find_headings, join_headings, match_columns
from hub.intake.objects import parse_records
from hub.intake.read import open_table
from hub.intake.refusal import FileRefused, Limits
from hub.intake.sheet import SheetTable
from hub.intake.table import BrokenRow, Chunk
from hub.intake.text import split_lines
from schema.feeds import Layout, load_layouts, parse_layout

LAYOUT = parse_layout(
    """
name = "small"
entity = "person"
department = "small"
heading_rows = 3
required_headings = ["name"]
record_key = [["name"]]
[fields.name]
headings = ["姓名", "成员/姓名"]
[fields.phone]
headings = ["电话", "手机"]
[fields.head_name]
headings = ["户主/姓名"]
[fields.living_address]
headings = ["地址"]
""",
    source="small.toml",
)
HEADINGS = "姓名,电话,地址\n"


def read(
    path: Path, *, limits: Limits | None = None, layout: Layout = LAYOUT
) -> tuple[Match, list[tuple[int, list[str]]], list[BrokenRow]]:
    """All rows of a file with their lines, and the broken ones."""
    table = open_table(
        path, read_kind(path), encodings=layout.encodings, rows_at=layout.rows_at, limits=limits or Limits()
    )
    match = choose_match(layout, table.heads())
    chunks: list[Chunk] = list(table.chunks(match.head, after=match.after, width=len(match.headings)))
    rows = [pair for chunk in chunks for pair in zip(chunk.lines, chunk.rows, strict=True)]
    return match, rows, [row for chunk in chunks for row in chunk.broken]


def refused(path: Path, *, limits: Limits | None = None) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(path, limits=limits)
    assert caught.value.hint
    return caught.value


def put(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


# -- formats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
def test_csv_in_each_encoding_gzipped_or_not_whatever_its_name(tmp_path: Path, encoding: str, packed: bool) -> None:
    content = (HEADINGS + "李𠮷㑇䶮,1,泼机镇\r\n").encode(encoding)
    path = put(tmp_path / "a.xlsx", gzip.compress(content) if packed else content)
    _, rows, broken = read(path)
    assert rows == [(2, ["李𠮷㑇䶮", "1", "泼机镇"])]
    assert not broken


def test_unicode_text_as_excel_saves_it_and_other_delimiters(tmp_path: Path) -> None:
    layout = parse_layout(LAYOUT_WITH_UTF16, source="x.toml")
    path = put(tmp_path / "a.txt", "姓名\t电话\n甲\t1,5\n", "utf-16")
    assert read(path, layout=layout)[1] == [(2, ["甲", "1,5"])]
    path = put(tmp_path / "b.csv", "姓名;电话\n甲;1,5\n")
    assert read(path)[1] == [(2, ["甲", "1,5"])]


LAYOUT_WITH_UTF16 = """
encodings = ["utf-8", "utf-16"]
name = "x"
entity = "person"
department = "x"
record_key = [["name"]]
[fields.name]
headings = ["姓名"]
required = true
"""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\xef\xbb\xbf\r\n", "file_empty"),
        (gzip.compress(b""), "file_empty"),
        (gzip.compress(HEADINGS.encode() * 100)[:-12], "file_broken"),
        (b"PK\x03\x04 not a workbook", "file_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "file_broken"),
        (b"PAR1 not parquet PAR1", "file_broken"),
        (b"<html><table>", "format_unknown"),
        (b'[{"a": 1}]', "format_unknown"),
        (b"\x7fELF\x00\x00", "format_unknown"),
    ],
)
def test_what_is_no_file_of_ours_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    assert refused(put(tmp_path / "a.csv", content)).code == code


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("a.csv", HEADINGS)
    assert refused(tmp_path / "a.xlsx").code == "format_unknown"


def test_a_workbook_with_a_password_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("一").write(0, 0, "姓名")
    book.save(tmp_path / "a.xls")
    content = bytearray((tmp_path / "a.xls").read_bytes())
    entry = content.index("Workbook".encode("utf-16-le"))  # an encrypted workbook is a stream of another name
    name = "EncryptedPackage".encode("utf-16-le")
    content[entry : entry + len(name)] = name
    content[entry + 64 : entry + 66] = (len(name) + 2).to_bytes(2, "little")
    assert refused(put(tmp_path / "a.xlsx", bytes(content))).code == "file_locked"


# -- encodings ---------------------------------------------------------------------------------------------------------


def test_text_in_no_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    content = "name,phone\n甲,1\n".encode() + b"\xff\xff\xff\xff\xff,\xff\n" * 40
    error = refused(put(tmp_path / "a.csv", content))
    assert (error.code, error.where) == ("undecodable", "line 3")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_one_damaged_byte_costs_its_row_only(tmp_path: Path, encoding: str) -> None:
    lines = [HEADINGS.encode(encoding), *("赵云山,1,泼机镇泼机村\n".encode(encoding) for _ in range(200))]
    lines[100] = b"\xff" + lines[100]
    _, rows, broken = read(put(tmp_path / "a.csv", b"".join(lines)))
    damaged = [line for line, row in rows if "�" in "".join(row)]
    assert (len(rows), damaged, broken) == (200, [101], [])


def test_chinese_late_in_an_ascii_file_still_tells_the_encoding(tmp_path: Path) -> None:
    content = HEADINGS.encode("gb18030").replace(b"\n", b"") + b",x" * 10 + b"\n"
    ascii_rows = b"a,1,b" + b",x" * 10 + b"\n"
    late = "龙云,1,昭通".encode("gb18030") + b",x" * 10 + b"\n"
    _, rows, _ = read(put(tmp_path / "a.csv", content + ascii_rows * 60_000 + late))
    assert rows[-1] == (60_002, ["龙云", "1", "昭通", *["x"] * 10])


# -- lines and quotes --------------------------------------------------------------------------------------------------


def test_ragged_rows_are_broken_rows_and_lines_are_physical(tmp_path: Path) -> None:
    content = HEADINGS + '甲,1,"一\n二"\n\n乙,2\n丙,3,c,d\n丁,4,d,,\n  \n戊,5,e\n'
    _, rows, broken = read(put(tmp_path / "a.csv", content))
    assert rows == [(2, ["甲", "1", "一\n二"]), (7, ["丁", "4", "d"]), (9, ["戊", "5", "e"])]
    assert broken == [BrokenRow(5, "row_width", ["乙", "2"]), BrokenRow(6, "row_width", ["丙", "3", "c", "d"])]


@pytest.mark.parametrize("chunk_lines", [3, 7, 16_384])
def test_a_quote_without_its_fellow_costs_its_line_only(
    tmp_path: Path, chunk_lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "CHUNK_LINES", chunk_lines)
    good = [f"甲{number},1,x\n" for number in range(300)]
    content = HEADINGS + "".join(good[:50]) + '坏,"2,x\n' + "".join(good[50:]) + '末,3,"x\n'
    _, rows, broken = read(put(tmp_path / "a.csv", content))
    assert [row[0] for _, row in rows] == [line.split(",")[0] for line in good]
    assert [line for line, _ in rows] == [*range(2, 52), *range(53, 303)]
    assert [(row.line, row.code, row.cells) for row in broken] == [
        (52, "row_quote", ['坏,"2,x']), (303, "row_quote", ['末,3,"x']),
    ]  # fmt: skip


def test_two_lone_quotes_far_apart_do_not_swallow_what_lies_between(tmp_path: Path) -> None:
    good = [f"甲{number},1,x\n" for number in range(200)]
    # The quote opened in one row would be closed by that in the other, and the record would even have three columns.
    _, rows, broken = read(put(tmp_path / "a.csv", HEADINGS + '坏,"2,x\n' + "".join(good) + '末,3",x\n'))
    assert [line for line, _ in rows] == list(range(3, 204))
    assert rows[-1][1] == ["末", '3"', "x"]  # inside a cell that has none around it a quote is only a quote
    assert [(row.line, row.code) for row in broken] == [(2, "row_quote")]


@pytest.mark.parametrize("chunk_lines", [1, 2, 3])
def test_a_cell_over_several_lines_may_lie_across_blocks(
    tmp_path: Path, chunk_lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "CHUNK_LINES", chunk_lines)
    _, rows, broken = read(put(tmp_path / "a.csv", HEADINGS + '甲,1,"一\n二\n三\n四"\n乙,2,x\n'))
    assert rows == [(2, ["甲", "1", "一\n二\n三\n四"]), (6, ["乙", "2", "x"])]
    assert not broken


def test_quotes_inside_a_cell_that_break_the_rule_but_not_the_sense(tmp_path: Path) -> None:
    _, rows, broken = read(put(tmp_path / "a.csv", HEADINGS + '甲,"1"号,x\n乙,2,"他说""好"""\n'))
    assert rows == [(2, ["甲", "1号", "x"]), (3, ["乙", "2", '他说"好"'])]
    assert not broken


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\x00\r", codec="utf-8"), max_size=6), min_size=2, max_size=2
        ),
        max_size=30,
    ),
    st.integers(1, 12),
)
def test_splitting_in_blocks_gives_what_csv_gives_of_the_whole(rows: list[list[str]], block: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    lines = list(io.StringIO(out.getvalue(), newline=""))
    found: list[list[str]] = []
    starts: list[int] = []
    pending: list[str] = []
    first = 0
    for begin in range(0, max(1, len(lines)), block):
        pending += lines[begin : begin + block]
        split = split_lines(
            pending, delimiter=",", width=2, final=begin + block >= len(lines), record_lines=len(lines) + 1
        )
        found += split.rows
        starts += [first + start for start in split.starts]
        assert not split.broken
        pending = pending[split.used :]
        first += split.used
    assert found == rows
    expected, reader = [], csv.reader(lines)
    while True:
        line = reader.line_num
        if next(reader, None) is None:
            break
        expected.append(line)
    assert starts == expected


def test_nul_bytes_do_not_reach_the_database(tmp_path: Path) -> None:
    _, rows, _ = read(put(tmp_path / "a.csv", HEADINGS + "甲\x00,1,x\n", "gb18030"))
    assert rows == [(2, ["甲�", "1", "x"])]


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    limits = Limits(unpacked_bytes=10_000_000, line_bytes=1_000_000, sheet_bytes=1_000_000)
    bomb = put(tmp_path / "a.csv.gz", gzip.compress(HEADINGS.encode() + b"a,1,b\n" * 3_000_000))
    assert refused(bomb, limits=limits).code == "file_too_large"
    line = put(tmp_path / "b.csv.gz", gzip.compress(HEADINGS.encode() + b"a" * 5_000_000))
    assert refused(line, limits=limits).code == "line_too_long"
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 5_000_000)
    assert refused(tmp_path / "c.xlsx", limits=limits).code == "file_too_large"
    put(tmp_path / "c.xlsx.gz", gzip.compress((tmp_path / "c.xlsx").read_bytes() + bytes(2_000_000)))
    assert refused(tmp_path / "c.xlsx.gz", limits=limits).code == "file_too_large"


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 5_000_000)
    content = bytearray((tmp_path / "a.xlsx").read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (100).to_bytes(4, "little")  # size as the directory states it
    assert refused(put(tmp_path / "a.xlsx", bytes(content)), limits=Limits(sheet_bytes=1_000_000)).code == "file_broken"


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    limits = Limits(columns=50)
    record = {"姓名": "甲"} | {f"k{number}": 1 for number in range(60)}
    assert refused(put(tmp_path / "a.ndjson", json.dumps(record)), limits=limits).code == "too_many_columns"
    pq.write_table(pa.table({key: [str(value)] for key, value in record.items()}), tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet", limits=limits).code == "too_many_columns"
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    book.add_worksheet().write_row(0, 0, list(record))
    book.close()
    assert refused(tmp_path / "a.xlsx", limits=limits).code == "too_many_columns"


# -- workbooks ---------------------------------------------------------------------------------------------------------


def civil_workbook(path: Path) -> None:
    """A title, headings merged over two rows, households merged over their members, a total and a footer."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("六月")
    day = book.add_format({"num_format": "yyyy/m/d"})
    sheet.merge_range(1, 1, 1, 5, "某县2026年6月花名册")
    sheet.merge_range(2, 1, 3, 1, "序号")
    sheet.merge_range(2, 2, 2, 2 + 1, "户主")
    sheet.write_row(3, 2, ["姓名", "电话"])
    sheet.merge_range(2, 4, 2, 5, "成员")
    sheet.write_row(3, 4, ["姓名", "地址"])
    sheet.merge_range(4, 1, 5, 1, 1)
    sheet.merge_range(4, 2, 5, 2, "户主甲")
    sheet.merge_range(4, 3, 5, 3, 13900000001)
    sheet.write_row(4, 4, ["甲", "一村"])
    sheet.write(5, 4, "乙")
    sheet.write_datetime(5, 5, date(2026, 6, 1), day)
    sheet.write_row(6, 1, [2, "户主丙", "", "丙", 0.5])
    sheet.write_row(8, 1, ["合计", "", "", 3])
    sheet.merge_range(9, 1, 9, 5, "填表人：某某")
    book.add_worksheet("隐藏").write_row(0, 0, ["姓名", "电话"])
    book.get_worksheet_by_name("隐藏").hide()
    book.close()


def test_a_civil_affairs_workbook_as_it_comes(tmp_path: Path) -> None:
    civil_workbook(tmp_path / "a.xlsx")
    match, rows, broken = read(tmp_path / "a.xlsx")
    assert match.headings == ("序号", "户主 / 姓名", "户主 / 电话", "成员 / 姓名", "成员 / 地址")
    assert match.columns == {"head_name": 1, "phone": 2, "name": 3, "living_address": 4}
    assert rows[:3] == [
        (5, ["1", "户主甲", "13900000001", "甲", "一村"]),
        (6, ["1", "户主甲", "13900000001", "乙", "2026-06-01"]),
        (7, ["2", "户主丙", "", "丙", "0.5"]),
    ]
    assert [line for line, _ in rows] == [5, 6, 7, 8, 9, 10]
    assert not broken


def test_a_gzipped_workbook_and_an_old_one(tmp_path: Path) -> None:
    civil_workbook(tmp_path / "a.xlsx")
    put(tmp_path / "a.gz", gzip.compress((tmp_path / "a.xlsx").read_bytes()))
    assert read(tmp_path / "a.gz")[1] == read(tmp_path / "a.xlsx")[1]

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("一")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    sheet.write_merge(0, 0, 0, 2, "花名册")
    for column, heading in enumerate(["姓名", "电话", "地址"]):
        sheet.write(2, column, heading)
    sheet.write_merge(3, 4, 2, 2, "李𠮷村")
    sheet.write(3, 0, "甲")
    sheet.write(3, 1, 5.3010219900307e17)
    sheet.write(4, 0, "乙")
    sheet.write(4, 1, date(2026, 6, 1), day)
    book.save(tmp_path / "b.xls")
    match, rows, _ = read(tmp_path / "b.xls")
    assert match.headings == ("姓名", "电话", "地址")
    assert rows == [(4, ["甲", "530102199003070000", "李𠮷村"]), (5, ["乙", "2026-06-01", "李𠮷村"])]


def test_cells_beyond_the_headings_break_a_row_of_a_workbook(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    for number, row in enumerate([["姓名", "电话"], ["甲", "1"], ["乙", "2", "多"]]):
        sheet.write_row(number, 0, row)
    book.close()
    _, rows, broken = read(tmp_path / "a.xlsx")
    assert rows == [(2, ["甲", "1"])]
    assert broken == [BrokenRow(3, "row_width", ["乙", "2", "多"])]


def test_two_worksheets_with_the_headings_are_refused_and_others_are_passed_over(tmp_path: Path) -> None:
    for names, refusal in ((["说明", "名单"], None), (["名单", "名单二"], "sheets_several")):
        book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
        for name in names:
            sheet = book.add_worksheet(name)
            rows = [["填写说明"]] if name == "说明" else [["姓名", "电话"], ["甲", "1"]]
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        book.close()
        if refusal:
            error = refused(tmp_path / "a.xlsx")
            assert (error.code, error.where) == (refusal, "worksheet 名单, worksheet 名单二")
        else:
            assert read(tmp_path / "a.xlsx")[1] == [(2, ["甲", "1"])]


def test_a_lone_worksheet_is_loaded_once(tmp_path: Path) -> None:
    civil_workbook(tmp_path / "a.xlsx")
    table = SheetTable(tmp_path / "a.xlsx", format="xlsx", gzipped=False, limits=Limits())
    (head,) = table.heads()
    (tmp_path / "a.xlsx").unlink()
    assert sum(len(chunk.rows) for chunk in table.chunks(head, after=4, width=5)) == 6


# -- NDJSON and Parquet ------------------------------------------------------------------------------------------------


def test_ndjson_with_a_broken_line_nesting_and_late_keys(tmp_path: Path) -> None:
    lines = [
        '{"姓名": "甲", "户主": {"姓名": "户主甲"}}', "", '{"姓名": "乙"', '"丙"',
        '{"姓名": "丁", "电话": 13900000001, "地址": null, "晚": [1]}', '{"姓名": "\\ud800\\u0000"}',
    ]  # fmt: skip
    match, rows, broken = read(put(tmp_path / "a.json", "\n".join(lines)))
    assert match.columns == {"name": 0, "head_name": 1, "phone": 2, "living_address": 3}
    assert [(line, row[:3]) for line, row in rows] == [
        (1, ["甲", "户主甲", ""]), (5, ["丁", "", "13900000001"]), (6, ["��", "", ""]),
    ]  # fmt: skip
    assert broken == [BrokenRow(3, "line_unreadable", [lines[2]]), BrokenRow(4, "line_unreadable", [lines[3]])]


def test_rows_inside_an_object_inherit_what_stands_outside() -> None:
    line = '{"户": {"号": 7, "人": [{"姓名": "甲"}, {"姓名": "乙", "年": 1.50}]}, "乡": "泼机"}'
    assert parse_records(line, "户.人") == [
        {"户.号": "7", "乡": "泼机", "户.人.姓名": "甲"},
        {"户.号": "7", "乡": "泼机", "户.人.姓名": "乙", "户.人.年": "1.50"},
    ]
    assert parse_records('{"户": {}}', "户.人") is None
    assert parse_records('{"户": {"人": 3}}', "户.人") is None
    assert parse_records("[" * 100_000, "") is None


def test_parquet_gzipped_or_not(tmp_path: Path) -> None:
    table = pa.table({"姓名": ["甲", None], "电话": [13900000001, 2], "地址": [date(2026, 6, 1), None]})
    pq.write_table(table, tmp_path / "a.parquet")
    put(tmp_path / "b.parquet", gzip.compress((tmp_path / "a.parquet").read_bytes()))
    for name in ("a.parquet", "b.parquet"):
        _, rows, _ = read(tmp_path / name)
        assert rows == [(1, ["甲", "13900000001", "2026-06-01"]), (2, ["", "2", ""])]


# -- headings ----------------------------------------------------------------------------------------------------------


def head_of(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(row) for row in rows]


def test_headings_over_rows_read_as_paths_with_and_without_merges() -> None:
    assert join_headings(head_of([["户主", "", "成员", "", "类别", ""], ["姓名", "电话", "姓名", "电话", "", ""]])) == (
        "户主 / 姓名", "户主 / 电话", "成员 / 姓名", "成员 / 电话", "类别",
    )  # fmt: skip
    assert join_headings(head_of([["户主", "户主", "类别"], ["姓名", "电话", "类别"]])) == (
        "户主 / 姓名", "户主 / 电话", "类别",
    )  # fmt: skip


def test_marks_width_and_line_breaks_in_headings_do_not_matter() -> None:
    assert match_columns(LAYOUT, ("*姓　名：", "电\n话（必填）", "【地址】"))[0] == {"name": 0, "living_address": 2}
    assert match_columns(LAYOUT, ("姓名*", "（手机）", "地 址"))[0] == {"name": 0, "phone": 1, "living_address": 2}


def test_the_preferred_of_two_columns_wins_and_equals_are_refused() -> None:
    assert match_columns(LAYOUT, ("手机", "姓名", "电话"))[0] == {"name": 1, "phone": 2}
    with pytest.raises(FileRefused, match=r"heading_ambiguous.*Columns 1 and 3"):
        match_columns(LAYOUT, ("电话", "姓名", "电 话"))


def test_missing_headings_are_named(tmp_path: Path) -> None:
    layout = load_layouts()["civil_affairs"]
    with pytest.raises(FileRefused) as caught:
        read(put(tmp_path / "a.csv", "成员姓名,与户主关系\n甲,户主\n"), layout=layout)
    assert caught.value.code == "heading_missing"
    assert "救助证号 (certificate_number)" in caught.value.detail
    assert "救助类别 (benefit_kind)" in caught.value.detail
    assert "成员姓名" not in caught.value.detail


def test_a_title_above_is_no_part_of_the_headings(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "某县花名册,,\n单位：某某,,\n姓名,电话,地址\n甲,1,x\n")
    match, rows, _ = read(path)
    assert (match.row, match.height, match.headings) == (2, 1, ("姓名", "电话", "地址"))
    assert rows == [(4, ["甲", "1", "x"])]


def test_headings_below_the_searched_rows_are_not_found(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "x\n" * 30 + HEADINGS)
    table = open_table(path, read_kind(path), encodings=LAYOUT.encodings, rows_at="", limits=Limits())
    assert not isinstance(find_headings(LAYOUT, table.heads()[0]), Match)
