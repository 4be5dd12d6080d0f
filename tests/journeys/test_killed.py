"""SIGKILL anywhere in intake and resolve, run again: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from hub.settings import Settings
from simulate.faults import ErrorRates
from simulate.province import simulate

POINTS = 20

#: What must be the same however often the work was interrupted. Surrogate keys may differ; what they tie together not.
END_STATE = {
    "records": """
        SELECT md5(string_agg(r, ';' ORDER BY r)) FROM (
            SELECT concat_ws('|', b.file_name, r.line, encode(r.row_hash, 'hex'), r.as_of, r.seen_on, r.gone_on) AS r
            FROM intake.source_record r JOIN intake.batch b USING (batch_id)) x""",
    "rejections": """
        SELECT md5(string_agg(r, ';' ORDER BY r)) FROM (
            SELECT concat_ws('|', b.file_name, j.line, j.field, j.code) AS r
            FROM intake.rejection j JOIN intake.batch b USING (batch_id)) x""",
    "who is who": """
        SELECT md5(string_agg(p, ';' ORDER BY p)) FROM (
            SELECT string_agg(b.file_name || ':' || r.line, ',' ORDER BY b.file_name, r.line) AS p
            FROM identity.membership m JOIN intake.source_record r USING (source_record_id)
            JOIN intake.batch b USING (batch_id) WHERE m.valid_to IS NULL GROUP BY m.person_id) x""",
    "people": """
        SELECT md5(string_agg(p, ';' ORDER BY p)) FROM (
            SELECT concat_ws('|', name, sex, born_on, citizen_number, phone, education, living_region_code, willing,
                in_work, retires_on, version) AS p FROM registry.person) x""",
    "households": """
        SELECT md5(string_agg(h, ';' ORDER BY h)) FROM (
            SELECT concat_ws('|', household_code, members_count, willing_count, zero_employment, low_income,
                version) AS h
            FROM registry.household WHERE gone_on IS NULL) x""",
    "benefit months": """
        SELECT md5(string_agg(m, ';' ORDER BY m)) FROM (
            SELECT concat_ws('|', certificate_number, month, m.yuan_per_month, m.state) AS m
            FROM registry.benefit_month m JOIN registry.benefit USING (benefit_id)) x""",
    "conflicts": "SELECT count(*)::text FROM registry.conflict",
    "openings": "SELECT count(*)::text FROM market.opening",
    "referrals": "SELECT count(*) || '/' || (SELECT count(*) FROM casework.outcome) FROM casework.referral",
}
STATE_HIT = """
SELECT (SELECT count(*) FROM intake.batch WHERE state = 'received') AS received,
    (SELECT count(*) FROM intake.batch WHERE state = 'landed') AS landed,
    (SELECT count(*) FROM identity.membership) AS resolved,
    (SELECT count(*) FROM registry.person) AS published,
    (SELECT count(*) FROM market.opening) AS openings,
    (SELECT count(*) FROM casework.referral) AS referrals
