"""From referral to outcome: locks, counts, refusals, and what the register hears of it."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.casework.referral import OutcomeEntry, record_contact, record_outcome, refer
from hub.errors import Conflict, HubError, InvalidInput, InvalidTransition, NotFound
from hub.registry.publish import publish
from hub.telemetry import SilentProgress
from tests.registers import CLOCK, TOWNSHIP, VILLAGE, World


@pytest.fixture
def world(pool: asyncpg.Pool) -> World:
    return World(pool)


class Desk:
    """A station's desk: every call is a transaction of its own."""

    def __init__(self, world: World, actor: Actor) -> None:
        self.world, self.pool, self.actor = world, world.pool, actor

    @classmethod
    async def open(cls, world: World) -> Desk:
        return cls(world, await world.station())

    async def willing(self, name: str = "甲") -> int:
        key = await self.world.person()
        await self.world.record(
            "human_resources", {"name": name, "age": 30, "employment_status": "unemployed"}, person_id=key
        )
        await self.world.record(
            "rural_revitalization",
            {"name": name, "household_code": f"{VILLAGE}{key:05d}", "relation": "02"},
            person_id=key,
        )
        await publish(self.pool, clock=CLOCK, progress=SilentProgress())
        return key

    async def refer(self, person_id: int, target_id: int, kind: str = "opening", **other: Any) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            return await refer(
                connection, actor=self.actor, person_id=person_id, kind=kind, target_id=target_id, clock=CLOCK, **other
            )

    async def contact(self, referral_id: int, version: int, result: str = "reached", **other: Any) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            return await record_contact(
                connection, actor=self.actor, referral_id=referral_id, version=version, channel="phone", result=result,
                clock=CLOCK, **other,
            )  # fmt: skip

    async def outcome(self, referral_id: int, version: int, result: str, **entry: Any) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            return await record_outcome(
                connection, actor=self.actor, referral_id=referral_id, version=version,
                entry=OutcomeEntry(result=result, **entry), clock=CLOCK,
            )  # fmt: skip

    async def row(self, table: str, key: int) -> asyncpg.Record:
        name = table.rpartition(".")[2]
        return await self.pool.fetchrow(f"SELECT * FROM {table} WHERE {name}_id = $1", key)  # noqa: S608  # our own names


