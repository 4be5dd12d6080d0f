"""Files → batches, source records and rejections; refused, repeated, changed, broken off and run again."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import xlsxwriter

from hub.clock import FixedClock
from hub.db.sql import load_queries
from hub.errors import InvalidInput
from hub.intake.ingest import Intake, ingest_file, ingest_paths
from hub.intake.keep import kept_path
from hub.intake.naming import FileName
from hub.intake.refusal import Limits
from hub.intake.report import BatchReport
from hub.settings import Settings
from hub.telemetry import SilentProgress
from schema.feeds import load_layouts

FEEDS = Path(__file__).parent.parent / "data" / "feeds"
COUNTY = "530627000000"
HEADINGS = ["姓名", "身份证号码", "就业状态", "文化程度", "外出时间"]


def person(number: int, *, state: str = "未就业", education: str = "初中", left: str = "2026-01-02") -> list[str]:
    return [f"张云{'山水明芳兰竹菊松'[number]}", f"00123419850307{number:03d}1", state, education, left]


def put(folder: Path, name: str, rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("".join(",".join(row) + "\n" for row in [headings, *rows]), encoding="utf-8")
    return path


def hr(folder: Path, day: str, rows: Sequence[Sequence[str]], suffix: str = "") -> Path:
    return put(folder, f"human_resources_{COUNTY}_{day}{suffix}.csv", rows)


class Runner:
    """Ingests with the fixtures' database and clock."""

    def __init__(self, pool: asyncpg.Pool, settings: Settings, clock: FixedClock) -> None:
        self.pool, self.settings, self.clock = pool, settings, clock

    async def __call__(self, *paths: Path, **given: Any) -> list[BatchReport]:
        return await ingest_paths(
            self.pool, paths, settings=self.settings, clock=self.clock, progress=SilentProgress(), **given
        )

    async def one(self, path: Path, **given: Any) -> BatchReport:
        (report,) = await self(path, **given)
        return report

    def intake(self, **other: Any) -> Intake:
        return Intake(
            pool=self.pool, settings=self.settings, clock=self.clock,
            layouts=load_layouts(self.settings.layouts_dir), **other,
        )  # fmt: skip

    async def records(self) -> list[tuple[str, str, str, str | None]]:
        """Name, education, last day seen, day gone."""
        rows = await self.pool.fetch(
            "SELECT values->>'name' AS name, values->>'education' AS education, seen_on::text, gone_on::text "
            "FROM intake.source_record ORDER BY source_record_id"
        )
        return [tuple(row) for row in rows]

    async def state(self) -> dict[str, list[dict[str, Any]]]:
        """All that intake has written, without surrogate numbers."""
        return {
            "records": await self._rows(
                "SELECT b.file_name, r.line, r.feed, r.entity, r.department, r.region_code, r.record_key, r.row_hash, "
                "r.values, r.raw, r.as_of, r.seen_on, r.gone_on FROM intake.source_record r JOIN intake.batch b "
                "USING (batch_id) ORDER BY b.file_name, r.line"
            ),
            "batches": await self._rows(
                "SELECT feed, entity, department, region_code, layout_sha256, file_sha256, file_name, size_bytes, "
                "mode, as_of, state, headings, rows_read, rows_new, rows_unchanged, rows_gone, rows_rejected, refusal, "
                "received_at, finished_at FROM intake.batch ORDER BY file_name"
            ),
            "rejections": await self._rows(
                "SELECT b.file_name, j.line, j.field, j.heading, j.code, j.reason, j.raw FROM intake.rejection j "
                "JOIN intake.batch b USING (batch_id) ORDER BY b.file_name, j.line, j.field"
            ),
            "staged": await self._rows("SELECT * FROM intake.staged_row"),
            "files": [{"name": path.name} for path in sorted(self.settings.files_dir.rglob("*")) if path.is_file()],
        }

    async def _rows(self, query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.pool.fetch(query)]


@pytest.fixture
def run(pool: asyncpg.Pool, settings: Settings, clock: FixedClock) -> Runner:
    return Runner(pool, settings, clock)


