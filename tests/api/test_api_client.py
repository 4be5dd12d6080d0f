"""The Python client against the real server, and over a line that loses answers."""

from __future__ import annotations

import ast
import asyncio
import runpy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from graphql import build_schema
from yunqiao_client import (
    AsyncClient,
    Client,
    Conflict,
    Forbidden,
    HubError,
    InvalidInput,
    NotFound,
    Retry,
    Unauthenticated,
    Unavailable,
)

from hub.access.actor import Actor
from hub.settings import Settings
from tests.api.conftest import COUNTY, WUFENG
from tests.served import Served, served

ROOT = Path(__file__).parents[2]
PAGES = """query Pages($first: Int!, $after: String) { persons(first: $first, after: $after, order: NAME) {
  nodes { id name } pageInfo { hasNextPage endCursor } } }"""
WISH = """mutation Wish($id: ID!, $version: Int!, $wage: Int!, $idempotencyKey: String!) {
  editWish(personId: $id, version: $version, input: {wishWageYuanPerMonth: $wage}, idempotencyKey: $idempotencyKey) {
    person { id wish { version wageYuanPerMonth } } } }"""
QUICK = Retry(attempts=4, first_wait_s=0.01, longest_wait_s=0.05)

Actors = Callable[..., Awaitable[Actor]]


def test_types_are_those_of_the_schema() -> None:
    written = runpy.run_path(str(ROOT / "clients/python/generate.py"))["write_types"](
        build_schema((ROOT / "schema/schema.graphql").read_text(encoding="utf-8"))
    )
    held = (ROOT / "clients/python/src/yunqiao_client/types.py").read_text(encoding="utf-8")
    assert ast.dump(ast.parse(held)) == ast.dump(ast.parse(written)), "run: python clients/python/generate.py"


@asynccontextmanager
async def hub(settings: Settings) -> AsyncIterator[Served]:
    with served(settings) as server:
        yield server


async def test_pages_errors_and_what_is_withheld(settings: Settings, actors: Actors) -> None:
    county = await actors("county", region_code=COUNTY)
    station = await actors("station", region_code=WUFENG)
    partner = await actors("partner", partner_code="SH01")

    def use(server: Served) -> None:
        with Client(server.url, token=server.token(county), purpose="employment_service", retry=QUICK) as client:
            people = list(client.pages(PAGES, "persons", {"first": 3}))
            assert len(people) == 8
            assert len({person["id"] for person in people}) == 8
            answer = client.execute('{ person(id: "Person:1") { name citizenNumber bankAccount } }')
            assert {item["path"]: item["access"] for item in answer.withheld} == {
                "person.citizenNumber": "masked",
                "person.bankAccount": "withheld",
            }
            assert answer.request_id
            with pytest.raises(InvalidInput, match="graphql_validation_failed") as caught:
                client.execute("{ nothing }")
            assert caught.value.request_id
            assert caught.value.errors
            with pytest.raises(InvalidInput, match="path_invalid"):
                list(client.pages(PAGES, "households", {"first": 3}))
        with (
            Client(server.url, token=server.token(partner), purpose="labour_cooperation", retry=QUICK) as client,
            pytest.raises(Forbidden, match="field_withheld"),
        ):
            client.execute("{ persons(first: 1, filter: {willing: true}) { totalCount } }")
        with (
            Client(server.url, token="not one", purpose="employment_service", retry=QUICK) as client,
            pytest.raises(Unauthenticated),
        ):
            client.execute("{ me { kind } }")
        with (
            Client(server.url, token=server.token(county), purpose="sightseeing", retry=QUICK) as client,
            pytest.raises(Forbidden, match="purpose_not_granted"),
        ):
            client.execute("{ me { kind } }")
        with Client(server.url, token=lambda: server.token(station), purpose="employment_service") as client:
            done = client.execute(WISH, {"id": "Person:1", "version": 1, "wage": 4000})
            assert done.data["editWish"]["person"]["wish"]["wageYuanPerMonth"] == 4000
            with pytest.raises(Conflict, match="version_stale"):
                client.execute(WISH, {"id": "Person:1", "version": 1, "wage": 4100})
            with pytest.raises(NotFound):
                client.execute(WISH, {"id": "Person:9", "version": 1, "wage": 4100})

    async with hub(settings) as server:
        await asyncio.to_thread(use, server)


