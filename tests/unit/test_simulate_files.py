"""The files: names, headings, shapes, formats, bytes; the truth beside them; what is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

import simulate
from schema.codes import LISTS, CodeList
from simulate.errors import SimulationError
from simulate.faults import ErrorRates, Record
from simulate.files import Writer, months_up_to
from simulate.province import SimulationReport
from simulate.province import simulate as run
from simulate.sheet import Sheet

REGION = "530627000000"


def words(*lines: str) -> list[str]:
    return " ".join(lines).split()


HUMAN_RESOURCES = words(
    "姓名 身份证号码 联系电话 户籍地址 现居住地 文化程度 人员类别 就业状态",
    "意愿地点 意愿工种 期望月薪 就业形式 用工单位 务工地 外出时间 返乡时间",
    "输出方式 培训工种 证书类型 技能等级 能否外出 不能外出原因 能否上夜班",
)
CIVIL_AFFAIRS = words(
    "救助证号 户主姓名 户主身份证号 成员姓名 成员身份证号 与户主关系 城乡类别 救助类别",
    "保障类别 保障人数 月保障金额 致困原因 劳动能力 残疾证号 残疾类别 残疾等级",
    "供养方式 起保年月 状态 停保原因 银行账号",
)
RURAL = words(
    "户编号 人编号 户主姓名 姓名 证件号码 与户主关系 民族 文化程度",
    "在校生状况 健康状况 劳动技能 户类型 监测对象类别 风险类型 识别时间 风险是否消除",
    "务工区域 务工时间（月） 公益性岗位 人均纯收入 是否易地搬迁",
)
OPENINGS = words(
    "岗位编号 协作单位编码 用人单位 统一社会信用代码 岗位名称 职业代码 岗位职责 工作地区划代码",
    "渠道 最低月薪 最高月薪 计薪方式 招聘人数 已招人数 学历要求 最小年龄",
    "最大年龄 技能等级要求 技能职业代码 重体力 夜班 包住 缴纳社保 合同月数",
    "发布日期 截止日期 状态",
)
PROGRAMMES = words(
    "项目编号 项目名称 承办单位 职业代码 培训方式 证书类型 技能等级 学历要求",
    "最小年龄 最大年龄 天数 名额 已报名额 开班日期 区划代码 每日补贴",
    "状态",
)
POSTS = words(
    "岗位编号 岗位名称 岗位类别 主管部门 区划代码 名额 已聘人数 月补贴",
    "期限（月） 重体力 到岗日期 状态",
)
REFERRALS = words(
    "身份证号码 姓名 类别 目标编号 推荐日期 序位 状态 结果",
    "原因 月薪 上岗日期 离岗日期 在岗月数 联系日期",
)


def make(out: Path, **changes: object) -> SimulationReport:
    arguments: dict[str, object] = {"region": REGION, "households": 600, "seed": 105, "out": out, **changes}
    return run(**arguments)  # type: ignore[arg-type]  # the tests vary every one of them


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    return make(tmp_path_factory.mktemp("files") / "data")


def find(report: SimulationReport, name: str) -> Path:
    (path,) = [file for file in report.files if file.name.startswith(name)]
    return path


def hashes(report: SimulationReport) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in report.files}


def cells(path: Path) -> list[list[object]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_the_files_have_the_names_that_intake_looks_for(report: SimulationReport) -> None:
    assert [path.name for path in report.files] == [
        f"human_resources_{REGION}_20260601.csv",
        f"civil_affairs_{REGION}_20260401.xlsx",
        f"civil_affairs_{REGION}_20260501.xlsx",
        f"civil_affairs_{REGION}_20260601.xlsx",
        f"rural_revitalization_{REGION}_20260601.xlsx",
        f"openings_{REGION}_20260601.csv",
        f"programmes_{REGION}_20260601.csv",
        f"posts_{REGION}_20260601.csv",
        f"referrals_{REGION}_20260601.ndjson.gz",
        "persons.parquet",
        "people.parquet",
        "scenario.json",
    ]
    assert {path.parent.name for path in report.files[:-3]} == {"feeds"}
    assert {path.parent.name for path in report.files[-3:]} == {"truth"}


def test_headings_are_the_forms_own(report: SimulationReport) -> None:
    first_lines = {
        name: find(report, name).read_bytes().decode(encoding).split("\r\n")[0].split(",")
        for name, encoding in (
            ("human_resources", "gb18030"),
            ("openings", "utf-8"),
            ("programmes", "utf-8-sig"),
            ("posts", "utf-8-sig"),
        )
    }
    assert first_lines == {
        "human_resources": HUMAN_RESOURCES,
        "openings": OPENINGS,
        "programmes": PROGRAMMES,
        "posts": POSTS,
    }
    assert find(report, "programmes").read_bytes().startswith(b"\xef\xbb\xbf")
    assert not find(report, "openings").read_bytes().startswith(b"\xef\xbb\xbf")
    assert cells(find(report, "rural"))[0] == RURAL
    keys: dict[str, None] = {}
    for line in gzip.decompress(find(report, "referrals").read_bytes()).decode().splitlines():
        keys |= dict.fromkeys(json.loads(line))
    assert set(keys) == set(REFERRALS)


@pytest.mark.parametrize("format_", ["xlsx", "ndjson", "parquet"])
def test_same_seed_same_bytes(tmp_path: Path, format_: str) -> None:
    one, two = (hashes(make(tmp_path / name, households=150, format=format_)) for name in ("one", "two"))
    assert one == two
    other = hashes(make(tmp_path / "other", households=150, format=format_, seed=106))
    assert {name for name, digest in other.items() if digest == one[name]} == set()


def test_no_file_holds_the_time_it_was_written(report: SimulationReport) -> None:
    for path in report.files:
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as packed:
                assert {member.date_time[0] for member in packed.infolist()} == {1980}
                core = packed.read("docProps/core.xml").decode()
            day = re.search(r"_(\d{4})(\d\d)(\d\d)\.xlsx", path.name)
            assert day is not None
            assert set(re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", core)) == {
                "{}-{}-{}T00:00:00Z".format(*day.groups())
            }
        if path.suffix == ".gz":
            head = path.read_bytes()[:10]
            assert head[4:8] == b"\0\0\0\0"  # modification time
            assert head[3] == 0  # no file name


def test_civil_affairs_is_a_form(report: SimulationReport) -> None:
    path = find(report, f"civil_affairs_{REGION}_20260601")
    rows = cells(path)
    assert "镇雄县" in str(rows[0][0])
    assert "2026年6月" in str(rows[0][0])
    assert not any(rows[0][1:])
    # Two lines of headings: a group over several, or one heading over both lines.
    leaf = [low or high for high, low in zip(rows[1], rows[2], strict=True)]
    assert leaf == CIVIL_AFFAIRS
    assert sum(bool(high) for high in rows[1]) < len(CIVIL_AFFAIRS) / 2
    assert rows[-2][0] == "合计"
    assert str(rows[-1][0]).startswith("填表人")
    data = rows[3:-2]
    for heading in ("保障人数", "月保障金额"):
        column = CIVIL_AFFAIRS.index(heading)
        total = sum(row[column] for row in data if isinstance(row[column], float))
        assert rows[-2][column] == total > 0


def test_household_cells_are_merged_over_the_members(report: SimulationReport) -> None:
    path = find(report, f"civil_affairs_{REGION}_20260601")
    rows = cells(path)
    with zipfile.ZipFile(path) as packed:
        xml = packed.read("xl/worksheets/sheet1.xml").decode()
    merged = {tuple(ref.split(":")) for ref in re.findall(r'mergeCell ref="([^"]+)"', xml)}
    starts = [number for number, row in enumerate(rows[3:-2], start=4) if row[0]]
    ends = [*[start - 1 for start in starts[1:]], len(rows) - 2]
    assert any(end > start for start, end in zip(starts, ends, strict=True))
    for start, end in zip(starts, ends, strict=True):
        expected = end > start
        assert ((f"A{start}", f"A{end}") in merged) == expected  # 救助证号
        assert ((f"U{start}", f"U{end}") in merged) == expected  # 银行账号
        assert not any(ref[0] == f"D{start}" for ref in merged)  # 成员姓名 is the member's own
    assert ("A1", "U1") in merged
    assert ("B2", "C2") in merged


def test_the_months_differ_as_benefits_start_change_and_stop(tmp_path: Path) -> None:
    report = make(tmp_path / "data", households=6000, format="parquet", errors=ErrorRates.none())
    months = [pq.read_table(p).to_pylist() for p in report.files if p.name.startswith("civil")]
    assert len(months) == 3
    states = [{row["救助证号"]: (row["状态"], row["月保障金额"]) for row in rows} for rows in months]
    april, may, june = states
    assert set(june) - set(april), "some began"
    stopped = {key for key, (state, _) in {**may, **june}.items() if state == "停保"}
    assert stopped
    assert not {key for key in stopped if may.get(key, ("",))[0] == "停保"} & set(june), "stopped ones leave the list"
    assert any(state == "渐退" for state, _ in june.values())
    both = [key for key in april if key in june and april[key][0] == june[key][0] == "在保"]
    changed = [key for key in both if april[key][1] != june[key][1]]
    assert 0 < len(changed) < len(both) / 4
    for row in months[-1]:
        assert bool(row["停保原因"]) == (row["状态"] == "停保")
        assert row["救助证号"].startswith("530627")
        assert len(row["救助证号"]) == 16


def test_lines_of_the_truth_point_at_the_person(report: SimulationReport) -> None:
    people = {row["true_person_id"]: row for row in pq.read_table(find(report, "people")).to_pylist()}
    truth = pq.read_table(find(report, "persons")).to_pylist()
    by_file: dict[str, dict[int, dict[str, object]]] = {}
    for row in truth:
        by_file.setdefault(row["file_name"], {})[row["line"]] = row
    assert set(by_file) == {path.name for path in report.files[:5]}
    for name, column, first in (("rural", 3, 2), (f"civil_affairs_{REGION}_20260501", 3, 4)):
        path = find(report, name)
        rows = cells(path)
        lines = by_file[path.name]
        last = len(rows) - (2 if first == 4 else 0)
        assert sorted(lines) == list(range(first, last + 1))
        right = [
            rows[line - 1][column] == people[row["true_person_id"]]["name"]
            for line, row in lines.items()
            if not any(str(kind).startswith("name_") for kind in row["errors"])
        ]
        assert all(right)
    assert {row["true_household_id"] for row in truth} <= {row["true_household_id"] for row in people.values()}


def test_the_scenario_says_what_was_made(report: SimulationReport) -> None:
    scenario = json.loads(find(report, "scenario").read_text(encoding="utf-8"))
    people = pq.read_table(find(report, "people")).to_pylist()
    assert scenario["parameters"] == {
        "region": REGION,
        "households": 600,
        "seed": 105,
        "scenario": "plenty",
        "format": None,
        "as_of": "2026-06-01",
    }
    counts = scenario["counts"]
    assert counts["persons"] == len(people) == report.persons
    assert counts["willing"] == sum(row["willing"] for row in people)
    zero = {row["true_household_id"] for row in people if row["zero_employment_household"]}
    assert counts["zero_employment_households"] == len(zero) > 0
    for row in people:
        if row["true_household_id"] in zero:
            assert not row["in_work"]
    assert set(scenario["versions"]) == {"numpy", "pyarrow", "xlsxwriter"}


def test_departments_overlap_and_none_knows_everybody(report: SimulationReport) -> None:
    held: dict[str, set[int]] = {}
    for row in pq.read_table(find(report, "persons")).to_pylist():
        held.setdefault(row["file_name"].split("_5")[0], set()).add(row["true_person_id"])
    human, civil, rural = held["human_resources"], held["civil_affairs"], held["rural_revitalization"]
    assert len(human & rural) > 100
    assert len(civil & rural) > 20
    assert len(human & civil & rural) > 5
    assert human - rural
    assert rural - human
    assert len(human | civil | rural) < report.persons


def coded(rows: list[dict[str, object]], codes: dict[str, CodeList]) -> None:
    for heading, code_list in codes.items():
        values = {str(row[heading]) for row in rows if row.get(heading)}
        assert values, heading
        unknown = {value for value in values if code_list.code_of(value) is None}
        assert unknown == set(), heading


def test_every_label_is_one_that_the_code_lists_know(tmp_path: Path) -> None:
    report = make(tmp_path / "data", households=3000, format="parquet", errors=ErrorRates.none())
    text = find(report, "human_resources").read_bytes().decode("gb18030").split("\r\n")
    human = [dict(zip(HUMAN_RESOURCES, line.split(","), strict=True)) for line in text[1:-1]]
    coded(
        human,
        {
            "文化程度": LISTS["education"],
            "人员类别": LISTS["person_category"],
            "就业状态": LISTS["employment_status"],
            "就业形式": LISTS["employment_form"],
            "意愿地点": LISTS["wish_scope"],
            "输出方式": LISTS["export_mode"],
            "证书类型": LISTS["certificate_kind"],
            "技能等级": LISTS["skill_level"],
            "不能外出原因": LISTS["cannot_leave_reason"],
        },
    )
    coded(
        [row for p in report.files if p.name.startswith("civil") for row in pq.read_table(p).to_pylist()],
        {
            "与户主关系": LISTS["relation"],
            "城乡类别": LISTS["urban_rural"],
            "救助类别": LISTS["benefit_kind"],
            "保障类别": LISTS["benefit_class"],
            "致困原因": LISTS["hardship_cause"],
            "劳动能力": LISTS["labour_ability"],
            "残疾类别": LISTS["disability_kind"],
            "残疾等级": LISTS["disability_level"],
            "供养方式": LISTS["support_mode"],
            "状态": LISTS["benefit_state"],
        },
    )
    coded(
        pq.read_table(find(report, "rural")).to_pylist(),
        {
            "与户主关系": LISTS["relation"],
            "民族": LISTS["nationality"],
            "文化程度": LISTS["education"],
            "在校生状况": LISTS["school_state"],
            "健康状况": LISTS["health"],
            "劳动技能": LISTS["labour_skill"],
            "户类型": LISTS["household_kind"],
            "监测对象类别": LISTS["monitored_kind"],
            "风险类型": LISTS["risk_kind"],
            "务工区域": LISTS["work_region"],
        },
    )
    lines = gzip.decompress(find(report, "referrals").read_bytes()).decode().splitlines()
    coded(
        [json.loads(line) for line in lines],
        {
            "状态": LISTS["referral_state"],
            "结果": LISTS["outcome_result"],
            "原因": LISTS["outcome_reason"],
        },
    )


def test_codes_of_households_and_people_begin_with_the_village(tmp_path: Path) -> None:
    report = make(tmp_path / "data", format="parquet")
    rows = pq.read_table(find(report, "rural")).to_pylist()
    people = {row["true_person_id"]: row for row in pq.read_table(find(report, "people")).to_pylist()}
    truth = [row for row in pq.read_table(find(report, "persons")).to_pylist() if row["file_name"].startswith("rural")]
    for row, true in zip(rows, truth, strict=True):
        assert len(row["户编号"]) == 17
        assert len(row["人编号"]) == 19
        assert row["人编号"].startswith(row["户编号"])
        assert row["户编号"][:12] == people[true["true_person_id"]]["registered_region_code"]
    codes = {row["人编号"]: true["true_person_id"] for row, true in zip(rows, truth, strict=True)}
    assert len(set(codes.values())) == len(codes)


def test_what_does_not_fit_a_worksheet_goes_to_parquet(tmp_path: Path) -> None:
    report = make(tmp_path / "data", xlsx_row_limit=40)
    endings = {path.name.split("_5")[0]: path.suffix for path in report.files[:5]}
    assert endings == {"human_resources": ".csv", "civil_affairs": ".parquet", "rural_revitalization": ".parquet"}
    asked = make(tmp_path / "asked", xlsx_row_limit=40, format="xlsx")
    assert find(asked, "rural").suffix == ".parquet"
    lines = make(tmp_path / "lines", xlsx_row_limit=40, format="ndjson")
    assert find(lines, "rural").suffix == ".ndjson"


@pytest.mark.parametrize(
    ("rows", "limit", "asked", "chosen"),
    [
        (100_000, 1_048_576, None, "xlsx"),
        (100_001, 1_048_576, None, "ndjson"),
        (1_048_575, 1_048_576, "xlsx", "xlsx"),
        (1_048_576, 1_048_576, "xlsx", "parquet"),
        (1_048_576, 1_048_576, None, "parquet"),
        (10, 1_048_576, "parquet", "parquet"),
    ],
)
def test_the_format_follows_the_number_of_rows(rows: int, limit: int, asked: str | None, chosen: str) -> None:
    writer = Writer(Path(), REGION, "", date(2026, 6, 1), limit)
    sheet = Sheet({}, np.zeros(rows, dtype=np.int64), Record(rows))
    assert writer.rural_format(sheet, asked) == chosen


def test_months_run_over_the_turn_of_the_year() -> None:
    assert months_up_to(date(2026, 1, 15), 3) == [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 15)]


def test_nothing_latent_is_written(report: SimulationReport) -> None:
    words = re.compile(r"latent|taste|quality|utility|surplus|luck|hardship|outside_option|appeal|潜|偏好")
    for path in report.files:
        if path.suffix == ".parquet":
            names = "\n".join(pq.read_schema(path).names)
        elif path.suffix == ".gz":
            names = "\n".join(
                {key for line in gzip.decompress(path.read_bytes()).splitlines() for key in json.loads(line)}
            )
        elif path.suffix == ".xlsx":
            names = "\n".join(str(cell) for row in cells(path)[:3] for cell in row)
        else:
            names = io.BytesIO(path.read_bytes()).read(4000).decode("gb18030", errors="replace")
        assert not words.search(names), path.name


def test_what_writes_files_never_looks_at_what_is_latent() -> None:
    folder = Path(str(simulate.__file__)).parent
    for name in ("human_resources", "civil_affairs", "rural_revitalization", "market_files", "files", "truth", "sheet",
                 "write_text", "write_xlsx", "columns", "faults"):  # fmt: skip
        source = (folder / f"{name}.py").read_text(encoding="utf-8")
        assert not re.search(r"\.latent|\.quality|away_taste|sector_taste|Latent", source), name


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"region": "999999000000"}, "Region 999999000000"),
        ({"region": "5306"}, "Region 5306"),
        ({"region": "310000000000"}, "no villages"),
        ({"households": 0}, "at least one household"),
        ({"seed": -1}, "seed"),
        ({"scenario": "rich"}, "scenario rich"),
        ({"format": "docx"}, "format docx"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path, changes: dict[str, object], word: str) -> None:
    with pytest.raises(SimulationError, match=word) as caught:
        make(tmp_path / "data", **changes)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert not (tmp_path / "data").exists(), "nothing is written"
    assert isinstance(caught.value, ValueError)


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SimulationError, match="not an empty directory"):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert make(empty, households=3).persons > 0


@pytest.mark.parametrize("region", ["530000000000", "530600000000", "530627000000", "530627212000", "530627212208"])
def test_any_region_from_the_province_to_a_village(tmp_path: Path, region: str) -> None:
    report = make(tmp_path / "data", region=region, households=40, format="parquet")
    prefix = region.rstrip("0")
    people = pq.read_table(find(report, "people")).to_pylist()
    assert all(row["registered_region_code"].startswith(prefix) for row in people)
    assert report.rows > 40
