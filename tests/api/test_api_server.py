"""The application as it is served: health, headers, files without the internet, start and stop."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from app.server import build_app
from hub.access.anchors import read_anchors
from hub.access.keeper import AuditKeeper
from hub.clock import FixedClock
from hub.settings import Settings
from tests.chains import fill

STATIC = Path(__file__).parents[2] / "hub" / "api" / "static" / "graphiql"


@asynccontextmanager
async def running(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """The application, started, with a client in process."""
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://hub") as client,
    ):
        yield client


@pytest.fixture
async def client(settings: Settings, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    async with running(build_app(settings, clock=clock)) as opened:
        yield opened


async def test_health_and_readiness(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_every_answer_tells_a_browser_what_it_may_do(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/nothing-here", "/static/graphiql/start.js"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_graphql_without_a_token_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ me { kind } }"})
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_graphiql_is_whole_and_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/graphql", headers={"accept": "text/html"})).text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) >= 5
    for path in files:
        assert path.startswith("/static/graphiql/")
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.content == (STATIC / Path(path).name).read_bytes()
    sheets = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.css"))
    assert not re.findall(r"url\(\s*['\"]?(?:https?:)?//", sheets), "a style sheet that fetches a font or a picture"


async def test_production_shows_no_graphiql(settings: Settings, clock: FixedClock) -> None:
    async with running(build_app(replace(settings, mode="production"), clock=clock)) as client:
        answer = await client.get("/graphql", headers={"accept": "text/html"})
        assert "graphiql" not in answer.text.lower()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serve(settings: Settings, port: int) -> subprocess.Popen[str]:
    assert settings.database_url is not None
    assert settings.app_database_url is not None
    assert settings.hub_database_url is not None
    environment = {
        **os.environ,
        "YUNQIAO_DATA_DIR": str(settings.data_dir),
        "YUNQIAO_DATABASE_URL": settings.database_url,
        "YUNQIAO_APP_DATABASE_URL": settings.app_database_url,
        "YUNQIAO_HUB_DATABASE_URL": settings.hub_database_url,
        "YUNQIAO_PORT": str(port),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve"], env=environment, stderr=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_it_stops_when_told_and_says_when_the_port_is_taken(settings: Settings) -> None:
    port = _free_port()
    server = _serve(settings, port)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
                break
            except httpx.TransportError:
                assert server.poll() is None, server.stderr and server.stderr.read()
                assert time.monotonic() < deadline, "it did not start"
                time.sleep(0.2)
        second = _serve(settings, port)
        _, complaint = second.communicate(timeout=60)
        assert second.returncode == 69
        assert "port_taken" in complaint
        assert "--port" in complaint
        assert "Traceback" not in complaint
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
    finally:
        server.kill()
        server.communicate()


async def test_the_end_of_the_audit_is_anchored_when_the_server_stops(settings: Settings, clock: FixedClock) -> None:
    async with running(build_app(settings, clock=clock)) as client:
        for _ in range(3):
            assert (await client.post("/graphql", json={"query": "{ me { kind } }"})).status_code == 401
    found = list(read_anchors(settings.anchors_path))
    assert found[-1].anchor is not None
    connection = await asyncpg.connect(settings.database_url)
    try:
        segment, sha256 = await connection.fetchrow("SELECT segment_id, sha256 FROM audit.head")
    finally:
        await connection.close()
    assert (found[-1].anchor.segment, found[-1].anchor.sha256) == (segment, sha256.hex())


async def test_anchors_and_tables_are_made_while_it_serves(
    pool: asyncpg.Pool, settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "anchors"
    keeper = AuditKeeper(pool, elsewhere, clock=clock, every_s=0.01)
    keeper.start()
    for number in range(3):
        await fill(pool, [1])
        for _ in range(500):
            if elsewhere.exists() and len(elsewhere.read_text(encoding="utf-8").splitlines()) > number:
                break
            await asyncio.sleep(0.02)
    assert [line.anchor.segment for line in read_anchors(elsewhere) if line.anchor] == [1, 2, 3]
    await keeper.close()
    for month in ("2026_06", "2026_09"):
        assert await pool.fetchval("SELECT to_regclass($1) IS NOT NULL", f"audit.entry_{month}"), "three months ahead"


async def test_anchors_that_cannot_be_written_do_not_stop_the_hub(
    settings: Settings, clock: FixedClock, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    broken = replace(settings, audit_anchors=tmp_path / "file" / "anchors")
    async with running(build_app(broken, clock=clock)) as client:
        assert (await client.post("/graphql", json={"query": "{ me { kind } }"})).status_code == 401
    assert "audit_anchor_failed" in caplog.text