def counts(report: BatchReport) -> tuple[int, int, int, int, int, int]:
    assert report.state == "landed", report
    total = report.rows_new + report.rows_unchanged + report.rows_rejected + report.rows_repeated
    assert report.rows_read == total
    return (
        report.rows_read, report.rows_new, report.rows_unchanged, report.rows_gone, report.rows_rejected,
        report.rows_repeated,
    )  # fmt: skip


# -- landing -----------------------------------------------------------------------------------------------------------


async def test_a_directory_lands_with_what_the_files_names_say(run: Runner, tmp_path: Path) -> None:
    shutil.copytree(FEEDS, tmp_path / "day" / "feeds")
    (tmp_path / "day" / "truth").mkdir()
    (tmp_path / "day" / "truth" / "people.csv").write_text("姓名\n", encoding="utf-8")
    reports = await run(tmp_path / "day")
    assert {report.feed: counts(report)[:2] for report in reports} == {
        "human_resources": (4, 4), "openings": (2, 2), "posts": (1, 1), "programmes": (1, 1), "referrals": (2, 2),
        "rural_revitalization": (2, 2),
    }  # fmt: skip
    assert {report.region_code for report in reports} == {COUNTY}
    assert {report.as_of for report in reports} == {date(2026, 6, 1)}
    state = await run.state()
    assert state["staged"] == []
    for row in state["records"]:
        digest = sha256(json.dumps(row["values"], ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())
        assert row["row_hash"] == digest.digest()
    batches = {batch["feed"]: batch for batch in state["batches"]}
    assert (batches["openings"]["entity"], batches["openings"]["department"]) == ("opening", "human_resources")
    for batch in batches.values():
        kept = kept_path(run.settings.files_dir, batch["file_sha256"])
        assert kept.read_bytes() == (FEEDS / batch["file_name"]).read_bytes()
        assert batch["size_bytes"] == kept.stat().st_size
    raw = next(row["raw"] for row in state["records"] if row["values"].get("name") == "李𠮷㑇")
    assert raw[3] == "云南省昭通市镇雄县\r\n泼机镇龙翔社区"  # as it came, quotes and line's end and all
    assert raw[12] == '镇雄县"泼机"镇'


async def test_the_same_file_twice_writes_nothing(run: Runner, tmp_path: Path) -> None:
    path = hr(tmp_path, "20260601", [person(1), person(2, education="幼儿园")])
    first = await run.one(path)
    before = await run.state()
    later = Runner(run.pool, run.settings, FixedClock(run.clock.at + timedelta(days=1)))
    again = await later.one(path)
    assert (again.state, again.batch_id, again.rows_read) == ("unchanged", first.batch_id, 2)
    renamed = tmp_path / f"human_resources_{COUNTY}_20260601_full.csv"
    shutil.copy(path, renamed)
    assert (await later.one(renamed)).state == "unchanged"
    assert await run.state() == before


async def test_changed_gone_and_unchanged_rows(run: Runner, tmp_path: Path) -> None:
    assert counts(await run.one(hr(tmp_path, "20260401", [person(1), person(2), person(3)]))) == (3, 3, 0, 0, 0, 0)
    report = await run.one(hr(tmp_path, "20260501", [person(1), person(2, education="高中"), person(4)]))
    assert counts(report) == (3, 2, 1, 2, 0, 0)
    assert await run.records() == [
        ("张云水", "70", "2026-05-01", None), ("张云明", "70", "2026-04-01", "2026-05-01"),
        ("张云芳", "70", "2026-04-01", "2026-05-01"), ("张云明", "60", "2026-05-01", None),
        ("张云兰", "70", "2026-05-01", None),
    ]  # fmt: skip
    report = await run.one(
        hr(tmp_path, "20260601", [person(3), person(1)])
    )  # one comes back, the order does not matter
    assert counts(report) == (2, 1, 1, 2, 0, 0)
    current = [name for name, _, _, gone in await run.records() if gone is None]
    assert sorted(current) == ["张云水", "张云芳"]


async def test_other_regions_and_feeds_are_let_alone(run: Runner, tmp_path: Path) -> None:
    await run.one(hr(tmp_path, "20260501", [person(1), person(2)]))
    other = put(tmp_path, "human_resources_530628000000_20260502.csv", [person(1)])
    assert counts(await run.one(other)) == (1, 1, 0, 0, 0, 0)
    assert all(gone is None for *_, gone in await run.records())


async def test_a_row_said_twice_is_one_row(run: Runner, tmp_path: Path) -> None:
    report = await run.one(hr(tmp_path, "20260601", [person(1), person(2), person(1), person(1)]))
    assert counts(report) == (4, 2, 0, 0, 0, 2)
    assert [row["line"] for row in (await run.state())["records"]] == [2, 3]


async def test_a_row_that_cannot_be_read_does_not_make_its_person_gone(run: Runner, tmp_path: Path) -> None:
    await run.one(hr(tmp_path, "20260501", [person(1), person(2), person(3)]))
    report = await run.one(hr(tmp_path, "20260601", [person(1), person(2, education="幼儿园")]))
    assert counts(report) == (2, 0, 1, 1, 1, 0)
    assert report.rejected_by_code == {"code_unknown": 1}
    assert [(name, gone) for name, _, _, gone in await run.records()] == [
        ("张云水", None), ("张云明", None), ("张云芳", "2026-06-01"),
    ]  # fmt: skip
    # Said once readably and once not, it is the readable one that counts.
    rows = [person(1), person(2, education="幼儿园"), person(2, education="高中")]
    await run.one(hr(tmp_path, "20260602", rows))
    assert [(education, gone) for name, education, _, gone in await run.records() if name == "张云明"] == [
        ("70", "2026-06-02"), ("60", None),
    ]  # fmt: skip


async def test_a_delta_replaces_what_it_names_and_leaves_the_rest(run: Runner, tmp_path: Path) -> None:
    await run.one(hr(tmp_path, "20260501", [person(1), person(2), person(3)]))
    report = await run.one(hr(tmp_path, "20260510", [person(2, education="高中"), person(4), person(1)], "_delta"))
    assert (report.mode, counts(report)) == ("delta", (3, 2, 1, 1, 0, 0))
    assert sorted((name, education) for name, education, _, gone in await run.records() if gone is None) == [
        ("张云兰", "70"), ("张云明", "60"), ("张云水", "70"), ("张云芳", "70"),
    ]  # fmt: skip


async def test_a_late_delta_does_not_undo_what_is_known_since(run: Runner, tmp_path: Path) -> None:
    await run.one(hr(tmp_path, "20260501", [person(1), person(2)]))
    await run.one(hr(tmp_path, "20260510", [person(2, education="高中")], "_delta"))
    report = await run.one(hr(tmp_path, "20260505", [person(2, education="小学"), person(1)], "_delta"))
    assert counts(report) == (2, 0, 1, 0, 1, 0)
    assert report.rejected_by_code == {"row_stale": 1}
    assert [(name, education) for name, education, _, gone in await run.records() if gone is None] == [
        ("张云水", "70"), ("张云明", "60"),
    ]  # fmt: skip


# -- refusals ----------------------------------------------------------------------------------------------------------


async def refusal_of(run: Runner, path: Path, code: str, **given: Any) -> BatchReport:
    """The file is refused, twice alike, with a batch that says why; nothing else is written."""
    before = (await run.state())["records"]
    report = await run.one(path, **given)
    assert report.state == "refused"
    assert report.refusal is not None
    assert report.refusal.code == code
    assert report.refusal.hint
    state = await run.state()
    assert state["records"] == before
    assert state["staged"] == []
    if report.batch_id is not None:
        (batch,) = [row for row in state["batches"] if row["file_name"] == path.name]
        assert (batch["state"], batch["refusal"]["code"]) == ("refused", code)
        assert set(batch["refusal"]) == {"code", "detail", "hint", "where"}
        assert [row for row in state["rejections"] if row["file_name"] == path.name] == []
    assert await run.one(path, **given) == report
    assert await run.state() == state
    return report


async def test_a_file_of_another_layout_than_its_name_says(run: Runner, tmp_path: Path) -> None:
    path = put(tmp_path, f"civil_affairs_{COUNTY}_20260601.csv", [person(1)])
    report = await refusal_of(run, path, "heading_missing")
    assert report.batch_id is not None
    assert report.refusal is not None
    assert "救助证号 (certificate_number)" in report.refusal.detail


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (",".join(HEADINGS) + "\n", "no_rows"),
        (",".join(HEADINGS) + "\n合计,2,,,\n", "no_rows"),
        (",".join(HEADINGS) + "\n张,001,幼儿园,幼儿园,x\n", "no_readable_rows"),
        ("", "file_empty"),
        ("<html></html>", "format_unknown"),
    ],
)
async def test_files_without_what_they_promise(run: Runner, tmp_path: Path, content: str, code: str) -> None:
    await run.one(hr(tmp_path, "20260501", [person(1)]))
    path = tmp_path / f"human_resources_{COUNTY}_20260601.csv"
    path.write_text(content, encoding="utf-8")
    assert (await refusal_of(run, path, code)).batch_id is not None
    assert [gone for *_, gone in await run.records()] == [None]


