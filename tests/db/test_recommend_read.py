"""Register and market → columns: what is known, what is not, and what must not tell the outcome."""

from __future__ import annotations

from datetime import UTC, date, datetime

import asyncpg
import numpy as np
import pytest

from hub.recommend.read import read_market, read_opening, read_person
from schema.ranking import load_ranking

TODAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)
VILLAGE, OTHER_COUNTY = "530627001001", "530628001001"


async def add_source(owner: asyncpg.Pool) -> int:
    """A record of its own for whatever refers to one."""
    batch = await owner.fetchval(
        """INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name,
               size_bytes, mode, as_of, state, received_at)
           VALUES ('human_resources', 'person', 'human_resources', '530627000000', '\\x00',
               gen_random_uuid()::text::bytea, 'a.csv', 1, 'full', '2026-06-01', 'landed', $1)
           RETURNING batch_id""",
        NOW,
    )
    return await owner.fetchval(
        """INSERT INTO intake.source_record (batch_id, line, feed, entity, department, region_code, record_key,
               row_hash, values, raw, as_of, seen_on)
           VALUES ($1, 1, 'human_resources', 'person', 'human_resources', '530627000000', '1',
               gen_random_uuid()::text::bytea, '{}', '{}', '2026-06-01', '2026-06-01')
           RETURNING source_record_id""",
        batch,
    )


async def add_employment(owner: asyncpg.Pool, person: int, occupation: str, started_on: date | None) -> None:
    await owner.execute(
        """INSERT INTO registry.employment (person_id, form, occupation_code, started_on, source_record_id)
           VALUES ($1, 'unit', $2, $3, $4)""",
        person, occupation, started_on, await add_source(owner),
    )  # fmt: skip


async def add_certificate(
    owner: asyncpg.Pool, person: int, level: str, issued_on: date, *, occupation: str = "", code: str = "6-31-05-02"
) -> None:
    await owner.execute(
        """INSERT INTO registry.certificate (person_id, kind, skill_level, occupation, occupation_code, issued_on,
               source_record_id)
           VALUES ($1, 'skill_level', $2, $3, $4, $5, $6)""",
        person, level, occupation, code, issued_on, await add_source(owner),
    )  # fmt: skip


async def add_person(owner: asyncpg.Pool, *, household: int | None = None, region: str = VILLAGE, **columns) -> int:
    person_id = await owner.fetchval(
        "INSERT INTO identity.person_key (created_at) VALUES ($1) RETURNING person_id", NOW
    )
    known = {
        "born_on": date(1990, 1, 1), "retires_on": date(2050, 1, 1), "education": "70", "labour_ability": "full",
        "willing": True, **columns,
    }  # fmt: skip
    names = ", ".join(known)
    slots = ", ".join(f"${i}" for i in range(5, 5 + len(known)))
    await owner.execute(
        f"INSERT INTO registry.person (person_id, household_id, living_region_code, updated_at, {names}) "  # noqa: S608  # names of the test's own
        f"VALUES ($1, $2, $3, $4, {slots})",
        person_id, household, region, NOW, *known.values(),
    )  # fmt: skip
    return person_id


async def add_household(owner: asyncpg.Pool, **columns) -> int:
    known = {"zero_employment": True, "low_income": False, "in_work_count": 0, **columns}
    names = ", ".join(known)
    slots = ", ".join(f"${i}" for i in range(2, 2 + len(known)))
    return await owner.fetchval(
        f"INSERT INTO registry.household (updated_at, {names}) VALUES ($1, {slots}) RETURNING household_id",  # noqa: S608  # as above
        NOW,
        *known.values(),
    )


async def add_opening(owner: asyncpg.Pool, reference: str, **columns) -> int:
    known = {
        "employer_name": "示例厂", "title": "包装工", "occupation_code": "6-31-05-02", "region_code": "530627001000",
        "channel": "local", "wage_low_yuan_per_month": 3000, "wage_high_yuan_per_month": 3600, "wage_kind": "monthly",
        "vacancies": 3, "posted_on": date(2026, 6, 1), "state": "open", **columns,
    }  # fmt: skip
    names = ", ".join(known)
    slots = ", ".join(f"${i}" for i in range(3, 3 + len(known)))
    return await owner.fetchval(
        f"INSERT INTO market.opening (reference, updated_at, {names}) VALUES ($1, $2, {slots}) RETURNING opening_id",  # noqa: S608  # as above
        reference,
        NOW,
        *known.values(),
    )


