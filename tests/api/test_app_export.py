"""Exports as they are used: from a real server, by a page's button, at the command line."""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from app.server import build_app
from hub.access.accounts import store_account
from hub.access.actor import Actor
from hub.access.token import issue_token
from hub.clock import FixedClock, SystemClock
from hub.settings import Settings
from tests.served import ROOT, environment, serving

Make = Callable[..., Awaitable[Actor]]
TOWN, PASSWORD = "530627001000", "correct horse battery staple 7"
QUERY = "{ persons { nodes { id name livingAddress registeredAddress } } }"
MANY = 40_000


@pytest.fixture
async def token(settings: Settings, actors: Make) -> str:
    station = await actors("station", region_code=TOWN)
    return issue_token(station, secret=settings.token_secret, clock=SystemClock(), valid_for=timedelta(hours=1))


async def add_many(owner: asyncpg.Pool) -> None:
    """People enough that no buffer between server and client holds them all."""
    await owner.execute(
        "INSERT INTO identity.person_key (created_at) SELECT now() FROM generate_series(1, $1::integer)", MANY
    )
    await owner.execute(
        """
        INSERT INTO registry.person (person_id, name, born_on, living_region_code, living_address,
            registered_address, updated_at)
        SELECT n, '众' || n, '1980-01-01', $2, repeat('某村', 50), repeat('某镇', 50), now()
        FROM generate_series(11, $1::integer) AS n
        """,
        MANY,
        TOWN,
    )


async def last_entry(owner: asyncpg.Pool) -> dict[str, Any]:
    for _ in range(100):
        row = await owner.fetchrow("SELECT * FROM audit.entry WHERE action = 'export' ORDER BY entry_id DESC LIMIT 1")
        if row is not None and "outcome" in row["detail"]:
            return dict(row)
        await asyncio.sleep(0.1)
    raise AssertionError("the export has no last entry")


async def test_a_client_that_hangs_up_stops_the_query_and_a_broken_export_breaks_the_connection(
    settings: Settings, owner: asyncpg.Pool, token: str, tmp_path: Path
) -> None:
    await add_many(owner)
    headers, form = {"Authorization": f"Bearer {token}"}, {"query": QUERY, "format": "csv"}
    with serving(settings, tmp_path) as process:
        async with (
            httpx.AsyncClient(base_url=process.url, headers=headers, timeout=120) as client,
            client.stream("POST", "/export", json=form) as answer,
        ):
            await anext(answer.aiter_bytes())
        entry = await last_entry(owner)
        assert entry["detail"]["outcome"] == "broken"
        assert 0 <= entry["detail"]["rows_out"] < entry["detail"]["rows"] == MANY - 10 + 3
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'yunqiao_app' AND state <> 'idle'"
        deadline = time.monotonic() + 30
        while await owner.fetchval(query):
            assert time.monotonic() < deadline, "it runs on"
            await asyncio.sleep(0.05)
        async with (
            httpx.AsyncClient(base_url=process.url, headers=headers, timeout=120) as client,
            client.stream("POST", "/export", json=form) as answer,
        ):
            pieces = answer.aiter_bytes()
            await anext(pieces)
            # Nobody reads: the export stands still between two fetches, and then its connection is gone.
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            while not await owner.fetch(end):  # noqa: ASYNC110 - what is waited for happens in another process
                await asyncio.sleep(0.05)
            with pytest.raises(httpx.RemoteProtocolError):
                async for _ in pieces:
                    pass
        # And the next one is whole.
        async with httpx.AsyncClient(base_url=process.url, headers=headers, timeout=120) as client:
            whole = await client.post("/export", json={**form, "format": "parquet"})
        assert pq.read_metadata(io.BytesIO(whole.content)).num_rows == MANY - 10 + 3
        assert (await last_entry(owner))["detail"]["outcome"] == "complete"