async def test_undecodable_and_damaged_files(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / f"human_resources_{COUNTY}_20260601.csv"
    path.write_bytes(",".join(HEADINGS).encode() + b"\n" + b"\xff\xfe\xff,\xff\n" * 50)
    assert (await refusal_of(run, path, "undecodable")).refusal is not None
    path = tmp_path / f"human_resources_{COUNTY}_20260602.csv.gz"
    path.write_bytes((FEEDS / f"referrals_{COUNTY}_20260601.ndjson.gz").read_bytes()[:-20])
    await refusal_of(run, path, "file_broken")


async def test_an_older_file_than_the_newest_landed_one(run: Runner, tmp_path: Path) -> None:
    await run.one(hr(tmp_path, "20260601", [person(1)]))
    report = await refusal_of(run, hr(tmp_path, "20260501", [person(2)]), "older_than_landed")
    assert report.refusal is not None
    assert "2026-05-01" in report.refusal.detail
    assert "2026-06-01" in report.refusal.detail
    await refusal_of(run, hr(tmp_path, "20260502", [person(2)], "_delta"), "older_than_landed")


async def test_a_corrected_file_of_the_same_day_lands(run: Runner, tmp_path: Path) -> None:
    await run.one(hr(tmp_path, "20260601", [person(1)]))
    report = await run.one(hr(tmp_path / "b", "20260601", [person(2)]))
    assert counts(report) == (1, 1, 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("名单.csv", "region_missing"),
        ("human_resources_530627_20261301.csv", "day_missing"),
        ("human_resources_999999000000_20260601.csv", "region_unknown"),
        (f"human_resources_{COUNTY}_20260616.csv", "day_in_future"),
    ],
)
async def test_files_nobody_can_place(run: Runner, tmp_path: Path, name: str, code: str) -> None:
    report = await refusal_of(run, put(tmp_path, name, [person(1)]), code)
    assert report.batch_id is None
    assert not run.settings.files_dir.exists() or not list(run.settings.files_dir.iterdir())


