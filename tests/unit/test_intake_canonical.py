"""Rows of cells → canonical values and rejections; the same whatever the file's format."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.intake.canonical import Canonical, Canonicaliser, row_hash
from hub.intake.detect import Plan, detect_layout
from hub.intake.refusal import FileRefused, Limits
from hub.intake.stage import encode_rows
from schema.feeds import Layout, load_layouts, parse_layout

FEEDS = Path(__file__).parent.parent / "data" / "feeds"
COUNTY = "530627000000"
LAYOUTS = load_layouts()


def canonical(path: Path, layout: Layout | str | None = None) -> tuple[Plan, Canonical]:
    """All of a file in one."""
    chosen = LAYOUTS[layout] if isinstance(layout, str) else layout
    plan = detect_layout(path, LAYOUTS, named=None, layout=chosen, limits=Limits())
    canonicaliser = Canonicaliser(plan.layout, plan.match, region_code=COUNTY)
    total = Canonical()
    for chunk in plan.table.chunks(plan.match.head, after=plan.match.after, width=len(plan.match.headings)):
        part = canonicaliser.canonical(chunk)
        for name in ("lines", "keys", "values", "raws", "rejections", "rejected_keys"):
            getattr(total, name).extend(getattr(part, name))
        total.rejected += part.rejected
    return plan, total


def values_of(total: Canonical) -> list[dict[str, Any]]:
    return [json.loads(values) for values in total.values]


def faults(total: Canonical) -> list[tuple[int, str | None, str]]:
    return [(rejection.line, rejection.field, rejection.code) for rejection in total.rejections]


def put(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    return path


# -- the departments' files --------------------------------------------------------------------------------------------


def test_human_resources_as_it_comes() -> None:
    plan, total = canonical(FEEDS / f"human_resources_{COUNTY}_20260601.csv")
    assert plan.layout.name == "human_resources"  # by its headings: no name was given
    assert not total.rejections
    assert total.lines == [2, 3, 4, 6]
    one, two, three, four = values_of(total)
    assert one == {
        "name": "张云山", "citizen_number": "001234198503070011", "phone": "19900000001",
        "registered_address": "云南省昭通市镇雄县泼机镇泼机村民委员会3组",
        "living_address": "云南省昭通市镇雄县泼机镇泼机村民委员会3组",
        "registered_region_code": "530627102201", "living_region_code": "530627102201",
        "education": "70", "person_category": "exited", "employment_status": "unemployed", "wish_scope": "county",
        "wish_occupation": "电工", "wish_wage_yuan_per_month": 3500, "cannot_leave_home": True,
        "cannot_leave_reason": "care", "accepts_night_shift": False,
    }  # fmt: skip
    assert (two["citizen_number"], two["phone"]) == ("001234199001010023", "19900000002")
    assert (two["left_on"], two["returned_on"], two["export_mode"]) == ("2026-02-18", "2026-05-01", "kin")
    assert (two["registered_region_code"], two["living_region_code"]) == ("530627103000", "440300000000")
    assert (three["name"], three["left_on"], three["phone"]) == ("李𠮷㑇", "2026-01-01", "19900000003")
    assert three["employer_name"] == '镇雄县"泼机"镇'
    assert three["registered_region_code"] == "530627102001"
    assert (four["name"], four["citizen_number"]) == ("王䶮", "00123419920203002x")  # identity judges the number
    assert (four["left_on"], four["skill_level"], four["certificate_kind"]) == ("2026-02-01", "3", "skill_level")
    assert four["cannot_leave_home"] is False


def test_rural_revitalization_as_it_comes() -> None:
    plan, total = canonical(FEEDS / f"rural_revitalization_{COUNTY}_20260601.ndjson")
    assert plan.layout.name == "rural_revitalization"
    assert not total.rejections
    head, wife = values_of(total)
    assert total.keys == ["5306271022010000101", "5306271022010000102"]
    assert head["registered_region_code"] == "530627102201"
    assert (head["identified_on"], wife["identified_on"]) == ("2024-03-01", "2024-03-15")
    assert head["net_income_yuan_per_year_per_capita"] == wife["net_income_yuan_per_year_per_capita"] == 8650.5
    assert (head["welfare_post"], wife["welfare_post"], head["risk_eliminated"]) == (False, True, False)
    assert (wife["relation"], wife["nationality"], wife["labour_skill"]) == ("10", "07", "weak")
    assert (head["work_months"], wife["work_months"]) == (0, 3)
    assert "citizen_number" not in wife


@pytest.mark.parametrize(
    ("file", "layout", "rows", "some"),
    [
        (
            f"openings_{COUNTY}_20260601.csv", "openings", 2,
            {"reference": "GW0001", "channel": "shanghai", "region_code": "310115000000", "state": "open",
             "wage_low_yuan_per_month": 5000, "education_min": "70", "lodging": True, "posted_on": "2026-05-01",
             "duties": "组装终端,检验", "occupation_code": "6-25-04-02", "wage_kind": "monthly"},
        ),
        (
            f"programmes_{COUNTY}_20260601.csv", "programmes", 1,
            {"reference": "PX0001", "mode": "course", "certificate_kind": "skill_level", "skill_level": "5",
             "seats": 50, "taken": 12, "starts_on": "2026-07-01", "state": "open", "allowance_yuan_per_day": 40},
        ),
        (
            f"posts_{COUNTY}_20260601.csv", "posts", 1,
            {"reference": "GG0001", "kind": "cleaning", "department": "human_resources", "term_months": 36,
             "region_code": "530627102201", "wage_yuan_per_month": 800, "heavy_labour": False},
        ),
        (
            f"referrals_{COUNTY}_20260601.ndjson.gz", "referrals", 2,
            {"kind": "opening", "reference": "GW0001", "state": "declined", "result": "declined",
             "reason": "distance", "shown_on": "2026-03-01", "rank": 1, "contacted_on": "2026-03-03"},
        ),
    ],
)  # fmt: skip
def test_the_markets_feeds_as_they_come(file: str, layout: str, rows: int, some: dict[str, Any]) -> None:
    plan, total = canonical(FEEDS / file)
    assert plan.layout.name == layout
    assert faults(total) == []
    assert len(total.values) == rows
    first = values_of(total)[0]
    assert {name: first.get(name) for name in some} == some


CIVIL = [
    ["某县2026年6月社会救助对象花名册"],
    [
        "救助证号",
        "户主信息",
        "",
        "家庭成员信息",
        "",
        "与户主关系",
        "救助类别",
        "保障类别",
        "月保障金额",
        "起保年月",
        "状态",
    ],
    ["", "姓名", "身份证号", "姓名", "身份证号", "", "", "", "", "", ""],
]


def civil_workbook(path: Path, *, merged: bool) -> None:
    """Two households, the first with three members; a total and a footer."""
    household = ["5306271020000001", "张云山", "001234198503070011"]
    benefit = ["低保", "A类", 1234.5, "2025年3月", "在保"]
    members = [["张云山", "001234198503070011", "户主"], ["陈兰", "", "妻"], ["张小云", "00123420150101001X", "长子"]]
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 0, 10, CIVIL[0][0])
    for column in range(11):
        if CIVIL[2][column] == "":
            sheet.merge_range(1, column, 2, column, CIVIL[1][column])
        else:
            sheet.write(2, column, CIVIL[2][column])
    sheet.merge_range(1, 1, 1, 2, CIVIL[1][1])
    sheet.merge_range(1, 3, 1, 4, CIVIL[1][3])
    for column, value in [*enumerate(household), *enumerate(benefit, start=6)]:
        if merged:
            sheet.merge_range(3, column, 5, column, value)
        else:
            sheet.write(3, column, value)
    for number, member in enumerate(members):
        sheet.write_row(3 + number, 3, member)
    sheet.write_row(6, 0, ["5306271020000002", "李山", "", "李山", "", "户主", "特困", "", 900, 202401, "渐退"])
    sheet.write_row(7, 0, ["合计", "", "", "4人", "", "", "", "", 2134.5])
    sheet.merge_range(8, 0, 8, 10, "填表人：某某　　审核人：某某")
    book.close()


@pytest.mark.parametrize("merged", [True, False])
def test_civil_affairs_households_over_their_members(tmp_path: Path, merged: bool) -> None:
    civil_workbook(tmp_path / "a.xlsx", merged=merged)
    plan, total = canonical(tmp_path / "a.xlsx")
    assert plan.layout.name == "civil_affairs"
    assert faults(total) == []  # neither the total nor the footer is a row, nor a rejected one
    assert total.lines == [4, 5, 6, 7]
    head, wife, son, other = values_of(total)
    for member in (head, wife, son):
        assert member["certificate_number"] == "5306271020000001"
        assert (member["head_name"], member["benefit_kind"], member["benefit_class"]) == ("张云山", "dibao", "A")
        assert (member["benefit_yuan_per_month"], member["benefit_started_on"]) == (1234.5, "2025-03-01")
        assert member["registered_region_code"] == "530627102000"
    assert [member["relation"] for member in (head, wife, son)] == ["02", "10", "20"]
    assert (other["benefit_kind"], other["benefit_started_on"], other["benefit_state"]) == (
        "extreme_poverty", "2024-01-01", "grace",
    )  # fmt: skip
    assert "benefit_class" not in other  # blank at the head of its own household: nothing is inherited
    assert total.raws[1][0] == "5306271020000001"  # given back to be mended, a member keeps its household


def test_a_total_below_a_household_does_not_become_its_member(tmp_path: Path) -> None:
    rows = [
        ["救助证号", "户主姓名", "户主身份证号", "与户主关系", "成员姓名", "救助类别"],
        ["5306271020000001", "张云山", "001234198503070011", "户主", "张云山", "低保"],
        ["", "", "", "妻", "陈兰", ""],
        ["", "", "", "", "合计：2人", ""],
    ]
    _, total = canonical(put(tmp_path / "a.csv", rows), "civil_affairs")
    assert (total.lines, faults(total)) == ([2, 3], [])


# -- rejections --------------------------------------------------------------------------------------------------------

HR = ["姓名", "身份证号码", "就业状态", "联系电话", "文化程度", "外出时间", "期望月薪", "能否上夜班"]
GOOD = ["张云山", "001234198503070011", "未就业", "19900000001", "初中", "2026-01-01", "3500", "能"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({0: ""}, ("name", "required_missing")),
        ({0: "张�山"}, ("name", "text_undecodable")),
        ({0: "长" * 4001}, ("name", "text_too_long")),
        ({4: "幼儿园"}, ("education", "code_unknown")),
        ({5: "昨天"}, ("left_on", "date_unreadable")),
        ({6: "很多"}, ("wish_wage_yuan_per_month", "number_unreadable")),
        ({6: "-1"}, ("wish_wage_yuan_per_month", "number_out_of_range")),
        ({7: "随便"}, ("accepts_night_shift", "flag_unreadable")),
        ({1: "", 3: ""}, (None, "key_missing")),
    ],
)
def test_each_fault_is_a_rejection_and_the_other_rows_stand(
    tmp_path: Path, change: dict[int, str], fault: tuple[str | None, str]
) -> None:
    bad = [change.get(column, cell) for column, cell in enumerate(GOOD)]
    other = ["李兰", *GOOD[1:]]
    _, total = canonical(put(tmp_path / "a.csv", [HR, bad, other]))
    assert faults(total) == [(2, *fault)]
    assert [values["name"] for values in values_of(total)] == ["李兰"]
    (rejection,) = total.rejections
    assert list(rejection.raw) == bad
    assert not any(cell and cell in rejection.reason for cell in change.values())
    assert rejection.heading == (None if fault[0] is None else HR[next(iter(change))])
    known = bad[0] and "�" not in bad[0] and len(bad[0]) < 100 and fault[0]
    assert total.rejected_keys == ([f"{GOOD[1]}|{bad[0]}"] if known else [])


def test_faults_of_the_other_kinds(tmp_path: Path) -> None:
    file = FEEDS / f"openings_{COUNTY}_20260601.csv"
    text = file.read_text(encoding="utf-8")
    for old, new, fault in (
        ("310115000000", "990115000000", ("region_code", "region_unknown")),
        ("6-25-04-02", "9-99-99-99", ("occupation_code", "occupation_unknown")),
    ):
        (tmp_path / "a.csv").write_text(text.replace(old, new), encoding="utf-8")
        assert faults(canonical(tmp_path / "a.csv", "openings")[1]) == [(2, *fault)]
    rows = [HR, GOOD, ["只有两格", "x"], ["李兰", *GOOD[1:]]]
    _, total = canonical(put(tmp_path / "b.csv", rows))
    assert faults(total) == [(3, None, "row_width")]
    assert total.rejections[0].reason == "本行有2列，应为8列"
    assert total.lines == [2, 4]


def test_a_wrong_citizen_number_is_no_rejection(tmp_path: Path) -> None:
    for number in ("1", "001234198503070000", "00123419850307001１", "无身份证"):
        _, total = canonical(put(tmp_path / "a.csv", [HR, [GOOD[0], number, *GOOD[2:]]]))
        assert faults(total) == []


def test_several_faults_of_one_row_are_several_rejections_of_one_row(tmp_path: Path) -> None:
    bad = [*GOOD[:4], "幼儿园", "昨天", *GOOD[6:]]
    _, total = canonical(put(tmp_path / "a.csv", [HR, bad]))
    assert faults(total) == [(2, "left_on", "date_unreadable"), (2, "education", "code_unknown")] or faults(total) == [
        (2, "education", "code_unknown"), (2, "left_on", "date_unreadable"),
    ]  # fmt: skip
    assert (total.rejected, total.read) == (1, 1)


def test_totals_footers_blank_and_repeated_heading_rows_are_neither_rows_nor_rejections(tmp_path: Path) -> None:
    blank = [""] * 8
    rows = [
        ["序号", *HR], ["1", *GOOD], ["2", *blank], ["", *blank], ["序号", *HR], ["3", "李兰", *GOOD[1:]],
        ["合 计", "", "2人", *blank[2:]], ["总计：2"], ["填表人：某某", *blank], ["注：以上", *blank],
    ]  # fmt: skip
    _, total = canonical(put(tmp_path / "a.csv", rows))
    assert faults(total) == []
    assert total.lines == [2, 6]


def test_a_person_whose_name_begins_like_a_footer_is_a_person(tmp_path: Path) -> None:
    _, total = canonical(put(tmp_path / "a.csv", [HR, ["合计明", *GOOD[1:]], ["李兰", "合计", *GOOD[2:]]]))
    assert (total.lines, total.rejected) == ([2, 3], 0)


@pytest.mark.parametrize("total_row", [["合计", "2"], ["", "小 计：", "2"], ["总计", "2人", "1"]])
def test_a_total_that_looks_like_a_record_is_none(tmp_path: Path, total_row: list[str]) -> None:
    rows = [
        ["姓名", "身份证号码", "就业状态", "文化程度"],
        [*GOOD[:3], "初中"],
        [*total_row, *[""] * (4 - len(total_row))],
    ]
    _, total = canonical(put(tmp_path / "a.csv", rows))
    assert (total.lines, faults(total)) == ([2], [])


def test_the_key_is_the_first_alternative_that_is_filled(tmp_path: Path) -> None:
    rows = [HR, GOOD, ["李兰", "", *GOOD[2:]]]
    _, total = canonical(put(tmp_path / "a.csv", rows))
    assert total.keys == ["001234198503070011|张云山", "李兰|19900000001"]


def test_a_household_goes_on_from_one_chunk_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.intake.sheet.CHUNK_ROWS", 1)
    monkeypatch.setattr("hub.intake.text.CHUNK_LINES", 1)
    for merged in (True, False):
        civil_workbook(tmp_path / "a.xlsx", merged=merged)
        _, total = canonical(tmp_path / "a.xlsx")
        assert [values["certificate_number"][-1] for values in values_of(total)] == ["1", "1", "1", "2"]


# -- a fourth department, by TOML alone --------------------------------------------------------------------------------

FEDERATION = """
name = "disabled_federation"
title = "残联 持证残疾人"
entity = "person"
department = "disabled_federation"
formats = ["ndjson", "csv"]
mode = "delta"
rows_at = "区县.持证人"
required_headings = ["name", "disability_certificate"]
record_key = [["disability_certificate"]]
empty = ["未登记"]
date_forms = ["D/M/YYYY", "YYYY年M月D日"]