async def add_offer(owner: asyncpg.Pool, person: int, opening: int, **columns) -> int:
    """A past offer that came by feed; ``result`` and what follows it make an outcome."""
    outcome = {
        name: columns.pop(name) for name in ("result", "months_kept", "started_on", "ended_on") if name in columns
    }
    known = {"state": "shown", "shown_on": date(2025, 6, 1), **columns}
    record = await add_source(owner)
    referral = await owner.fetchval(
        """INSERT INTO casework.referral (person_id, kind, opening_id, state, source_record_id, shown_on, updated_at)
           VALUES ($1, 'opening', $2, $3, $4, $5, $6) RETURNING referral_id""",
        person, opening, known["state"], record, known["shown_on"], NOW,
    )  # fmt: skip
    if "result" in outcome:
        await owner.execute(
            """INSERT INTO casework.outcome (referral_id, result, months_kept, started_on, ended_on, recorded_at,
                   source_record_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            referral, outcome["result"], outcome.get("months_kept"), outcome.get("started_on"),
            outcome.get("ended_on"), NOW, record,
        )  # fmt: skip
    return referral


async def _market(pool: asyncpg.Pool, region: str = "530627000000"):
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return await read_market(connection, region, today=TODAY, policy=load_ranking())


async def test_only_the_willing_of_the_region_are_read(pool, owner):
    here = await add_person(owner)
    await add_person(owner, willing=False)
    await add_person(owner, willing=None)
    await add_person(owner, region=OTHER_COUNTY)
    await add_person(owner, gone_on=date(2026, 5, 1))
    market = await _market(pool)
    assert market.people.person_id.tolist() == [here]
    assert market.people.living_region.tolist() == [int(VILLAGE)]
    everyone = await _market(pool, "530000000000")
    assert len(everyone.people) == 2


async def test_what_is_not_known_stays_unknown(pool, owner):
    await add_person(owner, born_on=None, retires_on=None, education=None, labour_ability=None)
    people = (await _market(pool)).people
    assert np.isnat(people.born_on[0])
    assert np.isnat(people.retires_on[0])
    assert np.isnan(people.wish_wage[0])
    assert np.isnan(people.away_months[0])
    for name in ("education", "skill_level", "labour_ability", "health", "wish_scope", "cannot_leave_home",
                 "accepts_night_shift", "zero_employment", "low_income", "holds_post", "poverty_exited"):  # fmt: skip
        assert getattr(people, name)[0] == -1, name
    assert people.household_id[0] == people.wish_occupation[0] == people.former_occupation[0] == 0
    assert people.text[0] == ""


async def test_codes_become_ordinals(pool, owner):
    household = await add_household(owner, low_income=True, monitored_kind="edge", in_work_count=300)
    person = await add_person(
        owner, household=household, education="40", labour_ability=None, labour_skill="weak", health="disabled",
        disability_level="4", person_category="exited", employment_form="welfare_post", nationality="05",
    )  # fmt: skip
    await owner.execute(
        """INSERT INTO registry.wish (person_id, scope, occupation, occupation_code, wage_yuan_per_month,
               cannot_leave_home, accepts_night_shift, updated_at)
           VALUES ($1, 'province', '缝纫工', '6-05-02-01', 3500, false, true, $2)""",
        person, NOW,
    )  # fmt: skip
    await add_certificate(owner, person, "4", date(2024, 1, 1), occupation="缝纫工", code="6-05-02-01")
    await add_certificate(owner, person, "5", date(2025, 1, 1), occupation="电工", code="6-31-01-03")
    people = (await _market(pool)).people
    values = {name: getattr(people, name)[0].item() for name in (
        "education", "labour_ability", "health", "disability_level", "poverty_exited", "low_income", "monitored",
        "household_in_work", "zero_employment", "holds_post", "nationality", "wish_scope", "wish_occupation",
        "wish_wage", "cannot_leave_home", "accepts_night_shift", "skill_level", "skill_occupation",
    )}  # fmt: skip
    assert values == {
        "education": 4, "labour_ability": 1, "health": 3, "disability_level": 0, "poverty_exited": 1, "low_income": 1,
        "monitored": 1, "household_in_work": 127, "zero_employment": 1, "holds_post": 1, "nationality": 5,
        "wish_scope": 1, "wish_occupation": 6050201, "wish_wage": 3500.0, "cannot_leave_home": 0,
        "accepts_night_shift": 1, "skill_level": 1, "skill_occupation": 6050201,
    }  # fmt: skip
    assert people.text[0] == "缝纫工 缝纫工 电工"


async def test_only_open_openings_are_on_offer(pool, owner):
    kept = await add_opening(owner, "a", vacancies=5, filled=2, education_min="70", age_max=200, skill_level_min="5")
    await add_opening(owner, "b", state="closed")
    await add_opening(owner, "c", closes_on=date(2026, 6, 14))
    full = await add_opening(owner, "d", vacancies=1, filled=3)
    openings = (await _market(pool)).openings
    assert openings.target_id.tolist() == [kept, full]
    assert openings.vacancies.tolist() == [3, 0]
    assert openings.education_min.tolist() == [2, -1]
    assert openings.age_max.tolist() == [127, -1]
    assert openings.skill_level_min.tolist() == [0, -1]
    assert openings.occupation[0] == 6310502
    assert openings.text[0] == "包装工 "


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"state": "shown"}, False),
        ({"state": "shown", "shown_on": date(2026, 6, 1)}, None),  # not yet settled
        ({"state": "referred"}, None),  # still being talked about
        ({"state": "contacted"}, None),
        ({"state": "accepted"}, None),
        ({"state": "declined", "result": "declined"}, False),
        ({"state": "ended", "result": "not_hired"}, False),
        ({"state": "ended", "result": "left", "months_kept": 4}, True),
        ({"state": "placed", "result": "placed"}, True),
    ],
)
async def test_what_counts_as_a_placement_and_what_as_a_refusal(pool, owner, columns, expected):
    person, opening = await add_person(owner), await add_opening(owner, "a", state="closed")
    await add_offer(owner, person, opening, **columns)
    history = (await _market(pool)).history
    assert history.placed.tolist() == ([] if expected is None else [expected])
    if expected and columns["state"] == "ended":
        assert history.months_kept.tolist() == [4.0]


async def test_months_of_a_job_that_goes_on_count_once_they_fill_the_horizon(pool, owner):
    person = await add_person(owner)
    for n, started in enumerate((date(2024, 1, 1), date(2026, 1, 1))):
        opening = await add_opening(owner, str(n), state="filled")
        await add_offer(owner, person, opening, state="placed", result="placed", started_on=started,
                        shown_on=started)  # fmt: skip
    months = (await _market(pool)).history.months_kept
    assert months[0] > 12
    assert np.isnan(months[1])


async def test_history_knows_only_what_was_known_then(pool, owner):
    """The job that an offer led to, and the household it changed, must not stand among the features of the offer."""
    household = await add_household(owner, zero_employment=False, in_work_count=1)
    person = await add_person(owner, household=household, willing=False, employment_form="unit")
    opening = await add_opening(owner, "a", state="filled")
    await add_offer(owner, person, opening, state="placed", result="placed", started_on=date(2025, 7, 1))
    await add_employment(owner, person, "6-31-05-02", date(2025, 7, 1))
    await add_employment(owner, person, "4-03-02-01", date(2020, 1, 1))
    await add_employment(owner, person, "5-01-01-01", None)
    await add_certificate(owner, person, "5", date(2024, 1, 1))
    await add_certificate(owner, person, "3", date(2025, 12, 1))
    market = await _market(pool)
    assert len(market.people) == 0
    past = market.history.people
    assert past.former_occupation.tolist() == [4030201]
    assert past.skill_level.tolist() == [0]
    assert past.household_in_work.tolist() == past.zero_employment.tolist() == past.holds_post.tolist() == [-1]
    assert np.isnan(past.away_months[0])
    async with pool.acquire() as connection:
        now = (await read_person(connection, person, today=TODAY)).people
    assert now.former_occupation.tolist() == [6310502]
    assert now.skill_level.tolist() == [2]


async def test_accepted_offers_and_posts_held_are_read(pool, owner):
    household = await add_household(owner)
    person = await add_person(owner, household=household)
    await add_person(owner, household=household, willing=False, employment_form="welfare_post")
    opening = await add_opening(owner, "a")
    await add_offer(owner, person, opening, state="accepted")
    market = await _market(pool)
    settled = market.commitments
    assert settled.opening.tolist() == [0]
    assert settled.post.tolist() == settled.programme.tolist() == [-1]
    assert settled.posts_held.tolist() == [1]


async def test_an_empty_register_gives_empty_columns(pool):
    market = await _market(pool)
    assert len(market.people) == len(market.openings) == len(market.posts) == len(market.programmes) == 0
    assert len(market.history) == 0


async def test_one_person_and_one_opening(pool, owner):
    person, opening = await add_person(owner, willing=False), await add_opening(owner, "a", state="closed")
    async with pool.acquire() as connection:
        assert (await read_person(connection, person, today=TODAY)).people.person_id.tolist() == [person]
        assert len((await read_person(connection, person + 1, today=TODAY)).people) == 0
        found, is_open = await read_opening(connection, opening, today=TODAY)
        assert (found.target_id.tolist(), is_open) == ([opening], False)
        assert len((await read_opening(connection, opening + 1, today=TODAY))[0]) == 0