async def test_a_file_without_a_telling_name_is_known_by_its_headings(run: Runner, tmp_path: Path) -> None:
    path = put(tmp_path, "名单.csv", [person(1)])
    report = await run.one(path, region_code="530627", as_of=date(2026, 6, 1), mode="delta")
    assert (report.feed, report.region_code, report.mode, report.state) == (
        "human_resources", COUNTY, "delta", "landed",
    )  # fmt: skip
    unknown = put(tmp_path, "别的.csv", [["1"]], headings=["天气"])
    report = await refusal_of(run, unknown, "feed_unknown", region_code="530627", as_of=date(2026, 6, 1))
    assert report.batch_id is None
    assert len(list(run.settings.files_dir.rglob("*"))) == 2  # the first file and its folder: nothing of the second


async def test_headings_that_fit_two_layouts_alike_are_not_guessed(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "layouts").mkdir()
    for name in ("one", "two"):
        (tmp_path / "layouts" / f"{name}.toml").write_text(
            f'name = "{name}"\nentity = "person"\ndepartment = "{name}"\nrecord_key = [["name"]]\n'
            '[fields.name]\nheadings = ["何人"]\nrequired = true\n',
            encoding="utf-8",
        )
    other = Runner(run.pool, replace(run.settings, layouts_dir=tmp_path / "layouts"), run.clock)
    path = put(tmp_path, "a.csv", [["甲"]], headings=["何人"])
    await refusal_of(other, path, "feed_ambiguous", region_code=COUNTY, as_of=date(2026, 6, 1))
    report = await other.one(path, region_code=COUNTY, as_of=date(2026, 6, 1), feed="two")
    assert counts(report) == (1, 1, 0, 0, 0, 0)


