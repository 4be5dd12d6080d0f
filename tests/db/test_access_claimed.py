"""Claims on connections: told once, never another's, whatever ends badly in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from hub.access.barrier import CLAIM_NAMES, NO_CLAIMS, ClaimSet
from hub.access.claimed import ActorPool, ClaimPool, open_claimed
from hub.clock import FixedClock
from hub.settings import Settings
from tests.query_register import ACTORS, fill_register

#: What a session carries, as the database knows it.
CARRIED = (
    "SELECT array_agg(coalesce(current_setting(name, true), '') ORDER BY n)"
    " FROM unnest($1::text[]) WITH ORDINALITY AS c (name, n)"
)
MINE = "SELECT coalesce(array_agg(person_id ORDER BY person_id), '{}') FROM registry.person"
SETTING = "count(set_config("


class Told:
    """Statements that told a session its claims."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, record: Any) -> None:
        """Note one statement."""
        self.times += SETTING in record.query


@pytest.fixture
async def one(settings: Settings, clock: FixedClock, owner: asyncpg.Pool) -> AsyncIterator[ClaimPool]:
    """A pool of one connection."""
    await fill_register(owner)
    async with open_claimed(settings, clock, max_size=1) as opened:
        yield opened


@pytest.fixture
async def two(settings: Settings, clock: FixedClock, owner: asyncpg.Pool) -> AsyncIterator[ClaimPool]:
    """A pool of two connections."""
    await fill_register(owner)
    async with open_claimed(settings, clock, max_size=2) as opened:
        yield opened


async def carried(connection: asyncpg.Connection) -> ClaimSet:
    return ClaimSet(tuple(await connection.fetchval(CARRIED, list(CLAIM_NAMES))))


async def watch(pool: ClaimPool) -> Told:
    told = Told()
    async with pool.acquire(NO_CLAIMS) as connection:
        connection.add_query_logger(told)
    return told


def of(pool: ClaimPool, number: int = 0) -> ActorPool:
    return pool.of(*ACTORS[number])


async def test_claims_are_told_once_and_shared_by_all_of_one_scope(one: ClaimPool) -> None:
    told = await watch(one)
    actor, purpose = ACTORS[0]
    for number in range(5):
        # Another clerk of the same station: nothing is told anew.
        assert await one.of(replace(actor, actor_id=number, name=str(number)), purpose).fetchval(MINE)
    assert told.times == 1
    await of(one, 1).fetchval(MINE)
    await of(one, 0).fetchval(MINE)
    assert told.times == 3


async def test_connections_are_kept_by_claims(two: ClaimPool) -> None:
    await asyncio.gather(of(two, 0).fetchval("SELECT pg_sleep(0.01)"), of(two, 1).fetchval("SELECT pg_sleep(0.01)"))
    pids = [await of(two, number).fetchval("SELECT pg_backend_pid()") for number in (0, 1)]
    assert pids[0] != pids[1]
    for _ in range(3):
        assert [await of(two, number).fetchval("SELECT pg_backend_pid()") for number in (0, 1)] == pids


async def test_a_change_names_its_actor_and_no_query_does(one: ClaimPool) -> None:
    station = of(one)
    async with station.for_change("editWish").acquire() as connection:
        claims = await carried(connection)
        assert (claims.value("yunqiao.actor"), claims.value("yunqiao.mutation")) == ("1", "editWish")
        assert claims.value("yunqiao.within") == "lives"
    async with station.acquire() as connection:
        claims = await carried(connection)
        assert {claims.value(f"yunqiao.{name}") for name in ("actor", "mutation", "within")} == {""}
    # Nobody permits a station this: the claims are those of a reader.
    assert station.for_change("somethingElse").claims() == station.claims()


