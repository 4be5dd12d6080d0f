"""The register is what the records say, no more and no less: authority, conflicts, provenance, households, benefits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub.clock import ZONE, FixedClock
from hub.db.pool import open_pool
from hub.registry.provenance import read_provenance
from hub.registry.publish import PublishReport, publish
from hub.telemetry import SilentProgress
from tests.registers import CLOCK, COUNTY, OTHER_VILLAGE, VILLAGE, World, citizen_number

HR, CIVIL, RURAL, STATION = "human_resources", "civil_affairs", "rural_revitalization", "station"
CODE = VILLAGE + "00001"


@pytest.fixture
def world(pool: asyncpg.Pool) -> World:
    return World(pool)


async def republish(
    pool: asyncpg.Pool, people: Sequence[int] | None = None, clock: FixedClock = CLOCK
) -> PublishReport:
    return await publish(pool, clock=clock, progress=SilentProgress(), person_ids=people)


async def only(pool: asyncpg.Pool, table: str, **where: Any) -> asyncpg.Record:
    """The one row of a table with these values."""
    condition = " AND ".join(f"{name} = ${place}" for place, name in enumerate(where, start=1)) or "true"
    rows = await pool.fetch(f"SELECT * FROM registry.{table} WHERE {condition}", *where.values())  # noqa: S608  # our own names
    assert len(rows) == 1, f"{len(rows)} rows of {table}"
    return rows[0]


async def test_authority_decides_and_losers_stay_visible(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    number = citizen_number(date(1990, 5, 4), 11)
    civil = await world.record(
        CIVIL,
        {
            "name": "李·阿福",
            "citizen_number": number,
            "labour_ability": "partial",
            "certificate_number": "5306271020000001",
            "benefit_kind": "dibao",
        },
        person_id=key,
    )
    people = await world.record(
        HR,
        {"name": "李阿福", "citizen_number": number, "education": "60", "phone": "19900000001"},
        person_id=key,
        as_of=date(2026, 6, 10),
    )
    rural = await world.record(
        RURAL,
        {"name": "李阿富", "citizen_number": number, "education": "70", "nationality": "07", "household_code": CODE},
        person_id=key,
    )
    await republish(pool)
    person = await only(pool, "person", person_id=key)
    assert (person["name"], person["education"], person["nationality"]) == ("李·阿福", "60", "07")
    assert person["citizen_number"] == number
    assert (person["born_on"], person["sex"]) == (date(1990, 5, 4), "1")
    assert person["sources"]["name"] == civil
    assert person["sources"]["education"] == people
    assert person["sources"]["nationality"] == rural
    conflicts = {
        (row["field"], row["value"], row["kept_value"], row["source_record_id"], row["reason"])
        for row in await pool.fetch("SELECT * FROM registry.conflict WHERE entity = 'person'")
    }
    # A dot in a name is no contradiction, another character is.
    assert conflicts == {
        ("name", "李阿富", "李·阿福", rural, "authority"),
        ("education", "70", "60", rural, "authority"),
    }


async def test_newer_word_counts_between_equals(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    # The department repeats in June what it first said in January; the station asked in May.
    await world.record(
        HR, {"name": "甲乙", "wish_scope": "outside"}, person_id=key, as_of=date(2026, 1, 1), seen_on=date(2026, 6, 1)
    )
    entry = await world.record(STATION, {"wish_scope": "county"}, person_id=key, as_of=date(2026, 5, 1))
    await republish(pool)
    wish = await only(pool, "wish", person_id=key)
    assert (wish["scope"], wish["sources"]["scope"]) == ("county", entry)
    conflict = await only(pool, "conflict", entity="wish", entity_id=key)
    assert (conflict["value"], conflict["reason"]) == ("outside", "newer")
    # A year later nobody has asked again: the station's word is too old.
    await republish(pool, clock=FixedClock(datetime(2027, 6, 15, tzinfo=ZONE)))
    assert (await only(pool, "wish", person_id=key))["scope"] == "outside"


async def test_every_value_has_its_record(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    number = citizen_number(date(1985, 1, 2), 22)
    values = {
        HR: {
            "name": "赵六",
            "citizen_number": number,
            "phone": "19900000002",
            "education": "70",
            "living_address": "云南省昭通市镇雄县泼机镇",
            "employment_status": "unemployed",
            "wish_scope": "county",
            "wish_wage_yuan_per_month": 3500,
            "certificate_kind": "skill_level",
            "skill_level": "4",
            "training_occupation": "焊工",
        },
        RURAL: {
            "name": "赵六",
            "nationality": "07",
            "household_code": CODE,
            "registered_region_code": VILLAGE,
            "health": "chronic",
            "labour_skill": "skilled",
            "household_kind": "exited",
        },
    }
    records = {await world.record(department, said, person_id=key): department for department, said in values.items()}
    await republish(pool)
    person = await only(pool, "person", person_id=key)
    derived = {"retires_on", "in_work", "willing"}
    filled = {
        name
        for name, value in person.items()
        if value is not None
        and name not in {"person_id", "household_id", "relation", "sources", "version", "updated_at"} | derived
    }
    assert filled <= set(person["sources"]), "a value without a source"
    assert person["skill_level"] == "4"
    assert person["willing"] is True
    wish = await only(pool, "wish", person_id=key)
    assert {name for name, value in wish.items() if value is not None} - {
        "person_id",
        "sources",
        "version",
        "updated_at",
    } <= set(wish["sources"]) | {"occupation_code"}
    for item in await read_provenance(pool, key):
        assert records[item.source_record_id] == item.department
        assert item.file_name == f"{item.department}.csv"
        assert item.line > 0
    assert {item.field for item in await read_provenance(pool, key) if item.entity == "wish"} >= {
        "scope",
        "wishes_to_work",
    }
    assert await read_provenance(pool, key + 1000) == []


async def test_finest_region_inside_the_one_that_counts(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    await world.record(HR, {"name": "甲", "living_region_code": COUNTY}, person_id=key)
    await world.record(RURAL, {"name": "甲", "living_region_code": VILLAGE}, person_id=key)
    elsewhere = await world.person()
    await world.record(HR, {"name": "乙", "living_region_code": "530621000000"}, person_id=elsewhere)
    await world.record(RURAL, {"name": "乙", "living_region_code": VILLAGE}, person_id=elsewhere)
    await republish(pool)
    assert (await only(pool, "person", person_id=key))["living_region_code"] == VILLAGE
    assert (await only(pool, "person", person_id=elsewhere))["living_region_code"] == "530621000000"
    conflict = await only(pool, "conflict", field="living_region_code")
    assert (conflict["entity_id"], conflict["value"]) == (elsewhere, VILLAGE)


async def test_absent_people_are_gone_not_deleted(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    first = await world.record(
        HR,
        {
            "name": "钱七",
            "citizen_number": citizen_number(date(1990, 1, 1), 31),
            "employment_status": "unemployed",
            "phone": "19900000003",
        },
        person_id=key,
    )
    await republish(pool)
    assert (await only(pool, "person", person_id=key))["willing"] is True
    await world.retire(first, date(2026, 6, 12))
    await republish(pool)
    person = await only(pool, "person", person_id=key)
    assert person["gone_on"] == date(2026, 6, 12)
    assert (person["name"], person["employment_status"], person["willing"]) == ("钱七", "unemployed", None)
    household = await only(pool, "household", head_person_id=key)
    assert (household["gone_on"], household["members_count"], household["zero_employment"]) == (
        date(2026, 6, 12),
        0,
        False,
    )
    # A newer row of the same department: what lasts stays, what was the state of a day does not.
    await world.record(HR, {"name": "钱七"}, person_id=key, as_of=date(2026, 6, 13))
    await republish(pool)
    person = await only(pool, "person", person_id=key)
    assert (person["gone_on"], person["phone"], person["employment_status"]) == (None, "19900000003", None)


async def household_of(pool: asyncpg.Pool, key: int) -> int:
    found: int = await pool.fetchval("SELECT household_id FROM registry.person WHERE person_id = $1", key)
    return found


async def test_households_by_code_certificate_and_overlap(world: World, pool: asyncpg.Pool) -> None:
    head, wife, lodger, loner = [await world.person() for _ in range(4)]
    await world.record(RURAL, {"name": "甲", "household_code": CODE, "relation": "02"}, person_id=head)
    await world.record(RURAL, {"name": "乙", "household_code": CODE, "relation": "10"}, person_id=wife)
    certificate = {"certificate_number": "5306271020000009", "benefit_kind": "dibao", "benefit_state": "active"}
    await world.record(CIVIL, {"name": "甲", **certificate, "relation": "02"}, person_id=head)
    # The village's list does not have her; the certificate of her household's head does.
    await world.record(CIVIL, {"name": "丙", **certificate, "relation": "30"}, person_id=lodger)
    await world.record(HR, {"name": "丁"}, person_id=loner)
    await republish(pool)
    home = await household_of(pool, head)
    assert await household_of(pool, wife) == home
    assert await household_of(pool, lodger) == home
    assert await household_of(pool, loner) != home
    household = await only(pool, "household", household_id=home)
    assert (household["household_code"], household["head_person_id"], household["members_count"]) == (CODE, head, 3)
    assert household["low_income"] is True
    alone = await only(pool, "household", household_id=await household_of(pool, loner))
    assert (alone["members_count"], alone["head_person_id"], alone["low_income"]) == (1, loner, False)
    benefit = await only(pool, "benefit", person_id=lodger)
    assert benefit["household_id"] == home


async def test_household_keys_outlive_new_codes_and_moves(world: World, pool: asyncpg.Pool) -> None:
    keys = [await world.person() for _ in range(3)]
    records = [
        await world.record(
            RURAL, {"name": f"人{n}", "household_code": CODE, "relation": "02" if n == 0 else "20"}, person_id=key
        )
        for n, key in enumerate(keys)
    ]
    await republish(pool)
    home = await household_of(pool, keys[0])
    # The family moves as a whole and gets another code; then the youngest leaves it.
    for record in records:
        await world.retire(record, date(2026, 6, 10))
    for n, key in enumerate(keys):
        await world.record(
            RURAL,
            {"name": f"人{n}", "household_code": OTHER_VILLAGE + "00007", "relation": "02" if n == 0 else "20"},
            person_id=key,
            as_of=date(2026, 6, 10),
        )
    await republish(pool)
    assert {await household_of(pool, key) for key in keys} == {home}
    later = FixedClock(datetime(2026, 7, 1, tzinfo=ZONE))
    await world.record(
        RURAL,
        {"name": "人2", "household_code": VILLAGE + "00099", "relation": "02"},
        person_id=keys[2],
        as_of=date(2026, 7, 1),
    )
    await republish(pool, [keys[2]], later)
    moved = await household_of(pool, keys[2])
    assert moved != home
    assert await household_of(pool, keys[0]) == home
    spells = await pool.fetch(
        "SELECT household_id, valid_from, valid_to FROM registry.household_member WHERE person_id = $1 "
        "ORDER BY valid_from",
        keys[2],
    )
    assert [tuple(row) for row in spells] == [
        (home, date(2026, 6, 1), date(2026, 7, 1)),
        (moved, date(2026, 7, 1), None),
    ]
    assert (await only(pool, "household", household_id=home))["members_count"] == 2


async def test_zero_employment_follows_its_members(world: World, pool: asyncpg.Pool) -> None:
    head, son, child = [await world.person() for _ in range(3)]
    for n, (key, born) in enumerate([(head, date(1975, 1, 1)), (son, date(2000, 1, 1)), (child, date(2015, 1, 1))]):
        await world.record(
            RURAL,
            {
                "name": f"人{n}",
                "household_code": CODE,
                "citizen_number": citizen_number(born, 41 + 2 * n),
                "labour_skill": "ordinary",
            },
            person_id=key,
        )
    farming = await world.record(
        HR, {"name": "人0", "employment_status": "employed", "employment_form": "farming"}, person_id=head
    )
    await world.record(HR, {"name": "人1", "employment_status": "unemployed"}, person_id=son)
    await republish(pool)
    home = await household_of(pool, head)
    household = await only(pool, "household", household_id=home)
    # Own farming is no work; the head has not said that he wishes for any.
    assert (household["willing_count"], household["in_work_count"], household["zero_employment"]) == (1, 0, True)
    assert (await only(pool, "person", person_id=child))["willing"] is False
    version = household["version"]
    await world.retire(farming, date(2026, 6, 14))
    await world.record(
        HR,
        {"name": "人0", "employment_status": "employed", "employment_form": "unit", "employer_name": "某厂"},
        person_id=head,
        as_of=date(2026, 6, 14),
    )
    await republish(pool, [head])
    household = await only(pool, "household", household_id=home)
    assert (household["in_work_count"], household["zero_employment"], household["version"]) == (1, False, version + 1)


async def test_benefit_months_are_read_off_the_intervals(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    said = {"name": "甲", "certificate_number": "5306271020000001", "benefit_kind": "dibao"}
    first = await world.record(
        CIVIL,
        {**said, "benefit_yuan_per_month": 300, "benefit_state": "active"},
        person_id=key,
        as_of=date(2026, 2, 5),
        seen_on=date(2026, 3, 5),
        gone_on=date(2026, 4, 5),
    )
    second = await world.record(
        CIVIL,
        {**said, "benefit_yuan_per_month": 320, "benefit_state": "grace"},
        person_id=key,
        as_of=date(2026, 4, 5),
        seen_on=date(2026, 6, 5),
    )
    await republish(pool)
    months = await pool.fetch(
        "SELECT month, yuan_per_month, state, source_record_id FROM registry.benefit_month ORDER BY month"
    )
    assert [
        (row["month"].month, int(row["yuan_per_month"]), row["state"], row["source_record_id"]) for row in months
    ] == [
        (2, 300, "active", first),
        (3, 300, "active", first),
        (4, 320, "grace", second),
        (5, 320, "grace", second),
        (6, 320, "grace", second),
    ]
    await world.retire(second, date(2026, 6, 10))
    await world.record(HR, {"name": "甲"}, person_id=key)
    await republish(pool)
    # The department no longer lists it, the person is still there: nothing is paid, the history stays.
    assert (await only(pool, "benefit", person_id=key))["state"] == "stopped"
    assert await pool.fetchval("SELECT count(*) FROM registry.benefit_month") == 5
    assert (await only(pool, "household", head_person_id=key))["low_income"] is False


async def test_monitoring_in_force_until_the_risk_is_gone(world: World, pool: asyncpg.Pool) -> None:
    keys = [await world.person() for _ in range(2)]
    said = {
        "household_code": CODE,
        "household_kind": "monitored",
        "monitored_kind": "sudden",
        "risk_kind": "illness",
        "identified_on": "2025-03-01",
    }
    records = [
        await world.record(RURAL, {"name": f"人{n}", **said, "risk_eliminated": False}, person_id=key)
        for n, key in enumerate(keys)
    ]
    await republish(pool)
    household = await only(pool, "household", household_code=CODE)
    assert (household["monitored_kind"], household["low_income"]) == ("sudden", True)
    assert len(await pool.fetch("SELECT * FROM registry.monitoring")) == 1
    assert (await only(pool, "person", person_id=keys[0]))["person_category"] == "monitored"
    for record in records:
        await world.retire(record, date(2026, 6, 10))
    for n, key in enumerate(keys):
        await world.record(
            RURAL, {"name": f"人{n}", **said, "risk_eliminated": True}, person_id=key, as_of=date(2026, 6, 10)
        )
    await republish(pool)
    household = await only(pool, "household", household_code=CODE)
    assert (household["monitored_kind"], household["low_income"]) == (None, False)
    assert (await only(pool, "monitoring"))["risk_eliminated"] is True


async def test_work_is_a_row_once_and_ends(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    job = {
        "name": "甲",
        "employment_status": "employed",
        "employment_form": "unit",
        "employer_name": "某厂",
        "occupation": "缝纫工",
        "work_place": "广东省东莞市",
        "left_on": "2026-01-10",
    }
    first = await world.record(
        HR, {**job, "phone": "1"}, person_id=key, as_of=date(2026, 2, 1), gone_on=date(2026, 3, 1)
    )
    running = await world.record(HR, {**job, "phone": "2"}, person_id=key, as_of=date(2026, 3, 1))
    await world.record(RURAL, {"name": "甲", "work_region": "outside", "work_months": 4}, person_id=key)
    await republish(pool)
    row = await only(pool, "employment", person_id=key)
    assert (row["source_record_id"], row["ended_on"], row["months_this_year"]) == (first, None, 4)
    assert (row["occupation_code"], row["work_region_code"]) == ("6-05-01-03", "441900000000")
    assert (await only(pool, "person", person_id=key))["in_work"] is True
    await world.retire(running, date(2026, 6, 1))
    await world.record(HR, {"name": "甲", "employment_status": "unemployed"}, person_id=key, as_of=date(2026, 6, 1))
    await republish(pool)
    again = await only(pool, "employment", person_id=key)
    assert (again["ended_on"], again["source_record_id"]) == (date(2026, 6, 1), first)
    person = await only(pool, "person", person_id=key)
    assert (person["in_work"], person["employment_form"]) == (False, None)


async def test_undoing_a_merge_restores_the_register(world: World, pool: asyncpg.Pool) -> None:
    one, other, wife = [await world.person() for _ in range(3)]
    await world.record(
        RURAL, {"name": "甲", "household_code": CODE, "relation": "02", "education": "70"}, person_id=one
    )
    await world.record(RURAL, {"name": "丙", "household_code": CODE, "relation": "10"}, person_id=wife)
    await world.record(
        HR,
        {
            "name": "甲",
            "employment_status": "unemployed",
            "education": "60",
            "wish_scope": "county",
            "training_occupation": "焊工",
            "certificate_kind": "completion",
        },
        person_id=other,
    )
    await republish(pool)
    before = await world.register()
    homes = {key: await household_of(pool, key) for key in (one, other, wife)}
    moves = await world.merge(one, other)
    await republish(pool, [one, other])
    assert await pool.fetchval("SELECT count(*) FROM registry.person WHERE person_id = $1", other) == 0
    merged = await only(pool, "person", person_id=one)
    assert (merged["education"], merged["willing"]) == ("60", None)
    assert (await only(pool, "wish", person_id=one))["scope"] == "county"
    left = await only(pool, "household", household_id=homes[other])
    assert (left["members_count"], left["gone_on"]) == (0, CLOCK.today())
    await world.undo(moves)
    await republish(pool, [one, other])
    assert await world.register() == before
    assert {key: await household_of(pool, key) for key in (one, other, wife)} == homes


async def test_publishing_twice_writes_nothing(world: World, pool: asyncpg.Pool, owner: asyncpg.Pool) -> None:
    for n in range(3):
        key = await world.person()
        await world.record(
            RURAL,
            {
                "name": f"人{n}",
                "household_code": CODE,
                "monitored_kind": "edge",
                "household_kind": "monitored",
                "net_income_yuan_per_year_per_capita": 8000.5,
                "education": "70",
            },
            person_id=key,
        )
        await world.record(
            HR,
            {
                "name": f"人{n}",
                "education": "60",
                "employment_status": "employed",
                "employment_form": "unit",
                "employer_name": "某厂",
                "wish_scope": "county",
                "training_occupation": "焊工",
                "skill_level": "5",
            },
            person_id=key,
        )
        await world.record(
            CIVIL,
            {
                "name": f"人{n}",
                "certificate_number": "5306271020000001",
                "benefit_kind": "dibao",
                "benefit_yuan_per_month": 300.25,
            },
            person_id=key,
        )
    first = await republish(pool)
    assert {
        "person",
        "household",
        "wish",
        "employment",
        "training",
        "certificate",
        "benefit",
        "benefit_month",
        "monitoring",
        "conflict",
        "household_member",
    } == set(first.changed)

    async def physical() -> list[Any]:
        tables = [row[0] for row in await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'registry'")]
        return [
            sorted(str(tuple(row)) for row in await owner.fetch(f"SELECT ctid, xmin, xmax, t.* FROM registry.{name} t"))  # noqa: S608  # our own names
            for name in sorted(tables)
            if name != "region"
        ]

    before = await physical()
    second = await republish(pool, clock=FixedClock(datetime(2026, 6, 16, tzinfo=ZONE)))
    assert second.changed == {}
    assert await physical() == before, "not even locked"
    versions = await pool.fetch("SELECT version FROM registry.person UNION ALL SELECT version FROM registry.household")
    assert {row["version"] for row in versions} == {1}


async def test_a_new_record_that_says_the_same_changes_the_source_only(world: World, pool: asyncpg.Pool) -> None:
    key = await world.person()
    old = await world.record(HR, {"name": "甲", "phone": "19900000004"}, person_id=key)
    await republish(pool)
    await world.retire(old, date(2026, 6, 14))
    new = await world.record(HR, {"name": "甲", "phone": "19900000004"}, person_id=key, as_of=date(2026, 6, 14))
    await republish(pool)
    person = await only(pool, "person", person_id=key)
    assert (person["sources"]["phone"], person["version"]) == (new, 1)


async def test_two_publications_at_once_give_one_register(world: World, pool: asyncpg.Pool) -> None:
    for n in range(8):
        key = await world.person()
        await world.record(RURAL, {"name": f"人{n}", "household_code": f"{VILLAGE}{n // 2:05d}"}, person_id=key)
    await asyncio.gather(*(republish(pool) for _ in range(4)))
    assert await pool.fetchval("SELECT count(*) FROM registry.household") == 4
    assert await pool.fetchval("SELECT count(*) FROM registry.household_member") == 8


async def test_a_newcomer_brings_everybody_of_the_household_along(world: World, pool: asyncpg.Pool) -> None:
    wife, head, newcomer = [await world.person() for _ in range(3)]
    certificate = {"certificate_number": "5306271020000001", "benefit_kind": "dibao"}
    await world.record(RURAL, {"name": "甲", "household_code": CODE, "relation": "02"}, person_id=head)
    await world.record(RURAL, {"name": "乙", "household_code": CODE, "relation": "10"}, person_id=wife)
    await world.record(CIVIL, {"name": "乙", **certificate}, person_id=wife)
    await republish(pool)
    # The newcomer shares a certificate with the wife alone; the head is reached through her.
    await world.record(CIVIL, {"name": "丙", **certificate}, person_id=newcomer)
    await republish(pool, [newcomer])
    household = await only(pool, "household", household_code=CODE)
    assert (household["members_count"], household["head_person_id"]) == (3, head)
    assert (await republish(pool)).changed == {}


# -- incremental = full ------------------------------------------------------------------------------------------------

_CODES = st.sampled_from([None, VILLAGE + "00001", VILLAGE + "00002", OTHER_VILLAGE + "00003"])
_CERTIFICATES = st.sampled_from([None, "5306271020000001", "5306271020000002"])
_RELATIONS = st.sampled_from([None, "02", "10", "20"])


@st.composite
def _said(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    department = draw(st.sampled_from([HR, CIVIL, RURAL]))
    values: dict[str, Any] = {"name": draw(st.sampled_from(["甲", "乙", "丙"]))}
    if department == RURAL:
        values |= {
            "household_code": draw(_CODES),
            "relation": draw(_RELATIONS),
            "education": draw(st.sampled_from([None, "70"])),
            "work_months": draw(st.sampled_from([None, 2, 9])),
            "household_kind": draw(st.sampled_from([None, "exited"])),
            "monitored_kind": draw(st.sampled_from([None, "edge"])),
        }
    elif department == CIVIL:
        values |= {"certificate_number": draw(_CERTIFICATES), "relation": draw(_RELATIONS), "benefit_kind": "dibao"}
    else:
        values |= {
            "employment_status": draw(st.sampled_from([None, "employed", "unemployed"])),
            "education": draw(st.sampled_from([None, "60"])),
            "wish_scope": draw(st.sampled_from([None, "county"])),
            "employer_name": draw(st.sampled_from([None, "某厂"])),
        }
    return department, {name: value for name, value in values.items() if value is not None}


_STEP = st.tuples(st.integers(0, 5), _said(), st.booleans())


@given(
    first=st.lists(_STEP, min_size=1, max_size=12), then=st.lists(_STEP, min_size=1, max_size=4), twins=st.booleans()
)
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_publishing_what_changed_is_publishing_all(
    urls: tuple[str, str], first: list[Any], then: list[Any], twins: bool
) -> None:
    asyncio.run(_compare(urls, first, then, twins))


@pytest.fixture
def urls(settings: Any) -> tuple[str, str]:
    """Of the program and of the owner."""
    return settings.app_database_url, settings.database_url


async def _compare(urls: tuple[str, str], first: list[Any], then: list[Any], twins: bool) -> None:
    async with open_pool(urls[0], max_size=2) as pool, open_pool(urls[1], max_size=1) as owner:
        # Examples share a database; each begins with an empty one.
        await owner.execute("TRUNCATE intake.batch, identity.person_key, registry.household CASCADE")
        world = World(pool)
        people = [await world.person() for _ in range(6)]
        newest: dict[tuple[int, str], int] = {}

        async def put(step: Any, day: int) -> int:
            who, (department, values), replaces = step
            old = newest.get((who, department))
            if old is not None and replaces:
                await world.retire(old, date(2026, 6, day))
            newest[who, department] = await world.record(
                department, values, person_id=people[who], as_of=date(2026, 6, day)
            )
            return people[who]

        for step in first:
            await put(step, 1)
        await republish(pool)
        touched = {await put(step, 5 + n) for n, step in enumerate(then)}
        if twins:
            await world.merge(people[0], people[1])
            touched |= {people[0], people[1]}
        await republish(pool, sorted(touched))
        incremental = await world.register()
        report = await republish(pool)
        assert report.changed == {}, "a full publication found something that the incremental one had missed"
        await owner.execute("TRUNCATE registry.household, registry.person, registry.wish, registry.conflict CASCADE")
        await republish(pool)
        assert await world.register() == incremental, "what was there before has left a trace"