async def test_a_refused_file_does_not_keep_the_others(run: Runner, tmp_path: Path) -> None:
    put(tmp_path, f"civil_affairs_{COUNTY}_20260601.csv", [["x"]], headings=["y"])
    put(tmp_path, "readme.txt", [["x"]], headings=["y"])
    (tmp_path / "~$lock.xlsx").write_bytes(b"x")
    (tmp_path / ".hidden").write_bytes(b"x")
    hr(tmp_path, "20260501", [person(1)])
    hr(tmp_path, "20260601", [person(2)])
    reports = await run(tmp_path)
    assert [(report.file_name.split("_")[0], report.state) for report in reports] == [
        ("human", "landed"), ("civil", "refused"), ("human", "landed"), ("readme.txt", "refused"),
    ]  # fmt: skip


async def test_calls_that_cannot_be_carried_out(run: Runner, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="path_missing"):
        await run(tmp_path / "nothing")
    with pytest.raises(InvalidInput, match="feed_unknown"):
        await run(tmp_path, feed="weather")
    (tmp_path / "bad.toml").write_text("name =", encoding="utf-8")
    broken = Runner(run.pool, replace(run.settings, layouts_dir=tmp_path), run.clock)
    with pytest.raises(InvalidInput, match=r"layout_invalid.*bad\.toml"):
        await broken(tmp_path)


async def test_limits_met_in_the_middle_of_a_file_refuse_it_whole(run: Runner, tmp_path: Path) -> None:
    rows = [person(number % 8, left=f"2026-01-{number % 28 + 1:02d}") for number in range(40_000)]
    path = hr(tmp_path, "20260601", rows)
    intake = run.intake(limits=Limits(unpacked_bytes=1_500_000))
    report = await ingest_file(intake, path)
    assert report.refusal is not None
    assert report.refusal.code == "file_too_large"
    path = hr(tmp_path, "20260602", [person(1), *([person(2, education="幼儿园")] * 20_000)])
    report = await ingest_file(run.intake(limits=Limits(rejections=10_000)), path)
    assert report.refusal is not None
    assert report.refusal.code == "rejections_too_many"
    assert "code_unknown" in report.refusal.detail
    assert (await run.state())["records"] == []


# -- layouts that change -----------------------------------------------------------------------------------------------


async def test_a_mended_layout_lands_the_same_file_anew(run: Runner, tmp_path: Path) -> None:
    path = hr(tmp_path / "in", "20260601", [person(1), person(2, education="扫盲班"), person(3)])
    first = await run.one(path)
    assert counts(first) == (3, 2, 0, 0, 1, 0)
    text = Path("schema/feeds/human_resources.toml")
    source = (Path(__file__).parent.parent.parent / text).read_text(encoding="utf-8")
    mended = source.replace('headings = ["文化程度"', 'codes = { "扫盲班" = "90" }\nheadings = ["文化程度"')
    assert mended != source
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "hr.toml").write_text(mended, encoding="utf-8")
    other = Runner(run.pool, replace(run.settings, layouts_dir=tmp_path / "layouts"), run.clock)
    second = await other.one(path)
    assert (second.batch_id, counts(second)) == (first.batch_id, (3, 1, 2, 0, 0, 0))
    assert (await run.state())["rejections"] == []
    assert (await other.one(path)).state == "unchanged"


