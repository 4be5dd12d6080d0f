"""The market follows the feeds, but what happened here since is not undone by a row that repeats itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import pytest

from hub.registry.market import MarketReport, publish_market
from hub.telemetry import SilentProgress
from tests.registers import CLOCK, TOWNSHIP, World

OPENING = {
    "reference": "YN-1", "employer_name": "某服饰有限公司", "title": "缝纫工", "occupation_code": "6-05-01-03",
    "region_code": TOWNSHIP, "channel": "local", "wage_low_yuan_per_month": 3000, "wage_high_yuan_per_month": 4000,
    "wage_kind": "monthly", "vacancies": 5, "filled": 1, "posted_on": "2026-06-01", "state": "open",
}  # fmt: skip
PROGRAMME = {
    "reference": "P-1", "name": "焊工班", "organiser": "某学校", "occupation_code": "6-18-02-04", "mode": "course",
    "certificate_kind": "skill_level", "skill_level": "5", "days": 20, "seats": 30, "starts_on": "2026-07-01",
    "region_code": TOWNSHIP, "state": "open",
}  # fmt: skip
POST = {
    "reference": "W-1", "name": "保洁员", "kind": "cleaning", "department": "human_resources", "region_code": TOWNSHIP,
    "vacancies": 2, "wage_yuan_per_month": 1000, "term_months": 12, "starts_on": "2026-07-01", "state": "open",
}  # fmt: skip


@pytest.fixture
def world(pool: asyncpg.Pool) -> World:
    return World(pool)


async def market(pool: asyncpg.Pool) -> MarketReport:
    return await publish_market(pool, clock=CLOCK, progress=SilentProgress())


async def opening(pool: asyncpg.Pool) -> asyncpg.Record:
    return await pool.fetchrow("SELECT * FROM market.opening WHERE reference = 'YN-1'")


async def put(world: World, values: dict[str, Any], entity: str = "opening", **other: Any) -> int:
    return await world.record("human_resources", values, entity=entity, **other)


async def test_all_three_kinds_come_in_once(world: World, pool: asyncpg.Pool) -> None:
    record = await put(world, OPENING)
    await put(world, PROGRAMME, "programme")
    await put(world, POST, "post")
    await put(world, {**OPENING, "reference": "YN-2", "region_code": "999999999999"})
    report = await market(pool)
    assert (report.openings.added, report.programmes.added, report.posts.added, report.unplaced) == (1, 1, 1, 1)
    row = await opening(pool)
    assert (row["vacancies"], row["filled"], row["posted_on"], row["source_record_id"]) == (
        5,
        1,
        date(2026, 6, 1),
        record,
    )
    again = await market(pool)
    assert not any([again.openings, again.programmes, again.posts])
    assert (await opening(pool))["version"] == 1


async def test_a_changed_row_raises_the_version_and_an_unchanged_one_does_not(world: World, pool: asyncpg.Pool) -> None:
    old = await put(world, OPENING)
    await market(pool)
    await world.retire(old, date(2026, 6, 10))
    await put(world, OPENING, as_of=date(2026, 6, 10))
    await market(pool)
    assert (await opening(pool))["version"] == 1
    await put(world, {**OPENING, "wage_low_yuan_per_month": 3200}, as_of=date(2026, 6, 12))
    await market(pool)
    row = await opening(pool)
    assert (row["wage_low_yuan_per_month"], row["version"]) == (3200, 2)


async def test_what_the_feed_drops_is_closed_and_nothing_else_of_it_changes(world: World, pool: asyncpg.Pool) -> None:
    record = await put(world, OPENING)
    await market(pool)
    await pool.execute("UPDATE market.opening SET filled = 3")
    await world.retire(record, date(2026, 6, 10))
    report = await market(pool)
    assert report.openings.changed == 1
    row = await opening(pool)
    assert (row["state"], row["filled"], row["version"]) == ("closed", 3, 2)
    assert not (await market(pool)).openings


async def test_a_row_that_repeats_itself_undoes_nothing(world: World, pool: asyncpg.Pool) -> None:
    await put(world, OPENING)
    await market(pool)
    await pool.execute("UPDATE market.opening SET filled = 5, state = 'filled', version = 9")
    await market(pool)
    row = await opening(pool)
    assert (row["filled"], row["state"], row["version"]) == (5, "filled", 9)


async def test_a_new_row_that_has_not_heard_of_our_placements_does_not_forget_them(
    world: World, pool: asyncpg.Pool
) -> None:
    old = await put(world, OPENING)
    await market(pool)
    clerk, key = await world.station(), await world.person()
    target = (await opening(pool))["opening_id"]
    for state in ("placed", "placed", "declined"):
        await pool.execute(
            "INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at) "
            "VALUES ($1, 'opening', $2, $3, $4, '2026-06-10', $5)",
            key, target, state, clerk.actor_id, CLOCK.now(),
        )  # fmt: skip
    await world.retire(old, date(2026, 6, 12))
    await put(world, {**OPENING, "title": "平缝工"}, as_of=date(2026, 6, 12))
    await market(pool)
    assert (await opening(pool))["filled"] == 2


async def test_a_row_with_every_place_taken_is_filled(world: World, pool: asyncpg.Pool) -> None:
    await put(world, {**OPENING, "filled": 5})
    await market(pool)
    assert (await opening(pool))["state"] == "filled"


async def test_what_was_posted_here_is_no_feeds(world: World, pool: asyncpg.Pool) -> None:
    clerk = await world.station()
    await world.opening(reference="YN-1", vacancies=9, posted_by=clerk.actor_id)
    record = await put(world, OPENING)
    await market(pool)
    assert (await opening(pool))["vacancies"] == 9
    await world.retire(record, date(2026, 6, 10))
    await market(pool)
    assert (await opening(pool))["state"] == "open"
