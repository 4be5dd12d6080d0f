"""The station as a source like any other."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.casework.wish import edit_person, edit_wish
from hub.clock import ZONE, FixedClock
from hub.errors import Conflict, InvalidInput, NotFound
from hub.identity.resolve import resolve
from hub.registry.provenance import read_provenance
from hub.registry.publish import publish
from hub.registry.station import store_station_entry
from hub.telemetry import SilentProgress
from tests.registers import CLOCK, TOWNSHIP, VILLAGE, World, citizen_number


@pytest.fixture
def world(pool: asyncpg.Pool) -> World:
    return World(pool)


async def test_somebody_nobody_knows_is_added(world: World, pool: asyncpg.Pool) -> None:
    clerk = await world.station()
    number = citizen_number(date(1988, 8, 8), 12)
    async with pool.acquire() as connection, connection.transaction():
        key = await store_station_entry(
            connection,
            actor=clerk,
            person_id=None,
            values={
                "name": "新来", "citizen_number": number, "living_region_code": TOWNSHIP, "wishes_to_work": True,
                "relation": "02", "wish_wage_yuan_per_month": 3500, "phone": None,
            },
            clock=CLOCK,
        )  # fmt: skip
    person = await pool.fetchrow("SELECT * FROM registry.person WHERE person_id = $1", key)
    assert (person["name"], person["citizen_number"], person["born_on"]) == ("新来", number, date(1988, 8, 8))
    assert (person["living_region_code"], person["willing"]) == (TOWNSHIP, True)
    household = await pool.fetchrow("SELECT * FROM registry.household WHERE household_id = $1", person["household_id"])
    assert (household["zero_employment"], household["members_count"]) == (True, 1)
    assert {item.feed for item in await read_provenance(pool, key)} == {"station"}
    event = await pool.fetchrow("SELECT * FROM identity.event")
    assert (event["kind"], event["cause"], event["actor_id"]) == ("create", "station", clerk.actor_id)
    # Identity finds the record later and agrees; a full publication changes nothing.
    await resolve(pool, clock=CLOCK, progress=SilentProgress())
    assert await pool.fetchval("SELECT count(*) FROM identity.person_key") == 1
    assert (await publish(pool, clock=CLOCK, progress=SilentProgress())).changed == {}


async def test_a_file_that_comes_later_finds_the_person_the_station_added(world: World, pool: asyncpg.Pool) -> None:
    clerk = await world.station()
    number = citizen_number(date(1988, 8, 8), 12)
    async with pool.acquire() as connection, connection.transaction():
        key = await store_station_entry(
            connection, actor=clerk, person_id=None, values={"name": "新来", "citizen_number": number}, clock=CLOCK
        )
    record = await world.record(
        "human_resources", {"name": "新来", "citizen_number": number, "education": "60"}, normalised=False
    )
    report = await resolve(pool, clock=CLOCK, progress=SilentProgress())
    assert report.touched
    owner = await pool.fetchval("SELECT person_id FROM identity.membership WHERE source_record_id = $1", record)
    assert owner == key
    await publish(pool, clock=CLOCK, progress=SilentProgress(), person_ids=report.touched)
    assert await pool.fetchval("SELECT education FROM registry.person WHERE person_id = $1", key) == "60"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "entry_empty"),
        ({"name": None}, "entry_empty"),
        ({"phone": "1"}, "name_missing"),
        ({"name": " "}, "name_missing"),
        ({"name": "甲", "favourite_colour": "red"}, "field_unknown"),
        ({"name": "甲", "education": "99"}, "code_unknown"),
        ({"name": "甲", "living_region_code": "999999999999"}, "region_unknown"),
        ({"name": "甲", "born_on": "1990-02-30"}, "day_invalid"),
        ({"name": "甲", "wish_wage_yuan_per_month": 0}, "wage_invalid"),
        ({"name": "甲", "citizen_number": "000627199005040111"}, "number_invalid"),
    ],
)
async def test_entries_that_cannot_be(world: World, pool: asyncpg.Pool, values: dict[str, Any], code: str) -> None:
    clerk = await world.station()
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(InvalidInput) as refused:
            await store_station_entry(connection, actor=clerk, person_id=None, values=values, clock=CLOCK)
    assert refused.value.code == code
    assert "甲" not in refused.value.line()
    assert await pool.fetchval("SELECT count(*) FROM intake.source_record") == 0


async def test_unknown_people_are_not_entered_about(world: World, pool: asyncpg.Pool) -> None:
    clerk = await world.station()
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(NotFound):
            await store_station_entry(connection, actor=clerk, person_id=9, values={"phone": "1"}, clock=CLOCK)


async def known(world: World, pool: asyncpg.Pool) -> int:
    key = await world.person()
    await world.record(
        "human_resources",
        {"name": "孙八", "employment_status": "unemployed", "wish_scope": "outside", "wish_occupation": "焊工"},
        person_id=key,
    )
    await publish(pool, clock=CLOCK, progress=SilentProgress())
    return key


async def edit(
    pool: asyncpg.Pool, actor: Any, key: int, version: int, values: dict[str, Any], clock: FixedClock = CLOCK
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await edit_wish(connection, actor=actor, person_id=key, version=version, values=values, clock=clock)


async def test_a_wish_is_edited_under_its_version(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()
    await edit(pool, clerk, key, 1, {"wish_scope": "county", "wish_occupation": None})
    wish = await pool.fetchrow("SELECT * FROM registry.wish WHERE person_id = $1", key)
    assert (wish["scope"], wish["occupation"], wish["version"]) == ("county", "焊工", 2)
    conflict = await pool.fetchrow("SELECT * FROM registry.conflict WHERE entity = 'wish'")
    assert (conflict["value"], conflict["kept_value"]) == ("outside", "county")
    with pytest.raises(Conflict) as refused:
        await edit(pool, clerk, key, 1, {"wish_scope": "province"})
    assert refused.value.code == "version_stale"
    assert await pool.fetchval("SELECT scope FROM registry.wish WHERE person_id = $1", key) == "county"
    with pytest.raises(InvalidInput):
        await edit(pool, clerk, key, 2, {"name": "别人"})
    with pytest.raises(NotFound):
        await edit(pool, clerk, key + 100, 0, {"wish_scope": "county"})


async def test_saying_a_and_b_and_a_again_leaves_one_entry_in_force(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()
    for version, scope in enumerate(["county", "province", "county"], start=1):
        await edit(pool, clerk, key, version, {"wish_scope": scope})
    rows = await pool.fetch(
        "SELECT values ->> 'wish_scope' AS scope, gone_on FROM intake.source_record WHERE feed = 'station'"
    )
    assert [(row["scope"], row["gone_on"] is None) for row in rows] == [
        ("county", False),
        ("province", False),
        ("county", True),
    ]
    assert await pool.fetchval("SELECT scope FROM registry.wish") == "county"


async def test_two_edits_of_one_version_let_one_through(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()
    done = await asyncio.gather(
        *(edit(pool, clerk, key, 1, {"wish_scope": scope}) for scope in ("county", "province")), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in done) == ["Conflict", "NoneType"]
    assert await pool.fetchval("SELECT version FROM registry.wish") == 2


async def test_edits_and_a_full_publication_do_not_block_each_other(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()

    async def publishing() -> None:
        for _ in range(4):
            await publish(pool, clock=CLOCK, progress=SilentProgress())

    async def editing() -> None:
        for version in range(1, 5):
            await edit(pool, clerk, key, version, {"wish_wage_yuan_per_month": 3000 + version})

    await asyncio.wait_for(asyncio.gather(publishing(), editing()), timeout=60)
    assert await pool.fetchval("SELECT wage_yuan_per_month FROM registry.wish") == 3004


async def test_the_station_puts_somebody_into_a_household(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()
    async with pool.acquire() as connection, connection.transaction():
        joined = await edit_person(
            connection, actor=clerk, person_id=None, clock=CLOCK,
            values={"name": "妻", "household_person_id": key, "relation": "10", "employment_status": "employed"},
        )  # fmt: skip
    homes = await pool.fetch("SELECT household_id FROM registry.person WHERE person_id = ANY ($1)", [key, joined])
    assert homes[0] == homes[1]
    household = await pool.fetchrow("SELECT * FROM registry.household WHERE household_id = $1", homes[0][0])
    assert (household["members_count"], household["in_work_count"], household["zero_employment"]) == (2, 1, False)
    assert (await publish(pool, clock=CLOCK, progress=SilentProgress())).changed == {}


async def test_whoever_the_feeds_dropped_is_back_when_the_station_vouches(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()
    await pool.execute("UPDATE intake.source_record SET gone_on = '2026-06-10'")
    await publish(pool, clock=CLOCK, progress=SilentProgress())
    assert await pool.fetchval("SELECT gone_on FROM registry.person") == date(2026, 6, 10)
    async with pool.acquire() as connection, connection.transaction():
        await edit_person(
            connection,
            actor=clerk,
            person_id=key,
            values={"living_region_code": VILLAGE, "wishes_to_work": True},
            clock=CLOCK,
        )
    person = await pool.fetchrow("SELECT * FROM registry.person")
    assert (person["gone_on"], person["name"], person["living_region_code"]) == (None, "孙八", VILLAGE)


async def test_an_entry_about_a_key_merged_away_reaches_the_living_one(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()
    twin = await world.person()
    await world.record("rural_revitalization", {"name": "孙八"}, person_id=twin)
    await world.merge(key, twin)
    await publish(pool, clock=CLOCK, progress=SilentProgress(), person_ids=[key, twin])
    async with pool.acquire() as connection, connection.transaction():
        reached = await edit_person(
            connection, actor=clerk, person_id=twin, values={"phone": "19900000009"}, clock=CLOCK
        )
    assert reached == key
    assert await pool.fetchval("SELECT phone FROM registry.person WHERE person_id = $1", key) == "19900000009"


async def test_a_failed_entry_leaves_nothing(world: World, pool: asyncpg.Pool) -> None:
    key, clerk = await known(world, pool), await world.station()
    before = await world.register()
    with pytest.raises(RuntimeError):
        await _fail_after(pool, clerk, key)
    assert await world.register() == before


async def _fail_after(pool: asyncpg.Pool, clerk: Actor, key: int) -> None:
    async with pool.acquire() as connection, connection.transaction():
        tomorrow = FixedClock(datetime(2026, 6, 16, tzinfo=ZONE))
        await edit_wish(
            connection, actor=clerk, person_id=key, version=1, values={"wish_scope": "county"}, clock=tomorrow
        )
        raise RuntimeError("the audit entry could not be written")