async def test_the_whole_way(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    person, target = await desk.willing(), await world.opening(vacancies=1)
    home = await pool.fetchrow("SELECT * FROM registry.household")
    assert home["zero_employment"] is True
    referral = await desk.refer(person, target)
    await desk.contact(referral, 1, "no_answer")
    assert (await desk.row("casework.referral", referral))["state"] == "referred"
    await desk.contact(referral, 2, "reached", note="想去")
    await desk.contact(referral, 3, "reached", accepted=True)
    assert (await desk.row("casework.referral", referral))["state"] == "accepted"
    await desk.outcome(referral, 4, "placed", wage_yuan_per_month=3600, started_on=date(2026, 6, 10))
    opening = await desk.row("market.opening", target)
    assert (opening["filled"], opening["state"]) == (1, "filled")
    assert await pool.fetchval("SELECT in_work FROM registry.person") is True
    home = await pool.fetchrow("SELECT * FROM registry.household")
    assert (home["zero_employment"], home["in_work_count"], home["willing_count"]) == (False, 1, 0)
    job = await pool.fetchrow("SELECT * FROM registry.employment")
    assert (job["employer_name"], job["form"], job["wage_yuan_per_month"]) == ("某服饰有限公司", "unit", 3600)
    assert (job["started_on"], job["ended_on"], job["work_region_code"]) == (date(2026, 6, 10), None, TOWNSHIP)
    assert job["occupation_code"] == "6-05-01-03"
    await desk.outcome(referral, 5, "left", reason="distance", ended_on=date(2026, 6, 14))
    opening = await desk.row("market.opening", target)
    assert (opening["filled"], opening["state"]) == (0, "open")
    job = await pool.fetchrow("SELECT * FROM registry.employment")
    assert (job["started_on"], job["ended_on"]) == (date(2026, 6, 10), date(2026, 6, 14))
    assert await pool.fetchval("SELECT zero_employment FROM registry.household") is True
    steps = await pool.fetch("SELECT from_state, to_state FROM casework.transition ORDER BY transition_id")
    assert [tuple(step) for step in steps] == [
        (None, "referred"), ("referred", "contacted"), ("contacted", "accepted"), ("accepted", "placed"),
        ("placed", "ended"),
    ]  # fmt: skip


async def test_refusals_say_why_and_leave_the_transaction_usable(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    person, target = await desk.willing(), await world.opening(vacancies=1)
    closed = await world.opening(reference="O-2", state="closed")
    full = await world.opening(reference="O-3", vacancies=1, filled=1)
    over = await world.opening(reference="O-4", closes_on=date(2026, 6, 14))
    await desk.refer(person, target)
    cases: list[tuple[type[HubError], str, dict[str, Any]]] = [
        (NotFound, "person_unknown", {"person_id": 99, "target_id": target}),
        (NotFound, "target_unknown", {"person_id": person, "target_id": 999}),
        (InvalidInput, "kind_unknown", {"person_id": person, "target_id": target, "kind": "wish"}),
        (Conflict, "target_closed", {"person_id": person, "target_id": closed}),
        (Conflict, "target_closed", {"person_id": person, "target_id": over}),
        (Conflict, "target_full", {"person_id": person, "target_id": full}),
        (Conflict, "already_referred", {"person_id": person, "target_id": target}),
        (NotFound, "recommendation_unknown", {"person_id": person, "target_id": target, "run_id": 5, "rank": 1}),
    ]
    async with pool.acquire() as connection, connection.transaction():
        for kind, code, arguments in cases:
            with pytest.raises(kind) as refused:
                await refer(connection, actor=desk.actor, clock=CLOCK, **{"kind": "opening", **arguments})
            assert refused.value.code == code
        assert await connection.fetchval("SELECT count(*) FROM casework.referral") == 1


@pytest.mark.parametrize("result", ["placed", "declined", "not_hired", "left", "completed"])
async def test_what_is_over_has_no_second_outcome(world: World, pool: asyncpg.Pool, result: str) -> None:
    desk = await Desk.open(world)
    person, target = await desk.willing(), await world.opening(vacancies=3)
    referral = await desk.refer(person, target)
    await desk.outcome(referral, 1, "declined", reason="wage")
    with pytest.raises(InvalidTransition):
        await desk.outcome(referral, 2, result)
    with pytest.raises(InvalidTransition):
        await desk.contact(referral, 2)
    assert await pool.fetchval("SELECT count(*) FROM casework.outcome") == 1
    assert await pool.fetchval("SELECT filled FROM market.opening") == 0


async def test_placing_twice_takes_one_place(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    person, target = await desk.willing(), await world.opening(vacancies=3)
    referral = await desk.refer(person, target)
    done = await asyncio.gather(*(desk.outcome(referral, 1, "placed") for _ in range(2)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "int"]
    with pytest.raises(InvalidTransition):
        await desk.outcome(referral, 2, "placed")
    assert await pool.fetchval("SELECT filled FROM market.opening") == 1
    assert await pool.fetchval("SELECT count(*) FROM casework.outcome") == 1


async def test_the_last_vacancy_goes_to_one_of_two(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    target = await world.opening(vacancies=1)
    people = [await desk.willing(f"人{n}") for n in range(4)]
    referrals = [await desk.refer(person, target) for person in people]
    done = await asyncio.gather(*(desk.outcome(one, 1, "placed") for one in referrals), return_exceptions=True)
    refused = [one for one in done if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [Conflict] * 3
    assert {one.code for one in refused if isinstance(one, HubError)} == {"target_full"}
    opening = await desk.row("market.opening", target)
    assert (opening["filled"], opening["vacancies"], opening["state"]) == (1, 1, "filled")
    assert await pool.fetchval("SELECT count(*) FROM registry.employment") == 1
    assert await pool.fetchval("SELECT count(*) FROM casework.referral WHERE state = 'placed'") == 1


async def test_stale_versions_and_wrong_words_are_refused(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    person, target = await desk.willing(), await world.opening()
    referral = await desk.refer(person, target)
    with pytest.raises(Conflict, match="version_stale"):
        await desk.contact(referral, 7)
    with pytest.raises(InvalidInput, match="code_unknown"):
        await desk.contact(referral, 1, "shouted")
    with pytest.raises(InvalidInput, match="contact_invalid"):
        await desk.contact(referral, 1, "no_answer", accepted=True)
    with pytest.raises(InvalidInput, match="code_unknown"):
        await desk.outcome(referral, 1, "vanished")
    with pytest.raises(InvalidInput, match="outcome_invalid"):
        await desk.outcome(referral, 1, "placed", started_on=date(2026, 6, 2), ended_on=date(2026, 6, 1))
    with pytest.raises(InvalidInput, match="outcome_invalid"):
        await desk.outcome(referral, 1, "placed", wage_yuan_per_month=0)
    with pytest.raises(NotFound):
        await desk.contact(999, 1)
    assert (await desk.row("casework.referral", referral))["version"] == 1


async def test_a_welfare_post_counts_as_one(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    person = await desk.willing()
    post = await pool.fetchval(
        "INSERT INTO market.post (reference, name, kind, department, region_code, vacancies, wage_yuan_per_month, "
        "term_months, starts_on, state, updated_at) "
        "VALUES ('W-1', '保洁员', 'cleaning', 'human_resources', $1, 1, 1000, 12, '2026-07-01', 'open', $2) "
        "RETURNING post_id",
        TOWNSHIP, CLOCK.now(),
    )  # fmt: skip
    referral = await desk.refer(person, post, "post")
    await desk.outcome(referral, 1, "placed")
    row = await pool.fetchrow("SELECT employment_form, in_work FROM registry.person")
    assert tuple(row) == ("welfare_post", True)
    assert await pool.fetchval("SELECT filled FROM market.post") == 1
    assert await pool.fetchval("SELECT wage_yuan_per_month FROM registry.employment") == 1000


async def test_a_course_ends_in_training_and_uses_its_seat(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    person = await desk.willing()
    course = await pool.fetchval(
        "INSERT INTO market.programme (reference, name, organiser, occupation_code, mode, certificate_kind, "
        "skill_level, days, seats, starts_on, region_code, state, updated_at) "
        "VALUES ('P-1', '焊工班', '某学校', '6-18-02-04', 'course', 'skill_level', '5', 20, 1, '2026-07-01', $1, "
        "'open', $2) "
        "RETURNING programme_id",
        TOWNSHIP, CLOCK.now(),
    )  # fmt: skip
    referral = await desk.refer(person, course, "programme")
    await desk.outcome(referral, 1, "placed")
    assert await pool.fetchval("SELECT taken FROM market.programme") == 1
    assert await pool.fetchval("SELECT in_work FROM registry.person") is False, "a seat is no job"
    await desk.outcome(referral, 2, "completed", ended_on=date(2026, 6, 14))
    assert await pool.fetchval("SELECT taken FROM market.programme") == 1
    training = await pool.fetchrow("SELECT * FROM registry.training")
    assert (training["occupation_code"], training["ended_on"]) == ("6-18-02-04", date(2026, 6, 14))
    certificate = await pool.fetchrow("SELECT * FROM registry.certificate")
    # The level is an examination's to give.
    assert (certificate["kind"], certificate["skill_level"]) == ("completion", None)


async def test_completing_is_for_courses(world: World) -> None:
    desk = await Desk.open(world)
    person, target = await desk.willing(), await world.opening()
    referral = await desk.refer(person, target)
    await desk.outcome(referral, 1, "placed")
    with pytest.raises(InvalidInput, match="outcome_invalid"):
        await desk.outcome(referral, 2, "completed")


async def test_a_failure_after_the_outcome_takes_everything_back(world: World, pool: asyncpg.Pool) -> None:
    desk = await Desk.open(world)
    person, target = await desk.willing(), await world.opening()
    referral = await desk.refer(person, target)
    before = await world.register()
    with pytest.raises(RuntimeError):
        await _fail_after(desk, referral)
    assert await world.register() == before
    assert await pool.fetchval("SELECT filled FROM market.opening") == 0
    assert await pool.fetchval("SELECT state FROM casework.referral") == "referred"


async def _fail_after(desk: Desk, referral: int) -> None:
    async with desk.pool.acquire() as connection, connection.transaction():
        entry = OutcomeEntry(result="placed")
        await record_outcome(connection, actor=desk.actor, referral_id=referral, version=1, entry=entry, clock=CLOCK)
        raise RuntimeError("the audit entry could not be written")