async def test_a_fourth_department_lands_from_a_directory_of_layouts(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "medical_insurance.toml").write_text(
        """
name = "medical_insurance"
entity = "person"
department = "medical_insurance"
heading_rows = 2
record_key = [["citizen_number"]]
required_headings = ["name", "health"]
[fields.name]
headings = ["参保人"]
required = true
[fields.citizen_number]
headings = ["社会保障号"]
required = true
[fields.health]
headings = ["诊断/病种"]
codes = { "慢特病" = "chronic", "大额" = "serious" }
[fields.identified_on]
headings = ["诊断/确诊日"]
forms = ["D-M-YYYY"]
""",
        encoding="utf-8",
    )
    book = xlsxwriter.Workbook(tmp_path / f"medical_insurance_{COUNTY}_20260601.xlsx")
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 0, 3, "大额医疗费用名单")
    sheet.merge_range(1, 0, 2, 0, "参保人")
    sheet.merge_range(1, 1, 2, 1, "社会保障号")
    sheet.merge_range(1, 2, 1, 3, "诊断")
    sheet.write_row(2, 2, ["病种", "确诊日"])
    sheet.write_row(3, 0, ["张云山", "001234198503070011", "大额", "17-3-2026"])
    sheet.write_row(4, 0, ["合计", "", "1"])
    book.close()
    other = Runner(run.pool, replace(run.settings, layouts_dir=tmp_path / "layouts"), run.clock)
    report = await other.one(tmp_path / f"medical_insurance_{COUNTY}_20260601.xlsx")
    assert counts(report) == (1, 1, 0, 0, 0, 0)
    (record,) = (await run.state())["records"]
    assert (record["department"], record["line"], record["values"]) == (
        "medical_insurance", 4,
        {"name": "张云山", "citizen_number": "001234198503070011", "health": "serious", "identified_on": "2026-03-17"},
    )  # fmt: skip


# -- broken off and run again ------------------------------------------------------------------------------------------


class BrokenOff(BaseException):
    """What the test stops a run with; no handler for errors catches it."""


STEPS = (
    "keep", "receive", "lock", "stage", "drop_repeated", "store_stale", "drop_stale", "mark_seen", "mark_absent",
    "mark_replaced", "store_records", "clear_staged", "finish", "commit", "done", "refuse",
)  # fmt: skip


def stop_at(step: str, hits: list[str]) -> Callable[[str], None]:
    def checkpoint(name: str) -> None:
        if name == step:
            hits.append(name)
            raise BrokenOff

    return checkpoint


def two_months(folder: Path) -> list[Path]:
    """A full file; another with every kind of change; a delta; one to be refused."""
    return [
        hr(folder, "20260401", [person(1), person(2), person(3), person(5, education="幼儿园")]),
        hr(folder, "20260501", [person(1), person(2, education="高中"), person(4), person(4), ["x"]]),
        hr(folder, "20260510", [person(1, education="小学"), person(6), person(7, left="?")], "_delta"),
        put(folder, f"openings_{COUNTY}_20260510.csv", [["x"]]),
    ]


@pytest.mark.parametrize("step", STEPS)
async def test_broken_off_at_any_step_and_run_again_it_ends_the_same(run: Runner, tmp_path: Path, step: str) -> None:
    files = two_months(tmp_path / "in")
    hits: list[str] = []
    for path in files:
        try:
            await ingest_file(run.intake(checkpoint=stop_at(step, hits)), path)
        except BrokenOff:
            await ingest_file(run.intake(), path)
    assert hits, f"no file came to {step}"
    assert (await run.state())["staged"] == []
    _check_end(await run.state())


