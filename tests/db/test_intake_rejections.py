"""Rejected rows go back as a workbook and come again mended."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg
import pytest
import python_calamine as calamine
import xlsxwriter

from hub.clock import FixedClock
from hub.errors import LimitExceeded, NotFound
from hub.intake import rejections as module
from hub.intake.ingest import ingest_paths
from hub.intake.rejections import fetch_rejections, store_rejections_xlsx
from hub.intake.report import BatchReport
from hub.settings import Settings
from hub.telemetry import SilentProgress

COUNTY = "530627000000"


async def ingest(pool: asyncpg.Pool, path: Path, settings: Settings, clock: FixedClock) -> BatchReport:
    (report,) = await ingest_paths(pool, [path], settings=settings, clock=clock, progress=SilentProgress())
    return report


def rows_of(path: Path) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in calamine.load_workbook(path).get_sheet_by_index(0).iter_rows()]


def write(path: Path, rows: list[list[str]]) -> None:
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
    book.close()


async def test_rows_come_back_to_be_mended_and_the_mended_land(
    pool: asyncpg.Pool, settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    feed = tmp_path / f"human_resources_{COUNTY}_20260601.csv"
    feed.write_text(
        "序号,姓名,身份证号码,就业状态,文化程度,外出时间,备注\n"
        "1,张云山,001234198503070011,未就业,初中,2026-01-02,\n"
        '2,=cmd|calc,001234198503070029,未就业,幼儿园,昨天,"=HYPERLINK(""http://x"")"\n'
        "3,,001234198503070037,未就业,初中,,\n"
        "4,李山,001234198503070045\n",
        encoding="utf-8",
    )
    first = await ingest(pool, feed, settings, clock)
    assert (first.rows_new, first.rows_rejected) == (1, 3)
    assert first.batch_id is not None
    assert first.unused_headings == ("序号", "备注")

    rejected = await fetch_rejections(pool, first.batch_id)
    assert rejected.headings == ("序号", "姓名", "身份证号码", "就业状态", "文化程度", "外出时间", "备注")
    assert [(r.line, r.field, r.heading, r.code) for r in rejected.rejections] == [
        (3, "education", "文化程度", "code_unknown"), (3, "left_on", "外出时间", "date_unreadable"),
        (4, "name", "姓名", "required_missing"), (5, None, None, "row_width"),
    ]  # fmt: skip

    back = tmp_path / "back.xlsx"
    assert await store_rejections_xlsx(pool, first.batch_id, back) == 3
    rows = rows_of(back)
    assert rows[0] == ["行号", "问题", *rejected.headings]
    assert rows[1] == [
        "3", "“文化程度”不在允许的选项之内；“外出时间”不是能识别的日期", "2", "=cmd|calc", "001234198503070029",
        "未就业", "幼儿园", "昨天", '=HYPERLINK("http://x")',
    ]  # fmt: skip
    assert rows[3][:5] == ["5", "本行有3列，应为7列", "4", "李山", "001234198503070045"]

    # Unmended, the workbook is a delta whose rows are rejected again; the one short of cells has blank ones now.
    delta = tmp_path / f"human_resources_{COUNTY}_20260601_delta.xlsx"
    delta.write_bytes(back.read_bytes())
    again = await ingest(pool, delta, settings, clock)
    assert (again.state, again.rows_new, again.rows_rejected, again.rows_gone) == ("landed", 1, 2, 0)

    rows[1][3], rows[1][6], rows[1][7] = "王云", "初中", "2026-06-01"
    rows[2][3] = "陈兰"
    rows[3][5] = "已就业"  # what landed of him unmended is replaced
    write(delta, rows)
    mended = await ingest(pool, delta, settings, clock)
    assert (mended.mode, mended.rows_read, mended.rows_new, mended.rows_rejected, mended.rows_gone) == (
        "delta", 3, 3, 0, 1,
    )  # fmt: skip
    current = await pool.fetch(
        "SELECT values FROM intake.source_record WHERE gone_on IS NULL ORDER BY values->>'citizen_number'"
    )
    assert [row["values"]["name"] for row in current] == ["张云山", "王云", "陈兰", "李山"]


async def test_rows_of_a_form_with_headings_over_two_rows_come_back_and_land(
    pool: asyncpg.Pool, settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    feed = tmp_path / f"civil_affairs_{COUNTY}_20260601.xlsx"
    book = xlsxwriter.Workbook(feed)
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 1, 0, "救助证号")
    sheet.merge_range(0, 1, 0, 2, "户主")
    sheet.merge_range(0, 3, 0, 4, "成员")
    sheet.merge_range(0, 5, 1, 5, "救助类别")
    sheet.write_row(1, 1, ["姓名", "身份证号", "姓名", "身份证号"])
    for column, cell in ((0, "5306271020000001"), (1, "张云山"), (2, "001234198503070011"), (5, "低保")):
        sheet.merge_range(2, column, 3, column, cell)
    sheet.write_row(2, 3, ["张云山", "001234198503070011"])
    sheet.write_row(3, 4, ["001234198503070029"])
    book.close()
    first = await ingest(pool, feed, settings, clock)
    assert (first.rows_new, first.rejected_by_code) == (1, {"required_missing": 1})
    assert first.batch_id is not None
    back = tmp_path / f"civil_affairs_{COUNTY}_20260601_delta.xlsx"
    assert await store_rejections_xlsx(pool, first.batch_id, back) == 1
    rows = rows_of(back)
    assert rows[0][3] == "户主 / 姓名"
    rows[1][5] = "陈兰"
    write(back, rows)
    mended = await ingest(pool, back, settings, clock)
    assert (mended.rows_new, mended.rows_rejected, mended.rows_gone) == (1, 0, 0)
    values = await pool.fetchval("SELECT values FROM intake.source_record WHERE batch_id = $1", mended.batch_id)
    assert values == {
        "certificate_number": "5306271020000001", "head_name": "张云山", "head_citizen_number": "001234198503070011",
        "name": "陈兰", "citizen_number": "001234198503070029", "benefit_kind": "dibao",
        "registered_region_code": "530627102000",
    }  # fmt: skip


async def test_an_unreadable_line_of_ndjson_comes_back_whole(
    pool: asyncpg.Pool, settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    feed = tmp_path / f"human_resources_{COUNTY}_20260601.ndjson"
    good = {"姓名": "张云山", "身份证号码": "001234198503070011", "就业状态": "已就业"}
    feed.write_text(json.dumps(good) + '\n{"姓名": "x"\n' + json.dumps(good | {"晚": "1"}), encoding="utf-8")
    report = await ingest(pool, feed, settings, clock)
    assert (report.rows_read, report.rows_new, report.rows_repeated, report.rows_rejected) == (3, 1, 1, 1)
    assert report.batch_id is not None
    await store_rejections_xlsx(pool, report.batch_id, tmp_path / "a.xlsx")
    assert rows_of(tmp_path / "a.xlsx")[1][:3] == ["2", "本行不是完整的JSON对象", '{"姓名": "x"']


async def test_a_batch_that_is_not_there_and_too_many_rows(
    pool: asyncpg.Pool, settings: Settings, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound, match="batch_unknown"):
        await fetch_rejections(pool, 404)
    feed = tmp_path / f"human_resources_{COUNTY}_20260601.csv"
    feed.write_text("姓名,身份证号码,就业状态\n张,001,是\n,1,是\n,2,是\n", encoding="utf-8")
    report = await ingest(pool, feed, settings, clock)
    assert report.batch_id is not None
    monkeypatch.setattr(module, "_MAX_ROWS", 1)
    with pytest.raises(LimitExceeded, match="rejections_too_many"):
        await store_rejections_xlsx(pool, report.batch_id, tmp_path / "a.xlsx")