async def test_what_a_transaction_undoes_is_no_claim(one: ClaimPool) -> None:
    station, partner = of(one, 0), of(one, 6)
    async with station.for_change("editWish").acquire() as connection:
        wanted = await carried(connection)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with partner.acquire() as connection, connection.transaction():
            await connection.execute("SELECT 1 / 0")
    async with station.for_change("editWish").acquire() as connection:
        assert await carried(connection) == wanted == station.for_change("editWish").claims()
    # A change rolled back by a refusal of ours, its role put on meanwhile.
    with pytest.raises(KeyError):  # noqa: PT012  # the whole of a change
        async with station.for_change("editWish").acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('role', 'yunqiao_registrar', true)")
            raise KeyError
    async with partner.acquire() as connection:
        assert await connection.fetchval("SELECT current_user") == "yunqiao_hub"
        assert await carried(connection) == partner.claims()


async def test_a_transaction_left_open_is_nobody_elses(one: ClaimPool) -> None:
    async with of(one).acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT set_config('yunqiao.region', '', false)")
    async with of(one).acquire() as connection:
        assert not connection.is_in_transaction()
        assert await carried(connection) == of(one).claims()


async def test_claims_half_told_are_told_again(one: ClaimPool) -> None:
    county = of(one, 1)
    expected = await county.fetchval(MINE)
    assert await of(one).fetchval(MINE) != expected
    tell = one._set
    # Cancelled, and then failed, while the session is being told.
    one._set = tell.replace("FROM unnest", "FROM pg_sleep(0.5), unnest")
    task = asyncio.create_task(county.fetchval(MINE))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    one._set = tell
    assert await county.fetchval(MINE) == expected
    await of(one).fetchval(MINE)
    one._set = "SELECT 1 / 0, $1::text[], $2::text[]"
    with pytest.raises(asyncpg.DivisionByZeroError):
        await county.fetchval(MINE)
    one._set = tell
    assert await county.fetchval(MINE) == expected


async def test_a_broken_connection_is_replaced(two: ClaimPool, owner: asyncpg.Pool) -> None:
    expected = await of(two).fetchval(MINE)
    for _ in range(3):
        pid = await of(two).fetchval("SELECT pg_backend_pid()")
        await owner.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await of(two).fetchval("SELECT pg_sleep(0)")
        assert await of(two).fetchval(MINE) == expected
    async with of(two).acquire() as first, of(two).acquire() as second:
        assert await first.fetchval("SELECT 1") + await second.fetchval("SELECT 1") == 2


async def test_no_claim_leaks_between_many_at_once(two: ClaimPool) -> None:
    expected = {}
    for number in range(len(ACTORS)):
        expected[number] = await of(two, number).fetchval(MINE)
    assert len({tuple(people) for people in expected.values()}) > 4, "actors must differ in what they see"
    drawn = random.Random(7)
    asked = 0

    async def well(number: int) -> None:
        nonlocal asked
        async with of(two, number).acquire() as connection:
            assert await carried(connection) == of(two, number).claims()
            assert await connection.fetchval(MINE) == expected[number]
            asked += 1

    async def badly(number: int) -> None:
        with pytest.raises(asyncpg.PostgresError):
            async with of(two, number).acquire() as connection, connection.transaction():
                await connection.execute("SELECT set_config('yunqiao.region', '', false), 1 / 0")

    async def given_up(number: int) -> None:
        task = asyncio.create_task(of(two, number).fetchval("SELECT count(*) FROM registry.person, pg_sleep(0.05)"))
        await asyncio.sleep(drawn.random() * 0.03)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    actions = (well, well, well, badly, given_up)
    await asyncio.gather(*(drawn.choice(actions)(drawn.randrange(len(ACTORS))) for _ in range(400)))
    assert asked > 150
    # Nothing is lost either: both connections are free again.
    async with of(two, 0).acquire(), of(two, 1).acquire():
        pass


async def test_who_waits_and_gives_up_passes_the_turn_on(one: ClaimPool) -> None:
    async with of(one).acquire():
        waiting = [asyncio.create_task(of(one, number).fetchval(MINE)) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
    assert len(await asyncio.gather(*waiting[1:])) == 2