def _check_end(state: dict[str, list[dict[str, Any]]]) -> None:
    """What an undisturbed run leaves, told by hand."""
    records = [
        (r["values"]["name"], r["values"]["education"], str(r["as_of"]), str(r["gone_on"])) for r in state["records"]
    ]
    assert sorted(records) == sorted(
        [
            ("张云水", "70", "2026-04-01", "2026-05-10"), ("张云明", "70", "2026-04-01", "2026-05-01"),
            ("张云芳", "70", "2026-04-01", "2026-05-01"), ("张云明", "60", "2026-05-01", "None"),
            ("张云兰", "70", "2026-05-01", "None"), ("张云水", "80", "2026-05-10", "None"),
            ("张云菊", "70", "2026-05-10", "None"),
        ]
    )  # fmt: skip
    assert [(b["state"], b["rows_read"], b["rows_new"], b["rows_rejected"]) for b in state["batches"]] == [
        ("landed", 4, 3, 1), ("landed", 5, 2, 1), ("landed", 3, 2, 1), ("refused", 0, 0, 0),
    ]  # fmt: skip
    assert [(r["line"], r["code"]) for r in state["rejections"]] == [
        (5, "code_unknown"), (6, "row_width"), (4, "date_unreadable"),
    ]  # fmt: skip
    assert len(state["files"]) == 4


async def test_undisturbed_it_ends_so_too(run: Runner, tmp_path: Path) -> None:
    await run(*two_months(tmp_path / "in"))
    _check_end(await run.state())


async def test_an_error_in_the_reading_thread_undoes_the_landing(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hr(tmp_path, "20260601", [person(1)])

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr("hub.intake.stage.encode_rows", fail)
        with pytest.raises(OSError, match="the disk is gone"):
            await run.one(path)
    state = await run.state()
    assert [batch["state"] for batch in state["batches"]] == ["received"]
    assert (state["records"], state["staged"]) == ([], [])
    assert counts(await run.one(path)) == (1, 1, 0, 0, 0, 0)


async def test_a_cancelled_run_leaves_nothing_and_no_draft(run: Runner, tmp_path: Path) -> None:
    rows = [person(number % 8, left=f"20{number % 90 + 10}-01-0{number % 9 + 1}") for number in range(60_000)]
    path = hr(tmp_path, "20260601", rows)
    task = asyncio.create_task(run.one(path))
    await asyncio.sleep(0.25)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    state = await run.state()
    assert (state["records"], state["staged"]) == ([], [])
    assert not list(run.settings.files_dir.glob("*.part"))
    assert (await run.one(path)).state == "landed"


async def test_the_same_file_twice_at_once_lands_once(run: Runner, tmp_path: Path) -> None:
    path = hr(tmp_path, "20260601", [person(number) for number in range(8)])
    reports = await asyncio.gather(*(run.one(path) for _ in range(4)))
    assert sorted(report.state for report in reports) == ["landed", "unchanged", "unchanged", "unchanged"]
    assert len({report.batch_id for report in reports}) == 1
    assert len((await run.state())["records"]) == 8


async def test_a_file_waits_while_another_of_its_feed_and_region_lands(run: Runner, tmp_path: Path) -> None:
    path = hr(tmp_path, "20260601", [person(1)])
    elsewhere = put(tmp_path, "human_resources_530628000000_20260601.csv", [person(1)])
    steps: list[str] = []
    async with run.pool.acquire() as other, other.transaction():
        await other.execute(load_queries("hub.intake").lock_feed, "human_resources", COUNTY)
        waiting = asyncio.create_task(ingest_file(run.intake(checkpoint=steps.append), path))
        assert counts(await run.one(elsewhere)) == (1, 1, 0, 0, 0, 0)
        await asyncio.sleep(0.2)
        assert steps == ["keep", "receive", "lock"]
    assert counts(await waiting) == (1, 1, 0, 0, 0, 0)


async def test_two_files_of_a_feed_at_once_land_one_after_the_other(run: Runner, tmp_path: Path) -> None:
    early = hr(tmp_path, "20260501", [person(1), person(2)])
    late = hr(tmp_path, "20260601", [person(2), person(3)])
    reports = await asyncio.gather(run.one(late), run.one(early))
    await run(early, late)
    current = sorted(name for name, _, _, gone in await run.records() if gone is None)
    assert current == ["张云明", "张云芳"]
    assert {report.state for report in reports} <= {"landed", "refused"}


async def test_a_call_may_say_what_the_name_does_not(run: Runner, tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", [person(1)])
    report = await ingest_file(run.intake(), path, given=FileName("human_resources", COUNTY, date(2026, 6, 1), None))
    assert counts(report) == (1, 1, 0, 0, 0, 0)
    assert report.unused_headings == ()