[constants]
health = "disabled"

[fields.name]
headings = ["区县.持证人.基本.称呼", "持证人称呼"]
required = true
[fields.disability_certificate]
headings = ["区县.持证人.证.号", "第二代证编号"]
required = true
[fields.citizen_number]
headings = ["区县.持证人.基本.身份号"]
[fields.born_on]
headings = ["区县.持证人.基本.出生", "出生"]
[fields.age]
headings = ["区县.持证人.基本.年纪"]
[fields.disability_kind]
headings = ["区县.持证人.证.残别", "残别"]
codes = { "盲" = "1", "聋" = "2", "哑" = "3" }
[fields.disability_level]
headings = ["区县.持证人.证.级", "级"]
codes = { "重度甲" = "1", "重度乙" = "2" }
[fields.relocated]
headings = ["区县.持证人.搬迁"]
yes = ["搬了"]
no = ["没搬"]
[fields.living_address]
headings = ["区县.持证人.住"]
[fields.phone]
headings = ["区县.上报.电话"]

[derive.living_region_code]
from = "living_address"
how = "region_of_address"
"""


def test_a_fourth_department_comes_by_toml_alone(tmp_path: Path) -> None:
    layout = parse_layout(FEDERATION, source="federation.toml")
    people = [
        {"基本": {"称呼": "杨山", "身份号": "001234197001010015", "出生": "17/3/1970"},
         "证": {"号": "00123419700101001511", "残别": "盲", "级": "重度乙"}, "搬迁": "搬了", "住": "镇雄县以勒镇"},
        {"基本": {"称呼": "普兰", "年纪": 61, "出生": "未登记"}, "证": {"号": "X2", "残别": "肢体", "级": "4级"}},
        {"基本": {"称呼": "和云", "出生": "1970-03-17"}, "证": {"号": "X3"}},
    ]  # fmt: skip
    record = {"区县": {"上报": {"电话": "0870-0000"}, "持证人": people}}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n{\n", encoding="utf-8")
    _, total = canonical(path, layout)
    assert values_of(total) == [
        {"name": "杨山", "citizen_number": "001234197001010015", "born_on": "1970-03-17", "disability_kind": "1",
         "disability_certificate": "00123419700101001511", "disability_level": "2", "relocated": True,
         "living_address": "镇雄县以勒镇", "living_region_code": "530627106000", "phone": "0870-0000",
         "health": "disabled"},
        {"name": "普兰", "age": 61, "disability_certificate": "X2", "disability_kind": "4", "disability_level": "4",
         "phone": "0870-0000", "health": "disabled"},
    ]  # fmt: skip
    assert faults(total) == [(1, "born_on", "date_unreadable"), (2, None, "line_unreadable")]

    rows = [["第二代证编号", "持证人称呼", "出生", "残别", "级"], ["X4", "白山", "1980年3月2日", "哑", "重度甲"]]
    _, total = canonical(put(tmp_path / "b.csv", rows), layout)
    assert values_of(total) == [
        {"name": "白山", "disability_certificate": "X4", "born_on": "1980-03-02", "disability_kind": "3",
         "disability_level": "1", "health": "disabled"},
    ]  # fmt: skip
    civil_workbook(tmp_path / "c.xlsx", merged=True)
    with pytest.raises(FileRefused) as caught:
        canonical(tmp_path / "c.xlsx", layout)
    assert caught.value.code == "format_unexpected"


# -- every format says the same ----------------------------------------------------------------------------------------

_NAMES = st.text("张李王赵云山水·𠮷䶮 a,\"\t'", min_size=1, max_size=6)
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "姓名": _NAMES,
            "身份证号码": st.one_of(st.just(""), st.from_regex(r"00\d{15}[\dXx]", fullmatch=True)),
            "就业状态": st.sampled_from(["已就业", "未就业", "无意愿", "", "？"]),
            "联系电话": st.one_of(st.just(""), st.integers(19_900_000_000, 19_999_999_999)),
            "文化程度": st.sampled_from(["初中", "小学", "本科", "", "不知"]),
            "外出时间": st.one_of(st.just(""), st.dates(date(1990, 1, 1), date(2030, 1, 1))),
            "期望月薪": st.one_of(st.just(""), st.integers(-5, 300_000), st.just("四千")),
            "年龄": st.one_of(st.just(""), st.integers(0, 140)),
            "户籍地址": st.sampled_from(["镇雄县泼机镇", "云南省昭通市", "别处", ""]),
            "能否上夜班": st.sampled_from(["能", "否", "", "是"]),
        }
    ),
    min_size=1,
    max_size=12,
)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _write_all(folder: Path, rows: list[dict[str, Any]]) -> list[Path]:
    headings = list(rows[0])
    table = [[_as_text(row[name]) for name in headings] for row in rows]
    put(folder / "a.csv", [headings, *table])
    (folder / "b.csv").write_bytes((folder / "a.csv").read_bytes().decode().encode("gb18030"))
    lines = [json.dumps({name: row[name] for name in headings}, ensure_ascii=False, default=_as_text) for row in rows]
    (folder / "c.ndjson.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    pq.write_table(pa.table({name: [cells[i] for cells in table] for i, name in enumerate(headings)}), folder / "d.pq")
    book = xlsxwriter.Workbook(folder / "e.xlsx", {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "yyyy/m/d"})
    sheet.write_row(0, 0, headings)
    for number, row in enumerate(rows, start=1):
        for column, name in enumerate(headings):
            value = row[name]
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            elif value != "":
                sheet.write(number, column, value)
    book.close()
    return [folder / name for name in ("a.csv", "b.csv", "c.ndjson.gz", "d.pq", "e.xlsx")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS, shuffled=st.permutations(range(10)))
def test_any_table_gives_the_same_values_and_rejections_in_every_format(
    tmp_path: Path, rows: list[dict[str, Any]], shuffled: list[int]
) -> None:
    folder = tmp_path / "formats"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = list(rows[0])
    seen = set()
    for path in _write_all(folder, rows):
        _, total = canonical(path, "human_resources")
        first = 2 if path.suffix in (".csv", ".xlsx") else 1
        found = [
            (line - first, key, values) for line, key, values in zip(total.lines, total.keys, total.values, strict=True)
        ]
        bad = [(rejection.line - first, rejection.field, rejection.code) for rejection in total.rejections]
        seen.add(json.dumps([found, bad], ensure_ascii=False))
    assert len(seen) == 1
    # The order of columns is no part of what is said.
    reordered = [{names[column]: row[names[column]] for column in shuffled} for row in rows]
    _, total = canonical(
        put(folder / "f.csv", [list(reordered[0]), *([_as_text(v) for v in row.values()] for row in reordered)]),
        "human_resources",
    )
    _, plain = canonical(folder / "a.csv", "human_resources")
    assert [row_hash(values) for values in total.values] == [row_hash(values) for values in plain.values]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.text(max_size=8))
def test_copy_text_escapes_whatever_a_cell_holds(cells: list[str], key: str) -> None:
    cells = [cell.replace("\x00", "") for cell in cells]
    part = Canonical([7], [key.replace("\x00", "")], [json.dumps({"name": cells[0]}, ensure_ascii=False)], [cells])
    (line,) = encode_rows(3, part).decode().removesuffix("\n").split("\n")
    columns = line.split("\t")
    assert len(columns) == 6
    assert columns[:2] == ["3", "7"]
    unescaped = columns[4].replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r")
    assert json.loads(unescaped.replace("\0", "\\")) == {"name": cells[0]}