"""


def fetch(url: str, *statements: str) -> list[asyncpg.Record]:
    async def work() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return [await connection.fetchrow(statement) for statement in statements]
        finally:
            await connection.close()

    return asyncio.run(work())


def fetch_none(url: str, statement: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())


def end_state(url: str) -> dict[str, str | None]:
    rows = fetch(url, *END_STATE.values())
    return dict(zip(END_STATE, (row[0] for row in rows), strict=True))


def environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    assert settings.app_database_url is not None
    assert settings.hub_database_url is not None
    return {
        **os.environ,
        "YUNQIAO_DATA_DIR": str(settings.data_dir),
        "YUNQIAO_DATABASE_URL": settings.database_url,
        "YUNQIAO_APP_DATABASE_URL": settings.app_database_url,
        "YUNQIAO_HUB_DATABASE_URL": settings.hub_database_url,
    }


COMMANDS = ("ingest", "resolve")


@dataclass(frozen=True)
class Point:
    """Where to kill: in a command, so long after it has reported so many stages."""

    command: str
    stages_done: int
    after_s: float


def start(settings: Settings, command: str, feeds: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", command, *([str(feeds)] if command == "ingest" else [])],
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def run_whole(settings: Settings, feeds: Path) -> dict[str, list[float]]:
    """Ingest and resolve, not interrupted: how long each command took to each report of a stage, and to its end."""
    took: dict[str, list[float]] = {}
    for command in COMMANDS:
        began = time.monotonic()
        lines, marks = [], []
        with start(settings, command, feeds) as process:
            assert process.stderr is not None
            for line in process.stderr:
                lines.append(line)
                marks.append(time.monotonic() - began)
        assert process.returncode == 0, "".join(lines)
        took[command] = [*marks, time.monotonic() - began]
    return took


def run_killed(settings: Settings, feeds: Path, point: Point) -> bool:
    """The same, killed at a point; False where the command was faster."""
    for command in COMMANDS:
        process = start(settings, command, feeds)
        if command != point.command:
            process.communicate(timeout=300)
            continue
        assert process.stderr is not None
        for _ in range(point.stages_done):
            process.stderr.readline()
        time.sleep(point.after_s)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        return process.returncode == -signal.SIGKILL
    raise AssertionError(point)


def draw_points(took: dict[str, list[float]], draw: random.Random) -> list[Point]:
    """A point in each stage, and more in the longest, until there are enough: starting, finishing, and in between."""
    spans = []
    for command, marks in took.items():
        edges = [0.0, *marks]
        spans += [(command, done, end - begin) for done, (begin, end) in enumerate(itertools.pairwise(edges))]
    longest = sorted(spans, key=lambda span: -span[2])
    chosen = [*spans, *itertools.islice(itertools.cycle(longest[:6]), max(POINTS - len(spans), 0))]
    points = [Point(command, done, draw.random() * length) for command, done, length in chosen]
    return draw.sample(points, POINTS)


def on_database(url: str | None, name: str) -> str:
    """The same server, another database."""
    assert url is not None
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture
def fresh(settings: Settings, server: Any) -> Callable[[int], Settings]:
    """Installations on clones of the template, one a number."""
    assert settings.database_url is not None
    url = settings.database_url
    base = urlsplit(url).path.removeprefix("/")

    def make(number: int) -> Settings:
        name = f"{base}_{number}"
        fetch_none(url, f"CREATE DATABASE {name} TEMPLATE {server.template}")
        return replace(
            settings,
            data_dir=settings.data_dir / name,
            database_url=on_database(url, name),
            app_database_url=on_database(settings.app_database_url, name),
            hub_database_url=on_database(settings.hub_database_url, name),
        )

    return make


@pytest.mark.slow
def test_killed_at_twenty_points(
    fresh: Callable[[int], Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = ErrorRates().scaled(5)
    simulate("530627000000", 150, 104, tmp_path / "county", as_of=date(2026, 6, 1), errors=rates)
    feeds = tmp_path / "county" / "feeds"

    undisturbed = fresh(0)
    took = run_whole(undisturbed, feeds)
    assert undisturbed.database_url is not None
    expected = end_state(undisturbed.database_url)
    assert all(expected.values()), f"the journey made nothing of: {[k for k, v in expected.items() if not v]}"
    run_whole(undisturbed, feeds)
    assert end_state(undisturbed.database_url) == expected, "running again changed something"

    points = draw_points(took, random.Random(20))
    installations = [fresh(number) for number in range(1, POINTS + 1)]

    def kill_and_go_on(settings: Settings, point: Point) -> dict[str, Any]:
        assert settings.database_url is not None
        killed = run_killed(settings, feeds, point)
        hit = {**asdict(point), "killed": killed, **dict(fetch(settings.database_url, STATE_HIT)[0])}
        run_whole(settings, feeds)
        assert end_state(settings.database_url) == expected, f"differs after a kill at {hit}"
        leftovers = [path for path in settings.files_dir.rglob("*") if path.suffix == ".part"]
        assert len(leftovers) <= 1, "a killed copy may leave one draft, never a half-written file"
        return hit

    with ThreadPoolExecutor(2) as pool:
        hits = list(pool.map(kill_and_go_on, installations, points))
    with capsys.disabled():
        print("\nstates hit by SIGKILL:")  # noqa: T201 - the point of the exercise is to see them
        for hit in sorted(hits, key=lambda hit: (hit["command"], hit["stages_done"], hit["after_s"])):
            print(" ", json.dumps({**hit, "after_s": round(hit["after_s"], 3)}))  # noqa: T201 - as above
    assert sum(hit["killed"] for hit in hits) > POINTS * 0.6, "most were at work when they were hit"
    seen = {tuple(value for name, value in hit.items() if name not in ("after_s", "killed")) for hit in hits}
    assert len(seen) > POINTS / 3, "the points are spread over the way"
