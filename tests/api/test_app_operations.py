"""Health, readiness with reasons, figures; and who may see them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from app import operations
from app.server import build_app
from hub.access.actor import Actor
from hub.access.token import issue_token
from hub.clock import FixedClock
from hub.metrics import Metrics
from hub.settings import Settings

Make = Callable[..., Awaitable[Actor]]
PATHS = ("/healthz", "/readyz", "/metrics")


def client_of(app: Starlette, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(peer, 4000)), base_url="http://hub")


@pytest.fixture
async def app(settings: Settings, clock: FixedClock) -> AsyncIterator[Starlette]:
    made = build_app(settings, clock=clock)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def token(actors: Make, clock: FixedClock, settings: Settings) -> str:
    station = await actors("station", region_code="530627001000")
    return issue_token(station, secret=settings.token_secret, clock=clock, valid_for=timedelta(hours=1))


def figures(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


@pytest.mark.parametrize("path", PATHS)
async def test_only_this_machine_may_look_and_no_proxy_opens_it(app: Starlette, path: str) -> None:
    async with client_of(app) as here:
        assert (await here.get(path)).status_code == 200
        for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            assert (await here.get(path, headers={header: "127.0.0.1"})).status_code == 404
    for peer in ("10.0.0.9", "192.168.1.4", "2001:db8::1", "unix"):
        async with client_of(app, peer) as there:
            assert (await there.get(path)).status_code == 404
            assert (await there.get(path, headers={"Authorization": "Bearer "})).status_code == 404


@pytest.mark.parametrize("path", PATHS)
async def test_with_a_token_everybody_needs_it(settings: Settings, clock: FixedClock, path: str) -> None:
    app = build_app(replace(settings, metrics_token="a token for the watchers"), clock=clock)
    async with app.router.lifespan_context(app), client_of(app) as here, client_of(app, "10.0.0.9") as there:
        for client in (here, there):
            assert (await client.get(path)).status_code == 404
            assert (await client.get(path, headers={"Authorization": "Bearer another"})).status_code == 404
            assert (
                await client.get(path, headers={"Authorization": "Bearer a token for the watchers"})
            ).status_code == 200


async def test_not_ready_says_why(
    settings: Settings, clock: FixedClock, owner: asyncpg.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reasons(app: Starlette) -> list[str]:
        async with client_of(app) as client:
            answer = await client.get("/readyz")
            assert (answer.status_code == 200) == ("reasons" not in answer.json())
            assert ("retry-after" in answer.headers) == (answer.status_code == 503)
            return answer.json().get("reasons", [])  # type: ignore[no-any-return]  # JSON

    app = build_app(replace(settings, pool_size=1), clock=clock)
    assert await reasons(app) == ["starting"]
    async with app.router.lifespan_context(app):
        assert await reasons(app) == []
        await owner.execute("REVOKE EXECUTE ON FUNCTION audit.append FROM yunqiao_app")
        try:
            assert await reasons(app) == ["audit_not_writable"]
        finally:
            await owner.execute("GRANT EXECUTE ON FUNCTION audit.append TO yunqiao_app")
    present = {path.name for path in operations.migrations_dir().glob("*.sql")}
    for name in present:
        (tmp_path / name).touch()
    (tmp_path / "9999_next.sql").touch()
    monkeypatch.setattr(operations, "migrations_dir", lambda: tmp_path)
    app = build_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        assert await reasons(app) == ["migrations_missing"]
    for path in (*tmp_path.glob("9999*"), *tmp_path.glob("0014*")):
        path.unlink()
    app = build_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        assert await reasons(app) == ["migrations_unknown"]


async def test_a_database_that_does_not_answer_is_seen(
    settings: Settings, clock: FixedClock, owner: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_PATIENCE_S", 0.3)
    app = build_app(replace(settings, pool_size=1), clock=clock)
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert figures((await client.get("/metrics")).text)["yunqiao_database_up{}"] == 1
        async with owner.acquire() as holding, holding.transaction():
            await holding.execute("LOCK TABLE intake.batch IN ACCESS EXCLUSIVE MODE")
            await holding.execute("LOCK TABLE public._pogo_migration IN ACCESS EXCLUSIVE MODE")
            assert (await client.get("/readyz")).json()["reasons"] == ["database_unavailable"]
            assert figures((await client.get("/metrics")).text)["yunqiao_database_up{}"] == 0


async def test_figures_follow_what_is_done(app: Starlette, token: str, owner: asyncpg.Pool) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    people = "query Anybody { persons(first: 2) { nodes { name } } }"
    async with client_of(app) as client:
        before = figures((await client.get("/metrics")).text)
        for _ in range(3):
            assert (await client.post("/graphql", json={"query": people}, headers=headers)).status_code == 200
        await client.post("/graphql", json={"query": "{ nothing }"}, headers=headers)
        await client.post("/graphql", json={"query": "{ me { kind } }"})
        exported = await client.post(
            "/export", json={"query": "{ persons { nodes { name } } }", "format": "csv"}, headers=headers
        )
        assert exported.status_code == 200
        after = figures((await client.get("/metrics")).text)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown("yunqiao_requests_total{actor=station,kind=query,status=200}") == 3
    assert grown("yunqiao_requests_total{actor=station,kind=query,status=400}") == 1
    assert grown("yunqiao_requests_total{actor=unknown,kind=request,status=401}") == 1
    assert grown("yunqiao_request_seconds_count{kind=query}") == 4
    assert grown("yunqiao_plan_cache_lookups{result=miss}") == 1
    assert grown("yunqiao_plan_cache_lookups{result=hit}") == 2
    assert after["yunqiao_plan_cache_size{}"] == 1
    assert grown("yunqiao_audit_wait_seconds_count{}") == 5
    # The export's three entries and the five of the requests, one at a time.
    assert grown("yunqiao_audit_batch_entries_sum{}") == 8
    assert grown("yunqiao_exports_total{format=csv,outcome=complete}") == 1
    assert grown("yunqiao_export_rows_total{format=csv}") == 3
    assert after["yunqiao_pool_connections{state=in_use}"] == 1, "the one that listens for changes"
    assert after["yunqiao_pool_waiting{}"] == 0
    assert after["process_resident_memory_bytes{}"] > 10e6
    assert sum(name.startswith("yunqiao_worker{pid=") for name in after) == 1
    assert "Anybody" not in str(after), "the name of an operation is its writer's choice, so it is no label"


async def test_rejections_are_told_by_department(app: Starlette, owner: asyncpg.Pool) -> None:
    await owner.execute(
        """
        INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name,
            size_bytes, mode, as_of, state, rows_read, rows_rejected, received_at)
        SELECT 'f', 'person', d, '530627000000', '\\x00', n::text::bytea, '张三.csv', 1, 'full', '2026-06-01', s, 9, n,
            now()
        FROM (VALUES ('civil_affairs', 'landed', 4), ('civil_affairs', 'landed', 3), ('human_resources', 'refused', 0))
            AS b (d, s, n)
        """
    )
    async with client_of(app) as client:
        text = (await client.get("/metrics")).text
    found = figures(text)
    assert found["yunqiao_rejected_rows{department=civil_affairs}"] == 7
    assert found["yunqiao_refused_files{department=human_resources}"] == 1
    assert "张三" not in text


def test_labels_are_bounded() -> None:
    metrics = Metrics()
    for number in range(1000):
        metrics.answered(f"kind{number}", 200, f"actor{number}", 0.1)
        metrics.exported(f"format{number}", f"outcome{number}", 1, 0.1)
    lines = metrics.render().decode().splitlines()
    assert len(lines) < 250
    assert not [line for line in lines if re.search(r"(kind|actor|format|outcome)\d", line)]


async def test_starting_and_stopping_do_not_break_the_figures(settings: Settings, clock: FixedClock) -> None:
    app: Any = build_app(settings, clock=clock)
    async with client_of(app) as client:
        assert figures((await client.get("/metrics")).text)["yunqiao_database_up{}"] == 0