async def test_a_station_downloads_its_list_as_a_workbook(
    settings: Settings, owner: asyncpg.Pool, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    station = await actors("station", region_code=TOWN)
    await store_account(pool, username="town", password=PASSWORD, actor=station, clock=clock)
    reasons = """UPDATE matching.recommendation SET reasons = '[[{"code": "wage", "sign": 1, "value": 1.5}], [], []]'"""
    await owner.execute(reasons)
    app = build_app(settings, clock=clock)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://hub", follow_redirects=True) as client,
    ):
        page = await client.post("/signin", data={"username": "town", "password": PASSWORD})
        assert "下载 Excel" in page.text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf
        answer = await client.post("/people/export", data={"csrf": csrf.group(1)})
        assert answer.headers["content-disposition"].startswith('attachment; filename="persons_20260615T090000_')
        head, *rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        assert head[:3] == ["姓名", "性别", "出生日期"]
        assert [row[0] for row in rows] == ["试1", "试3", "试4"]
        found = await client.post("/people/export", data={"csrf": csrf.group(1), "name": "试3"})
        assert len(CalamineWorkbook.from_filelike(io.BytesIO(found.content)).get_sheet_by_index(0).to_python()) == 2
        await client.get("/language?to=en&back=/people")
        assert "Download Excel" in (await client.get("/people")).text
        english = await client.post("/people/export", data={"csrf": csrf.group(1)})
        head = CalamineWorkbook.from_filelike(io.BytesIO(english.content)).get_sheet_by_index(0).to_python()[0]
        assert head[:3] == ["name", "sexLabel", "bornOn"]
        # Another site's form, and a refusal, are pages.
        assert (await client.post("/people/export", data={"csrf": "x"})).status_code == 403
        assert (await client.get("/people/export")).status_code == 404
    entries = await owner.fetch("SELECT * FROM audit.entry WHERE action = 'export' AND actor_id = $1", station.actor_id)
    assert len({entry["request_id"] for entry in entries}) == 3
    assert pool.get_idle_size() == pool.get_size()


async def test_a_refused_download_is_a_page(
    settings: Settings, owner: asyncpg.Pool, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    station = await actors("station", region_code=TOWN)
    await store_account(pool, username="town", password=PASSWORD, actor=station, clock=clock)
    await owner.execute("DELETE FROM matching.recommendation")
    app = build_app(replace(settings, export_rows=2), clock=clock)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://hub", follow_redirects=True) as client,
    ):
        page = await client.post("/signin", data={"username": "town", "password": PASSWORD})
        assert "暂无推荐" in page.text, "a list where nobody is recommended anything is a list"
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf
        answer = await client.post("/people/export", data={"csrf": csrf.group(1)})
    assert answer.headers["content-type"].startswith("text/html")
    assert "请按地区等条件缩小范围" in answer.text


def run(settings: Settings, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "export", *arguments],
        env=environment(settings, **environ), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


async def test_at_the_command_line_with_a_tokens_rights(
    settings: Settings, token: str, owner: asyncpg.Pool, tmp_path: Path
) -> None:
    query, out = tmp_path / "q.graphql", tmp_path / "people.csv"
    query.write_text("query($n: String) { persons(filter: {name: $n}) { nodes { name bankAccount } } }", "utf-8")
    given = (str(out), "--query", str(query), "--purpose", "employment_service", "--json")
    done = await asyncio.to_thread(run, settings, *given, "--variables", '{"n": "试3"}', YUNQIAO_TOKEN=token)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["rows"], report["columns"], report["withheld"]) == (1, 1, ["bankAccount"])
    assert out.read_text("utf-8-sig").splitlines()[1].startswith('"试3",')
    assert (await last_entry(owner))["detail"]["sha256"] == report["sha256"]
    for environ, arguments, code in (
        ({}, given, "token_missing"),
        ({"YUNQIAO_TOKEN": "x.y.z"}, given, "token_invalid"),
        ({"YUNQIAO_TOKEN": token}, (*given[:4], "administration"), "purpose_not_granted"),
        ({"YUNQIAO_TOKEN": token}, (str(tmp_path / "x.ods"), *given[1:]), "export_form_invalid"),
        ({"YUNQIAO_TOKEN": token}, (*given, "--variables", "[]"), "request_invalid"),
    ):
        refused = await asyncio.to_thread(run, settings, *arguments, **environ)
        assert refused.stderr.splitlines()[-1].startswith(f"{code}: "), refused.stderr
        assert refused.returncode != 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["people.csv", "q.graphql"]
