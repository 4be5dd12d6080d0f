"""Sign-on with local accounts, and actors that come and go."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from hub.access.accounts import sign_in, store_account
from hub.access.actor import Actor
from hub.access.actors import ActorCache, ensure_actor, fetch_actor, store_revocation
from hub.clock import FixedClock
from hub.errors import Conflict, Forbidden, InvalidInput, Unauthenticated

PASSWORD = "correct horse battery"


@pytest.fixture
async def station(pool: asyncpg.Pool, clock: FixedClock) -> Actor:
    return await ensure_actor(pool, kind="station", name="a station", region_code="530627001000", clock=clock)


async def _try(pool: asyncpg.Pool, clock: FixedClock, password: str, username: str = "wufeng") -> Actor:
    return await sign_in(pool, username=username, password=password, clock=clock)


async def test_the_right_password_signs_in(pool: asyncpg.Pool, clock: FixedClock, station: Actor) -> None:
    await store_account(pool, username="wufeng", password=PASSWORD, actor=station, clock=clock)
    assert await _try(pool, clock, PASSWORD) == station
    stored = await pool.fetchval("SELECT password_hash FROM access.account")
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@pytest.mark.parametrize("username", ["wufeng", "a name nobody has"])
async def test_five_failures_bring_a_rest_whether_or_not_there_is_an_account(
    pool: asyncpg.Pool, clock: FixedClock, station: Actor, username: str
) -> None:
    await store_account(pool, username="wufeng", password=PASSWORD, actor=station, clock=clock)
    for _ in range(5):
        with pytest.raises(Unauthenticated, match="sign_in_wrong"):
            await _try(pool, clock, "wrong", username)
    with pytest.raises(Forbidden, match="account_resting"):
        await _try(pool, clock, PASSWORD, username)
    later = FixedClock(clock.now() + timedelta(minutes=15))
    if username == "wufeng":
        assert await _try(pool, later, PASSWORD) == station
        for _ in range(4):
            with pytest.raises(Unauthenticated):
                await _try(pool, later, "wrong")
        assert await _try(pool, later, PASSWORD) == station, "a right password clears the count"
    else:
        with pytest.raises(Unauthenticated, match="sign_in_wrong"):
            await _try(pool, later, "wrong", username)


async def test_attempts_made_at_once_are_all_counted(pool: asyncpg.Pool, clock: FixedClock, station: Actor) -> None:
    await store_account(pool, username="wufeng", password=PASSWORD, actor=station, clock=clock)
    outcomes = await asyncio.gather(*(_try(pool, clock, "wrong") for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(outcome, Unauthenticated) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, Forbidden) for outcome in outcomes) == 7


@pytest.mark.parametrize("username", ["", "\x00", "x" * 5000, "\ud800", "'; DROP TABLE access.account; --"])
async def test_odd_names_are_just_wrong(pool: asyncpg.Pool, clock: FixedClock, username: str) -> None:
    with pytest.raises(Unauthenticated, match="sign_in_wrong"):
        await _try(pool, clock, "wrong \ud800", username)


async def test_accounts_are_made_with_care(pool: asyncpg.Pool, clock: FixedClock, station: Actor) -> None:
    with pytest.raises(InvalidInput, match="password_short"):
        await store_account(pool, username="wufeng", password="short", actor=station, clock=clock)
    with pytest.raises(InvalidInput, match="username_invalid"):
        await store_account(pool, username="a\nb", password=PASSWORD, actor=station, clock=clock)
    await store_account(pool, username="wufeng", password=PASSWORD, actor=station, clock=clock)
    with pytest.raises(Conflict, match="username_taken"):
        await store_account(pool, username="wufeng", password=PASSWORD, actor=station, clock=clock)


async def test_a_revoked_actor_is_refused_and_the_cache_notices(
    pool: asyncpg.Pool, clock: FixedClock, station: Actor
) -> None:
    cache, impatient = ActorCache(pool, valid_s=60), ActorCache(pool, valid_s=0)
    assert await cache.fetch(station.actor_id) == await impatient.fetch(station.actor_id) == station
    await store_revocation(pool, station.actor_id, clock=clock)
    with pytest.raises(Unauthenticated, match="actor_revoked"):
        await fetch_actor(pool, station.actor_id)
    with pytest.raises(Unauthenticated, match="actor_revoked"):
        await impatient.fetch(station.actor_id)
    assert await cache.fetch(station.actor_id) == station, "within its term the cache does not ask"
    cache.forget(station.actor_id)
    with pytest.raises(Unauthenticated, match="actor_revoked"):
        await cache.fetch(station.actor_id)


@pytest.mark.parametrize(
    "scope",
    [
        {"kind": "department", "region_code": "530000000000"},
        {"kind": "station"},
        {"kind": "station", "region_code": "990000000000"},
        {"kind": "partner"},
        {"kind": "person"},
        {"kind": "person", "person_id": 1},
        {"kind": "emperor", "region_code": "530000000000"},
    ],
)
async def test_an_actor_needs_its_scope(pool: asyncpg.Pool, clock: FixedClock, scope: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="actor_invalid"):
        await ensure_actor(pool, name="x", clock=clock, **scope)  # type: ignore[arg-type]  # parametrised


async def test_the_same_scope_is_the_same_actor(pool: asyncpg.Pool, clock: FixedClock, station: Actor) -> None:
    again = await ensure_actor(pool, kind="station", name="renamed", region_code="530627001000", clock=clock)
    assert again.actor_id == station.actor_id
