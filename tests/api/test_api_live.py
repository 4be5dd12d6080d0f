"""Subscriptions: the protocol's messages and codes, and that nobody is told what they may not see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from hub.access.actor import Actor
from hub.access.actors import store_revocation
from hub.api.live.changes import Change, Waiting
from hub.clock import FixedClock
from hub.errors import LimitExceeded
from hub.settings import Settings
from tests.served import Served, served

Make = Callable[..., Awaitable[Actor]]
CHANGED = "subscription S { openingChanged { id title vacancies referrals(first: 5) { nodes { person { name } } } } }"
PROTOCOL = Subprotocol("graphql-transport-ws")
Hub = Served


@pytest.fixture
def hub(settings: Settings) -> Iterator[Served]:
    with served(settings) as running:
        yield running


@asynccontextmanager
async def socket(hub: Hub, protocol: Subprotocol | None = PROTOCOL) -> AsyncIterator[ClientConnection]:
    address = hub.url.replace("http", "ws") + "/graphql"
    async with websockets.connect(address, subprotocols=[protocol] if protocol else None) as opened:
        yield opened


async def send(opened: ClientConnection, kind: str, **more: Any) -> None:
    await opened.send(json.dumps({"type": kind, **more}))


async def closing(opened: ClientConnection) -> Any:
    """The close frame, whatever comes before it."""

    async def read() -> None:
        async for _ in opened:
            pass

    with suppress(websockets.ConnectionClosedError):
        await asyncio.wait_for(read(), 15)
    return opened.protocol.close_rcvd


async def take(opened: ClientConnection, within_s: float = 15) -> Any:
    return json.loads(await asyncio.wait_for(opened.recv(), within_s))


@asynccontextmanager
async def entered(hub: Hub, actor: Actor, purpose: str | None = None) -> AsyncIterator[ClientConnection]:
    async with socket(hub) as opened:
        payload = {"authorization": f"Bearer {hub.token(actor)}", "purpose": purpose or actor.purposes[0]}
        await send(opened, "connection_init", payload=payload)
        assert await take(opened) == {"type": "connection_ack"}
        yield opened


async def subscribe(opened: ClientConnection, document: str = CHANGED, number: str = "1", **variables: Any) -> None:
    """Subscribe, and wait until changes are heard: a ping is answered after what came before it was begun."""
    await send(opened, "subscribe", id=number, payload={"query": document, "variables": variables})
    await asyncio.sleep(0.3)


async def touch(owner: asyncpg.Pool, opening: int) -> None:
    await owner.execute("UPDATE market.opening SET vacancies = vacancies + 1 WHERE opening_id = $1", opening)


async def test_a_socket_answers_queries_and_tells_changes(hub: Hub, owner: asyncpg.Pool, actors: Make) -> None:
    county = await actors("county", region_code="530627000000")
    async with entered(hub, county) as opened:
        await send(opened, "ping")
        assert await take(opened) == {"type": "pong"}
        await send(opened, "subscribe", id="q", payload={"query": "{ me { kind } }"})
        assert await take(opened) == {"type": "next", "id": "q", "payload": {"data": {"me": {"kind": "county"}}}}
        assert await take(opened) == {"type": "complete", "id": "q"}
        await send(opened, "subscribe", id="e", payload={"query": "{ nothing }"})
        error = await take(opened)
        assert (error["type"], error["id"], error["payload"][0]["message"][:18]) == ("error", "e", "Cannot query field")
        await subscribe(opened)
        await touch(owner, 3)
        event = await take(opened)
        assert event["payload"]["data"]["openingChanged"]["id"] == "Opening:3"
        assert event["payload"]["data"]["openingChanged"]["vacancies"] == 2
        await send(opened, "complete", id="1")
        await touch(owner, 4)
        await send(opened, "ping")
        assert await take(opened) == {"type": "pong"}, "after complete nothing is told"
    rows = await owner.fetch("SELECT action, fields FROM audit.entry WHERE action = 'subscription'")
    assert len(rows) == 1
    assert "opening.vacancies" in rows[0]["fields"]


async def test_nobody_is_told_of_what_they_may_not_see(hub: Hub, owner: asyncpg.Pool, actors: Make) -> None:
    partner = await actors("partner", partner_code="SH01")
    other = await actors("partner", partner_code="GD01")
    async with entered(hub, partner) as mine, entered(hub, other) as theirs:
        await subscribe(mine)
        await subscribe(theirs)
        await touch(owner, 2)
        event = await take(mine)
        assert event["payload"]["data"]["openingChanged"]["id"] == "Opening:2"
        await send(theirs, "ping")
        assert await take(theirs) == {"type": "pong"}, "not even that something changed"


async def test_filters_of_region_and_opening(hub: Hub, owner: asyncpg.Pool, actors: Make) -> None:
    county = await actors("county", region_code="530627000000")
    document = "subscription S($r: String, $o: ID) { openingChanged(regionCode: $r, openingId: $o) { id } }"
    async with entered(hub, county) as opened:
        await subscribe(opened, document, "place", r="530627")
        await subscribe(opened, document, "one", o="Opening:4")
        for opening in (1, 3, 4):
            await touch(owner, opening)
        told = [await take(opened) for _ in range(3)]
        seen = sorted((one["id"], one["payload"]["data"]["openingChanged"]["id"]) for one in told)
        assert seen == [("one", "Opening:4"), ("place", "Opening:3"), ("place", "Opening:4")]
        await subscribe(opened, document, "bad", o="Person:4")
        assert (await take(opened))["payload"][0]["extensions"]["reason"] == "ids_invalid"
        await subscribe(opened, document, "worse", r="nowhere")
        assert (await take(opened))["payload"][0]["extensions"]["reason"] == "region_invalid"


async def test_recommendations_of_ones_region(hub: Hub, owner: asyncpg.Pool, actors: Make) -> None:
    station = await actors("station", region_code="530627001000")
    elsewhere = await actors("station", region_code="530602001000")
    partner = await actors("partner", partner_code="SH01")
    document = "subscription { recommendationsChanged { runId regionCode __typename } }"
    async with entered(hub, station) as mine, entered(hub, elsewhere) as theirs, entered(hub, partner) as nobody:
        for opened in (mine, theirs, nobody):
            await subscribe(opened, document)
        assert (await take(nobody))["payload"][0]["extensions"]["reason"] == "subscription_forbidden"
        await owner.execute("UPDATE matching.run SET state = 'running'")
        await owner.execute("UPDATE matching.run SET state = 'done', finished_at = now()")
        told = (await take(mine))["payload"]["data"]["recommendationsChanged"]
        assert told == {"runId": "1", "regionCode": "530627000000", "__typename": "RecommendationsChange"}
        await send(theirs, "ping")
        assert await take(theirs) == {"type": "pong"}


async def test_a_revoked_actor_ends_the_stream(
    hub: Hub, owner: asyncpg.Pool, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    county = await actors("county", region_code="530627000000")
    async with entered(hub, county) as opened:
        await subscribe(opened)
        await store_revocation(pool, county.actor_id, clock=clock)
        await asyncio.sleep(8)  # the gate looks again after two seconds, its list of actors after five
        await touch(owner, 3)
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await take(opened)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4403
        assert caught.value.rcvd.reason in ("actor_revoked", "token_revoked", "token_invalid")


FORBIDDEN = [
    (["no json"], 4400),
    (['{"type": "dance"}'], 4400),
    (["[]"], 4400),
    (['{"type": "subscribe", "id": "1", "payload": {"query": "{ me { kind } }"}}'], 4401),
    (['{"type": "connection_init", "payload": {"authorization": "Bearer x"}}'], 4403),
    (['{"type": "connection_init"}'], 4403),
    (["INIT", '{"type": "connection_init"}'], 4429),
    (["INIT", '{"type": "subscribe", "id": 1, "payload": {}}'], 4400),
    (["INIT", '{"type": "subscribe", "id": "1"}'], 4400),
    (["INIT", "SUBSCRIBE", "SUBSCRIBE"], 4409),
    ([], 4408),
]


async def test_what_the_protocol_forbids_closes_the_socket(hub: Hub, actors: Make) -> None:
    county = await actors("county", region_code="530627000000")
    init = {"authorization": f"Bearer {hub.token(county)}", "X-Purpose": "employment_service"}
    ready = {
        "INIT": json.dumps({"type": "connection_init", "payload": init}),
        "SUBSCRIBE": json.dumps({"type": "subscribe", "id": "1", "payload": {"query": CHANGED}}),
    }
    for messages, code in FORBIDDEN:
        async with socket(hub) as opened:
            for message in messages:
                await opened.send(ready.get(message, message))
            assert (await closing(opened)).code == code, messages
    async with socket(hub, Subprotocol("graphql-ws")) as opened:
        assert (await closing(opened)).code == 4406, "another subprotocol"


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data:"):
            data = line.removeprefix("data:").strip()
            yield name, json.loads(data) if data else None


async def test_event_streams(hub: Hub, owner: asyncpg.Pool, actors: Make) -> None:
    county = await actors("county", region_code="530627000000")
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {hub.token(county)}"}
    address = f"{hub.url}/graphql"
    async with httpx.AsyncClient(timeout=20) as client:
        query = {"params": {"purpose": "employment_service", "query": CHANGED}}
        async with client.stream("GET", address, headers=headers, **query) as answer:  # type: ignore[arg-type]  # its params
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            coming = events(answer)
            await asyncio.sleep(0.5)
            await touch(owner, 3)
            name, event = await asyncio.wait_for(anext(coming), 15)
            assert (name, event["data"]["openingChanged"]["id"]) == ("next", "Opening:3")
        body = {"query": "{ me { kind } }"}
        one = {"headers": {**headers, "x-purpose": "employment_service"}, "json": body}
        async with client.stream("POST", address, **one) as answer:  # type: ignore[arg-type]  # its json
            told = [event async for event in events(answer)]
        assert told == [("next", {"data": {"me": {"kind": "county"}}}), ("complete", None)]
        one["json"] = {"query": "{ nothing }"}
        async with client.stream("POST", address, **one) as answer:  # type: ignore[arg-type]  # its json
            told = [event async for event in events(answer)]
        assert told[0][1]["errors"]
        assert told[-1] == ("complete", None)
        refused = await client.get(address, headers=headers, params={"purpose": "sightseeing", "query": CHANGED})
        assert refused.status_code == 403
        plain = {"authorization": headers["authorization"], "x-purpose": "employment_service"}
        answer = await client.post(address, headers=plain, json={"query": CHANGED})
        assert answer.json()["errors"][0]["extensions"]["reason"] == "stream_needed"


async def test_what_may_have_been_missed_is_said(hub: Hub, owner: asyncpg.Pool, actors: Make) -> None:
    county = await actors("county", region_code="530627000000")
    async with entered(hub, county) as opened:
        await subscribe(opened)
        await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        lost = await take(opened)
        assert (lost["type"], lost["payload"][0]["extensions"]["reason"]) == ("error", "changes_lost")
        for attempt in range(50):
            await subscribe(opened, number=f"again{attempt}")
            await touch(owner, 3)
            found = await take(opened)
            if found["type"] == "next":
                break
            assert found["payload"][0]["extensions"]["reason"] == "changes_unavailable"
        assert found["payload"]["data"]["openingChanged"]["id"] == "Opening:3"


async def test_stopping_ends_streams(settings: Settings, actors: Make) -> None:
    county = await actors("county", region_code="530627000000")
    with served(settings) as hub:
        async with entered(hub, county) as opened:
            await subscribe(opened)
            assert await asyncio.to_thread(hub.stop) == 0
            assert (await closing(opened)).code in (1001, 1012)


async def test_who_is_too_far_behind_begins_anew() -> None:
    waiting = Waiting()
    for number in range(1001):
        waiting.put(Change("opening", number, "53"))
    with pytest.raises(LimitExceeded, match="subscriber_slow"):
        async for _ in waiting.changes(pause_s=1):
            pass


async def test_answers_are_compressed_for_who_asks(hub: Hub, actors: Make) -> None:
    county = await actors("county", region_code="530627000000")
    address, headers = f"{hub.url}/graphql", hub.headers_of(county, "employment_service")
    document = "{ persons(first: 10) { nodes { id name livingRegion { fullName } household { membersCount } } } }"
    large = {"query": document}
    async with httpx.AsyncClient() as client:
        plain = await client.post(address, headers={**headers, "accept-encoding": "identity"}, json=large)
        packed = await client.post(address, headers={**headers, "accept-encoding": "gzip"}, json=large)
        small = await client.post(
            address, headers={**headers, "accept-encoding": "gzip"}, json={"query": "{ me { kind } }"}
        )
        script = await client.get(f"{hub.url}/static/style.css", headers={"accept-encoding": "gzip"})
    assert plain.json()["data"]["persons"]["nodes"]
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in small.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content
    assert script.headers["content-encoding"] == "gzip"
