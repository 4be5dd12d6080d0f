"""Openings posted, changed and closed through the hub."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest

from hub.casework.opening import OpeningEntry, change_opening, close_opening, post_opening
from hub.errors import Conflict, InvalidInput, NotFound
from tests.registers import CLOCK, TOWNSHIP, World

ENTRY = OpeningEntry(
    employer_name="某服饰有限公司",
    title="缝纫工",
    occupation_code="6-05-01-03",
    region_code=TOWNSHIP,
    channel="local",
    wage_low_yuan_per_month=3000,
    wage_high_yuan_per_month=4000,
    vacancies=3,
    duties="操作平缝机",
)


@pytest.fixture
def world(pool: asyncpg.Pool) -> World:
    return World(pool)


async def test_posting_changing_closing(world: World, pool: asyncpg.Pool) -> None:
    partner = await world.station(kind="partner", partner_code="SH01")
    async with pool.acquire() as connection, connection.transaction():
        key = await post_opening(connection, actor=partner, entry=ENTRY, clock=CLOCK)
        row = await connection.fetchrow("SELECT * FROM market.opening")
        assert (row["partner_code"], row["posted_by"], row["state"]) == ("SH01", partner.actor_id, "open")
        assert (row["version"], row["posted_on"]) == (1, CLOCK.today())
        changed = replace(ENTRY, vacancies=5, employer_code="91530000MA6K000001")
        await change_opening(connection, opening_id=key, version=1, entry=changed, clock=CLOCK)
        row = await connection.fetchrow("SELECT * FROM market.opening")
        assert (row["vacancies"], row["employer_code"], row["version"]) == (5, "91530000MA6K000001", 2)
        with pytest.raises(Conflict, match="version_stale"):
            await change_opening(connection, opening_id=key, version=1, entry=ENTRY, clock=CLOCK)
        await connection.execute("UPDATE market.opening SET filled = 2")
        with pytest.raises(InvalidInput, match="opening_invalid"):
            await change_opening(connection, opening_id=key, version=2, entry=replace(ENTRY, vacancies=1), clock=CLOCK)
        await change_opening(connection, opening_id=key, version=2, entry=replace(ENTRY, vacancies=2), clock=CLOCK)
        assert await connection.fetchval("SELECT state FROM market.opening") == "filled"
        await close_opening(connection, opening_id=key, version=3, clock=CLOCK)
        assert await connection.fetchval("SELECT state FROM market.opening") == "closed"
        with pytest.raises(Conflict, match="opening_closed"):
            await change_opening(connection, opening_id=key, version=4, entry=ENTRY, clock=CLOCK)
        with pytest.raises(NotFound):
            await close_opening(connection, opening_id=key + 1, version=1, clock=CLOCK)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": " "}, "opening_invalid"),
        ({"employer_name": "x" * 201}, "opening_invalid"),
        ({"occupation_code": "9-99-99-99"}, "opening_invalid"),
        ({"region_code": "999999999999"}, "opening_invalid"),
        ({"channel": "moon"}, "opening_invalid"),
        ({"education_min": "00"}, "opening_invalid"),
        ({"vacancies": 0}, "opening_invalid"),
        ({"wage_low_yuan_per_month": 5000}, "opening_invalid"),
        ({"age_min": 50, "age_max": 20}, "opening_invalid"),
        ({"closes_on": date(2026, 6, 14)}, "opening_invalid"),
        ({"duties": "限男性"}, "opening_unlawful"),
        ({"title": "缝纫工（女士优先）"}, "opening_unlawful"),
        ({"wage_low_yuan_per_month": 1000}, "opening_unlawful"),
    ],
)
async def test_what_cannot_be_posted(world: World, pool: asyncpg.Pool, change: dict[str, Any], code: str) -> None:
    partner = await world.station(kind="partner", partner_code="SH01")
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(InvalidInput) as refused:
            await post_opening(connection, actor=partner, entry=replace(ENTRY, **change), clock=CLOCK)
        assert refused.value.code == code
        assert await connection.fetchval("SELECT count(*) FROM market.opening") == 0
