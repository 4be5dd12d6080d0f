"""CSV intake as a share of a bare COPY of the same rows, both in one run on the same server.

The file is a full human resources feed in GB18030 with 26 columns; the COPY writes the rows intake made of it, ready as
PostgreSQL's text format, into an unlogged table of the same shape. Run with ``--quick`` for a tenth of the rows.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import asyncpg

from hub.clock import SystemClock
from hub.db import migrate, open_database
from hub.intake.ingest import ingest_paths
from hub.settings import Settings
from hub.telemetry import SilentProgress, peak_rss_mb
from schema.codes import EDUCATION, PERSON_CATEGORY
from schema.regions import full_name, load_regions

HEADINGS = (
    "姓名,身份证号码,性别,民族,联系电话,户籍地址,现居住地,文化程度,人员类别,就业状态,意愿地点,意愿工种,期望月薪,"
    "就业形式,用工单位,务工地,外出时间,返乡时间,输出方式,培训工种,证书类型,技能等级,能否外出,不能外出原因,能否上夜班,备注"
)
COUNTY = "530627000000"


def rows(count: int, rng: random.Random) -> Iterator[str]:
    """Lines of made-up people; numbers begin with 00, a region never assigned."""
    villages = [full_name(code) for code, region in load_regions().items()
                if code.startswith(COUNTY[:6]) and region.level == "village"]  # fmt: skip
    education = [entry.zh for entry in EDUCATION.entries]
    categories = [entry.zh for entry in PERSON_CATEGORY.entries]
    for number in range(count):
        born = date(1960, 1, 1) + timedelta(days=rng.randrange(16_000))
        left = date(2026, 1, 1) + timedelta(days=rng.randrange(120))
        works = rng.random() < 0.6
        address = f"{rng.choice(villages)}{rng.randrange(1, 20)}组{rng.randrange(1, 400)}号"
        yield ",".join(
            (
                rng.choice("赵钱孙李周吴郑王冯陈褚卫") + rng.choice("云山水明芳兰竹菊") + rng.choice("春夏秋冬"),
                f"00{rng.randrange(10_000):04d}{born:%Y%m%d}{number % 1000:03d}{number % 10}",
                rng.choice("男女"), rng.choice(("汉族", "苗族", "彝族")), f"199{number:08d}", address, address,
                rng.choice(education), rng.choice(categories), "已就业" if works else "未就业",
                "" if works else rng.choice(("县内", "省外")), "" if works else "电工", "" if works else "4000",
                "单位就业" if works else "", f"某某公司{rng.randrange(2_000)}" if works else "",
                "广东省深圳市" if works else "", f"{left:%Y/%m/%d}" if works else "", "", "自发" if works else "",
                "", "", "", "是", "", "否", f"第{number}行",
            )
        )  # fmt: skip


def write_file(path: Path, count: int) -> None:
    """The feed file."""
    with path.open("w", encoding="gb18030", newline="") as file:
        file.write(HEADINGS + "\r\n")
        file.writelines(line + "\r\n" for line in rows(count, random.Random(101)))  # noqa: S311  # made-up data


async def copy_seconds(app: asyncpg.Pool, owner: asyncpg.Pool) -> float:
    """Seconds of a bare COPY of the rows that landed."""
    await owner.execute("CREATE UNLOGGED TABLE intake.bare (LIKE intake.staged_row)")
    await owner.execute("GRANT INSERT ON intake.bare TO yunqiao_app")
    data = io.BytesIO()
    columns = "batch_id, line, record_key, row_hash, values, raw"
    await owner.copy_from_query(f"SELECT {columns} FROM intake.source_record", output=data)  # noqa: S608  # constants
    data.seek(0)
    async with app.acquire() as connection:
        start = time.perf_counter()
        await connection.copy_to_table("bare", schema_name="intake", source=data)
        return time.perf_counter() - start


async def run(count: int, folder: Path) -> dict[str, float]:
    """Ingest a first file, then the same again under another day with nothing new; then the bare COPY."""
    settings = Settings(data_dir=folder / "data", token_secret=b"a secret of the benchmark, 32 byte")
    await migrate(settings)
    path = folder / f"human_resources_{COUNTY}_20260501.csv"
    write_file(path, count)
    again = folder / f"human_resources_{COUNTY}_20260502.csv"
    shutil.copy(path, again)
    seconds = []
    async with open_database(settings) as app, open_database(settings, role="owner", max_size=2) as owner:
        for file in (path, again):
            start = time.perf_counter()
            (report,) = await ingest_paths(
                app, [file], settings=settings, clock=SystemClock(), progress=SilentProgress()
            )
            seconds.append(time.perf_counter() - start)
            if report.state != "landed" or report.rows_rejected:
                raise SystemExit(f"the file did not land whole: {report}")
        bare = await copy_seconds(app, owner)
    return {
        "rows": count,
        "intake_rows_per_s": round(count / seconds[0]),
        "unchanged_rows_per_s": round(count / seconds[1]),
        "copy_rows_per_s": round(count / bare),
        "share_of_copy": round(bare / seconds[0], 3),
        "peak_rss_mb": round(peak_rss_mb()),
    }


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50,000 rows in place of 500,000")
    count = 50_000 if parser.parse_args().quick else 500_000
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(run(count, Path(folder)))))


if __name__ == "__main__":
    main()
