"""The departments' book of past offers becomes referrals, once, and follows people through merges and back."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import pytest

from hub.casework.history import HistoryReport, publish_history
from hub.casework.referral import OutcomeEntry, record_outcome
from hub.registry.publish import publish
from hub.telemetry import SilentProgress
from tests.registers import CLOCK, World, citizen_number

BORN = date(1990, 5, 4)
NUMBER = citizen_number(BORN, 11)


@pytest.fixture
def world(pool: asyncpg.Pool) -> World:
    return World(pool)


async def history(pool: asyncpg.Pool) -> HistoryReport:
    return await publish_history(pool, clock=CLOCK, progress=SilentProgress())


async def somebody(world: World, name: str = "周九", number: str | None = NUMBER) -> int:
    key = await world.person()
    await world.record(
        "human_resources", {"name": name, **({"citizen_number": number} if number else {})}, person_id=key
    )
    return key


async def offer(world: World, values: dict[str, Any], **other: Any) -> int:
    said = {"citizen_number": NUMBER, "name": "周九", "kind": "opening", "reference": "O-1", "shown_on": "2025-03-01",
            "rank": 1, "state": "shown", **values}  # fmt: skip
    said = {name: value for name, value in said.items() if value is not None}
    return await world.record("human_resources", said, entity="referral", **other)


async def test_offers_become_referrals_with_their_outcomes_once(world: World, pool: asyncpg.Pool) -> None:
    key, target = await somebody(world), await world.opening()
    record = await offer(
        world, {"state": "ended", "result": "left", "reason": "distance", "wage_yuan_per_month": 3800, "rank": 2,
                "started_on": "2025-03-10", "ended_on": "2025-08-10", "months_kept": 5, "contacted_on": "2025-03-05"},
    )  # fmt: skip
    await offer(world, {"reference": "O-2", "shown_on": "2025-04-01"})
    await world.opening(reference="O-2")
    report = await history(pool)
    assert (report.rows, report.referrals, report.outcomes, report.issues) == (2, 2, 1, ())
    row = await pool.fetchrow("SELECT * FROM casework.referral WHERE source_record_id = $1", record)
    assert (row["person_id"], row["opening_id"], row["state"], row["rank"]) == (key, target, "ended", 2)
    assert (row["shown_on"], row["referred_by"]) == (date(2025, 3, 1), None)
    outcome = await pool.fetchrow("SELECT * FROM casework.outcome")
    assert (outcome["result"], outcome["months_kept"], outcome["wage_yuan_per_month"]) == ("left", 5, 3800)
    assert (outcome["source_record_id"], outcome["recorded_at"].date()) == (
        record,
        date(2025, 3, 4),
    )  # midnight in Yunnan
    again = await history(pool)
    assert (again.rows, again.referrals, again.outcomes, again.changed) == (2, 0, 0, 0)
    assert await pool.fetchval("SELECT count(*) FROM casework.transition") == 2


@pytest.mark.parametrize(
    ("number", "name", "found"),
    [
        (NUMBER, "周九", True),
        (NUMBER.lower(), "周 九", True),
        ("'" + NUMBER, "周九", True),
        (NUMBER, None, True),
        (NUMBER, "邹九", False),  # another name altogether
        (NUMBER, "周久", True),  # sounds the same
        (NUMBER[:15] + "000", "周九", True),  # rounded by a spreadsheet
        (NUMBER[:16] + "9" + NUMBER[17:], "周九", True),  # mistyped
        (NUMBER[:15] + "000", "周十", False),
        ("123", "周九", False),
    ],
)
async def test_people_are_found_by_number_and_name(
    world: World, pool: asyncpg.Pool, number: str, name: str | None, found: bool
) -> None:
    key = await somebody(world)
    await world.opening()
    record = await offer(world, {"citizen_number": number, "name": name})
    report = await history(pool)
    if found:
        assert await pool.fetchval("SELECT person_id FROM casework.referral") == key
    else:
        assert (report.unknown_people, report.referrals) == (1, 0)
        assert [(issue.source_record_id, issue.code) for issue in report.issues] == [(record, "person_unknown")]


async def test_a_shared_number_is_told_apart_by_name_or_not_at_all(world: World, pool: asyncpg.Pool) -> None:
    one, other = await somebody(world, "周九"), await somebody(world, "吴十")
    await world.opening()
    await offer(world, {"name": "吴十"})
    await offer(world, {"name": "郑一", "shown_on": "2025-05-01"})
    await offer(world, {"name": None, "shown_on": "2025-06-01"})
    report = await history(pool)
    assert (report.referrals, report.unknown_people) == (1, 2)
    assert await pool.fetchval("SELECT person_id FROM casework.referral") == other != one


async def test_the_one_person_of_a_name_without_any_number(world: World, pool: asyncpg.Pool) -> None:
    key = await somebody(world, "木阿果", None)
    await somebody(world, "王二", None)
    await somebody(world, "木阿花", citizen_number(BORN, 15))
    await world.opening()
    await offer(world, {"name": "木阿果"})
    await offer(world, {"name": "王二", "shown_on": "2025-04-01"})  # too common to be sure
    await offer(world, {"name": "木阿花", "shown_on": "2025-05-01"})  # has another number
    report = await history(pool)
    assert (report.referrals, report.unknown_people) == (1, 2)
    assert await pool.fetchval("SELECT person_id FROM casework.referral") == key


async def test_the_old_fifteen_digits_are_the_same_number(world: World, pool: asyncpg.Pool) -> None:
    key = await somebody(world)
    await world.opening()
    await offer(world, {"citizen_number": NUMBER[:6] + NUMBER[8:17]})
    await history(pool)
    assert await pool.fetchval("SELECT person_id FROM casework.referral") == key


async def test_what_is_not_known_yet_is_tried_again(world: World, pool: asyncpg.Pool) -> None:
    await offer(world, {})
    await offer(world, {"reference": "O-9", "shown_on": "2025-05-01"})
    report = await history(pool)
    assert (report.referrals, report.unknown_people) == (0, 2)
    await somebody(world)
    await world.opening()
    report = await history(pool)
    assert (report.referrals, report.unknown_people, report.unknown_targets) == (1, 0, 1)
    assert [issue.code for issue in report.issues] == ["target_unknown"]


async def test_a_row_that_replaces_another_goes_on_with_its_referral(world: World, pool: asyncpg.Pool) -> None:
    await somebody(world)
    await world.opening()
    first = await offer(world, {"state": "contacted"}, key="k")
    await history(pool)
    await world.retire(first, date(2026, 6, 5))
    second = await offer(
        world, {"state": "placed", "result": "placed", "started_on": "2025-03-10"}, key="k", as_of=date(2026, 6, 5)
    )
    report = await history(pool)
    assert (report.referrals, report.changed, report.outcomes) == (0, 1, 1)
    row = await pool.fetchrow("SELECT * FROM casework.referral")
    assert (row["state"], row["version"]) == ("placed", 2)
    steps = await pool.fetch("SELECT from_state, to_state FROM casework.transition ORDER BY transition_id")
    assert [tuple(step) for step in steps] == [(None, "contacted"), ("contacted", "placed")]
    again = await history(pool)
    assert (again.referrals, again.changed, again.outcomes) == (0, 0, 0)
    await world.retire(second, date(2026, 6, 7))
    await offer(
        world,
        {"state": "placed", "result": "placed", "started_on": "2025-03-10", "months_kept": 9},
        key="k",
        as_of=date(2026, 6, 7),
    )
    third = await history(pool)
    assert (third.referrals, third.changed, third.outcomes) == (0, 0, 1)
    assert (await history(pool)).outcomes == 0


async def test_what_was_done_here_is_not_undone_by_a_book_that_says_nothing_new(
    world: World, pool: asyncpg.Pool
) -> None:
    await somebody(world)
    await world.opening(vacancies=2, filled=1)
    await publish(pool, clock=CLOCK, progress=SilentProgress())
    await offer(world, {"state": "placed", "result": "placed", "started_on": "2025-03-10"})
    await history(pool)
    clerk = await world.station()
    referral = await pool.fetchval("SELECT referral_id FROM casework.referral")
    async with pool.acquire() as connection, connection.transaction():
        await record_outcome(
            connection, actor=clerk, referral_id=referral, version=1, entry=OutcomeEntry(result="left"), clock=CLOCK
        )
    report = await history(pool)
    assert report.changed == 0
    assert await pool.fetchval("SELECT state FROM casework.referral") == "ended"
    assert await pool.fetchval("SELECT filled FROM market.opening") == 0


async def test_two_live_rows_of_one_offer_are_one_referral(world: World, pool: asyncpg.Pool) -> None:
    await somebody(world)
    await world.opening()
    await offer(world, {"state": "referred"})
    await offer(world, {"state": "contacted", "shown_on": "2025-04-01"})
    report = await history(pool)
    assert (report.referrals, report.doubled) == (1, 1)
    assert await pool.fetchval("SELECT state FROM casework.referral") == "contacted"
    again = await history(pool)
    assert (again.referrals, again.doubled) == (0, 1)


async def test_referrals_follow_a_merge_and_its_undoing(world: World, pool: asyncpg.Pool) -> None:
    one = await somebody(world)
    other = await somebody(world, "周玖", None)
    other_number = citizen_number(BORN, 13)
    await world.record("rural_revitalization", {"name": "周玖", "citizen_number": other_number}, person_id=other)
    await world.opening()
    await offer(world, {})
    await offer(world, {"citizen_number": other_number, "name": "周玖"})
    await history(pool)
    before = await pool.fetch("SELECT referral_id, person_id FROM casework.referral ORDER BY referral_id")
    assert {row["person_id"] for row in before} == {one, other}
    moves = await world.merge(one, other)
    await history(pool)
    assert await pool.fetchval("SELECT count(*) FROM casework.referral WHERE person_id = $1", one) == 2
    await world.undo(moves)
    await history(pool)
    assert await pool.fetch("SELECT referral_id, person_id FROM casework.referral ORDER BY referral_id") == before