@dataclass
class Line:
    """A line to the server that loses the answers to its first requests, whatever the server did."""

    url: str
    lost: int
    carried: int = 0


@asynccontextmanager
async def bad_line(server: Served, *, loses: int) -> AsyncIterator[Line]:
    """A proxy on loopback, one request a connection."""
    target = urlsplit(server.url)
    line = Line("", loses)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(one.split(b":")[1]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length:")
        )
        body = await reader.readexactly(length)
        there, out = await asyncio.open_connection(target.hostname, target.port)
        out.write(head.replace(b"Connection: keep-alive", b"Connection: close") + body)
        answer = await there.read()
        out.close()
        line.carried += 1
        if line.carried > line.lost:
            writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(carry, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield line


async def test_a_lost_answer_is_asked_for_again_and_the_thing_is_done_once(
    settings: Settings, actors: Actors, owner: asyncpg.Pool
) -> None:
    station = await actors("station", region_code=WUFENG)
    async with hub(settings) as server, bad_line(server, loses=2) as line:
        options = {"token": server.token(station), "purpose": "employment_service", "retry": QUICK}
        async with AsyncClient(line.url, **options) as client:
            done = await client.execute(WISH, {"id": "Person:1", "version": 1, "wage": 4321})
        assert line.carried == 3
        assert done.data["editWish"]["person"]["wish"]["wageYuanPerMonth"] == 4321
    assert await owner.fetchval("SELECT count(*) FROM intake.source_record WHERE feed = 'station'") == 1


async def test_a_change_without_its_key_is_never_repeated(settings: Settings, actors: Actors) -> None:
    station = await actors("station", region_code=WUFENG)
    document = WISH.replace(", $idempotencyKey: String!", "").replace("$idempotencyKey", '"a-key-in-the-text"')
    async with hub(settings) as server, bad_line(server, loses=1) as line:
        options = {"token": server.token(station), "purpose": "employment_service", "retry": QUICK}
        async with AsyncClient(line.url, **options) as client:
            with pytest.raises(Unavailable, match="hub_unreachable"):
                await client.execute(document, {"id": "Person:1", "version": 1, "wage": 4321})
        assert line.carried == 1


async def test_a_hub_that_is_not_there_is_asked_as_often_as_the_policy_says() -> None:
    async with AsyncClient("http://127.0.0.1:9", token="x", purpose="employment_service", retry=QUICK) as client:
        with pytest.raises(HubError, match="hub_unreachable"):
            await client.execute("{ me { kind } }")


async def test_pages_to_be_awaited(settings: Settings, actors: Actors) -> None:
    county = await actors("county", region_code=COUNTY)
    async with hub(settings) as server, bad_line(server, loses=1) as line:
        options = {"token": server.token(county), "purpose": "employment_service", "retry": QUICK}
        async with AsyncClient(line.url, **options) as client:
            names = [person["name"] async for person in client.pages(PAGES, "persons", {"first": 5})]
    assert names == sorted(names)
    assert len(names) == 8


def test_waits_grow_and_obey_what_the_hub_says() -> None:
    policy = Retry(attempts=4, first_wait_s=1.0, longest_wait_s=5.0)
    for attempt, most in ((1, 1.0), (2, 2.0), (3, 4.0)):
        waits = [policy.wait_s(attempt, None) for _ in range(200)]
        assert all(wait is not None and 0 <= wait <= most for wait in waits)
        assert max(wait for wait in waits if wait is not None) > most / 2
    assert policy.wait_s(4, None) is None
    told = policy.wait_s(1, "3")
    assert told is not None
    assert 3 <= told <= 4
    assert (policy.wait_s(1, "999") or 99) <= 6
