"""A register of random rows for the tests of the query compiler: small, and full of ties, gaps and strangers."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.clock import ZONE

WUFENG, TANGFANG, COUNTY, ELSEWHERE = "530627001000", "530627103000", "530627000000", "530602001000"
PLACES = (WUFENG, WUFENG, TANGFANG, ELSEWHERE, None)
PEOPLE, HOUSEHOLDS, OPENINGS, PROGRAMMES, POSTS = 24, 9, 12, 4, 4
NOW = datetime(2026, 6, 1, 8, 0, tzinfo=ZONE)
NAMES = ("王小明", "李红", "李红", "普家福", "岩温罕", 'O\'Neil "x" \\', "%_", None)
PURPOSES = (
    "employment_service",
    "social_assistance",
    "poverty_monitoring",
    "labour_cooperation",
    "own_affairs",
    "administration",
)


def _actor(number: int, kind: Any, purposes: tuple[str, ...], **scope: Any) -> Actor:
    claims = {"department": None, "region_code": None, "partner_code": None, "person_id": None, **scope}
    return Actor(actor_id=number, kind=kind, name=f"a {kind}", purposes=purposes, **claims)


#: Somebody of each kind, with each of the purposes that the shipped grants know for them.
ACTORS: tuple[tuple[Actor, str], ...] = tuple(
    (actor, purpose)
    for actor in (
        _actor(1, "station", ("employment_service",), region_code=WUFENG),
        _actor(2, "county", ("employment_service", "poverty_monitoring"), region_code=COUNTY),
        _actor(3, "department", ("employment_service",), department="human_resources", region_code="530000000000"),
        _actor(4, "department", ("social_assistance",), department="civil_affairs", region_code=COUNTY),
        _actor(5, "department", ("poverty_monitoring",), department="rural_revitalization", region_code=TANGFANG),
        _actor(6, "partner", ("labour_cooperation",), partner_code="SH01"),
        _actor(7, "person", ("own_affairs",), person_id=1),
        _actor(8, "administrator", ("administration",), region_code="530000000000"),
    )
    for purpose in actor.purposes
)


async def fill_register(owner: asyncpg.Pool, *, seed: int = 1) -> None:
    """Fill an empty database; the same seed, the same rows."""
    draw = random.Random(seed)
    async with owner.acquire() as connection, connection.transaction():
        await _add_sources(connection)
        await _add_people(connection, draw)
        await _add_history(connection, draw)
        await _add_market(connection, draw)
        await _add_casework(connection, draw)


async def _insert(connection: asyncpg.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    places = ", ".join(f"${number}" for number in range(1, len(rows[0]) + 1))
    await connection.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({places})",  # noqa: S608  # names are ours
        [tuple(row.values()) for row in rows],
    )


def _day(draw: random.Random, *, since: int = 2000, until: int = 2026) -> date:
    return date(draw.randint(since, until), draw.randint(1, 3), draw.randint(1, 3))


def _maybe(draw: random.Random, *values: Any) -> Any:
    return draw.choice([*values, None])


async def _add_sources(connection: asyncpg.Connection) -> None:
    await connection.execute(
        """
        INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name,
            size_bytes, mode, as_of, state, received_at)
        SELECT d, 'person', d, '530627000000', '', d::bytea, d || '_530627_20260601.csv', 1, 'full', '2026-06-01',
            'landed', '2026-06-01' FROM unnest(ARRAY['human_resources', 'civil_affairs', 'rural_revitalization']) d;
        INSERT INTO intake.source_record (batch_id, line, feed, entity, department, region_code, record_key, row_hash,
            values, raw, as_of, seen_on)
        SELECT batch_id, n, feed, 'person', department, region_code, n::text, (feed || n)::bytea, '{}', '{}',
            '2026-05-01'::date + n, '2026-06-01'
        FROM intake.batch, generate_series(1, 200) AS g (n) ORDER BY g.n, batch_id;
        """
    )


async def _add_people(connection: asyncpg.Connection, draw: random.Random) -> None:
    await connection.execute(
        "INSERT INTO identity.person_key (created_at) SELECT now() FROM generate_series(1, $1)", PEOPLE
    )
    households = [
        {
            "household_code": f"H{number}",
            "head_person_id": draw.randint(1, PEOPLE),
            "registered_region_code": draw.choice(PLACES),
            "living_region_code": draw.choice(PLACES),
            "household_kind": _maybe(draw, "ordinary", "exited", "没有的"),
            "relocated": _maybe(draw, True, False),
            "net_income_yuan_per_year_per_capita": _maybe(draw, 9000, 12000.5),
            "members_count": draw.randint(0, 3),
            "zero_employment": draw.random() < 0.5,
            "low_income": draw.random() < 0.5,
            "monitored_kind": _maybe(draw, "unstable", "edge"),
            "updated_at": NOW + timedelta(minutes=draw.randint(0, 3), microseconds=draw.choice([0, 1500])),
            "gone_on": date(2026, 5, 1) if number == HOUSEHOLDS else None,
        }
        for number in range(1, HOUSEHOLDS + 1)
    ]
    await _insert(connection, "registry.household", households)
    people = [
        {
            "person_id": number,
            "household_id": _maybe(draw, *range(1, HOUSEHOLDS + 1)) if number > 4 else 1 + number // 3,
            "relation": _maybe(draw, "02", "20"),
            "name": draw.choice(NAMES),
            "sex": _maybe(draw, "1", "2"),
            "born_on": _maybe(draw, _day(draw, since=1960, until=2020), date(1990, 2, 28), date(2008, 2, 29)),
            "citizen_number": _maybe(draw, f"0006271990010100{number:02d}"),
            "phone": _maybe(draw, f"100200000{number:02d}", "1002000"),
            "nationality": _maybe(draw, "01", "06", "17"),
            "education": _maybe(draw, "70", "60", "??"),
            "registered_region_code": draw.choice(PLACES),
            "living_region_code": draw.choice(PLACES),
            "health": _maybe(draw, "healthy", "chronic"),
            "labour_ability": _maybe(draw, "full", "none"),
            "bank_account": _maybe(draw, "0000111122223333", "22"),
            "disability_certificate": _maybe(draw, f"0006271990010100{number:02d}43"),
            "employment_status": _maybe(draw, "employed", "unemployed"),
            "in_work": _maybe(draw, True, False),
            "willing": _maybe(draw, True, False),
            "skill_level": _maybe(draw, "5", "3"),
            "person_category": _maybe(draw, "exited", "monitored"),
            "sources": {"name": draw.randint(1, 600), "born_on": draw.randint(1, 600), "health": draw.randint(1, 600)},
            "version": draw.randint(1, 3),
            "updated_at": NOW + timedelta(minutes=draw.randint(0, 5)),
            "gone_on": date(2026, 5, 1) if number in (PEOPLE, PEOPLE - 1) else None,
        }
        for number in range(1, PEOPLE + 1)
    ]
    await _insert(connection, "registry.person", people)
    wishes = [
        {
            "person_id": number,
            "wishes_to_work": _maybe(draw, True, False),
            "scope": _maybe(draw, "county", "province"),
            "occupation": _maybe(draw, "缝纫工"),
            "wage_yuan_per_month": _maybe(draw, 3000, 4000),
            "cannot_leave_reason": _maybe(draw, "care", "health"),
            "sources": {"wish_scope": draw.randint(1, 600), "cannot_leave_reason": draw.randint(1, 600)},
            "updated_at": NOW,
        }
        for number in range(1, PEOPLE + 1)
        if draw.random() < 0.7
    ]
    await _insert(connection, "registry.wish", wishes)


async def _add_history(connection: asyncpg.Connection, draw: random.Random) -> None:
    def person() -> int:
        return draw.randint(1, PEOPLE)

    await _insert(
        connection,
        "registry.employment",
        [
            {
                "person_id": person(),
                "form": _maybe(draw, "unit", "farming"),
                "employer_name": _maybe(draw, "某厂"),
                "wage_yuan_per_month": _maybe(draw, 3500),
                "started_on": _maybe(draw, _day(draw)),
                "source_record_id": number,
            }
            for number in range(1, 31)
        ],
    )
    await _insert(
        connection,
        "registry.training",
        [
            {
                "person_id": person(),
                "occupation": "缝纫工",
                "ended_on": _maybe(draw, _day(draw)),
                "source_record_id": number,
            }
            for number in range(1, 9)
        ],
    )
    await _insert(
        connection,
        "registry.certificate",
        [
            {
                "person_id": person(),
                "kind": draw.choice(["completion", "skill_level"]),
                "skill_level": _maybe(draw, "5"),
                "source_record_id": number,
            }
            for number in range(1, 9)
        ],
    )
    await _insert(
        connection,
        "registry.benefit",
        [
            {
                "household_id": _maybe(draw, *range(1, HOUSEHOLDS + 1)),
                "person_id": person(),
                "certificate_number": f"5306270010000{number:03d}",
                "kind": draw.choice(["urban_minimum", "rural_minimum"]),
                "yuan_per_month": _maybe(draw, 410.5, 300),
                "started_on": _maybe(draw, _day(draw)),
                "state": "active",
                "stop_reason": _maybe(draw, "收入超标"),
                "source_record_id": number,
            }
            for number in range(1, 17)
        ],
    )
    await _insert(
        connection,
        "registry.benefit_month",
        [
            {
                "benefit_id": benefit,
                "month": date(2026, month, 1),
                "yuan_per_month": _maybe(draw, 410.5),
                "state": "active",
                "source_record_id": benefit,
            }
            for benefit in range(1, 17)
            for month in range(1, draw.randint(2, 5))
        ],
    )
    await _insert(
        connection,
        "registry.monitoring",
        [
            {
                "household_id": number % HOUSEHOLDS + 1,
                "kind": draw.choice(["unstable", "edge"]),
                "risk_kind": _maybe(draw, "illness"),
                "identified_on": date(2026, 1, number),
                "risk_eliminated": _maybe(draw, True, False),
                "source_record_id": number,
            }
            for number in range(1, 9)
        ],
    )
    await _insert(
        connection,
        "registry.conflict",
        [
            {
                "entity": entity,
                "entity_id": draw.randint(1, HOUSEHOLDS),
                "field": field,
                "value": "别的",
                "kept_value": _maybe(draw, "原来"),
                "source_record_id": number,
                "kept_source_record_id": number + 1,
                "reason": "authority",
            }
            for number, (entity, field) in enumerate(
                [
                    (entity, field)
                    for entity, fields in {
                        "person": ("name", "health", "born_on", "bank_account"),
                        "wish": ("wish_scope", "cannot_leave_reason"),
                        "household": ("household_kind", "net_income_yuan_per_year_per_capita"),
                    }.items()
                    for field in fields
                    for _ in range(3)
                ],
                start=1,
            )
        ],
    )


async def _add_market(connection: asyncpg.Connection, draw: random.Random) -> None:
    await _insert(
        connection,
        "market.opening",
        [
            {
                "reference": f"O{number}",
                "partner_code": _maybe(draw, "SH01", "GD02"),
                "employer_name": f"单位{number % 3}",
                "title": draw.choice(["缝纫工", "保洁员", "100%_工"]),
                "occupation_code": draw.choice(["6-05-01-03", "4-09-08-01"]),
                "region_code": draw.choice([WUFENG, TANGFANG, "310115000000"]),
                "channel": draw.choice(["local", "shanghai"]),
                "wage_low_yuan_per_month": 3000,
                "wage_high_yuan_per_month": draw.choice([3500, 4000, 6000]),
                "wage_kind": "monthly",
                "vacancies": draw.randint(0, 2),
                "filled": draw.randint(0, 2),
                "night_shift": draw.random() < 0.5,
                "posted_on": _day(draw, since=2026),
                "closes_on": _maybe(draw, _day(draw)),
                "state": draw.choice(["open", "closed"]),
                "updated_at": NOW,
            }
            for number in range(1, OPENINGS + 1)
        ],
    )
    await _insert(
        connection,
        "market.programme",
        [
            {
                "reference": f"P{number}",
                "name": "培训",
                "organiser": "学校",
                "occupation_code": "6-05-01-03",
                "mode": "course",
                "certificate_kind": draw.choice(["completion", "skill_level"]),
                "days": 10,
                "seats": 2,
                "taken": draw.randint(0, 2),
                "starts_on": _day(draw, since=2026),
                "region_code": WUFENG,
                "state": "open",
                "updated_at": NOW,
            }
            for number in range(1, PROGRAMMES + 1)
        ],
    )
    await _insert(
        connection,
        "market.post",
        [
            {
                "reference": f"W{number}",
                "name": "保洁员",
                "kind": draw.choice(["cleaning", "care"]),
                "department": "human_resources",
                "region_code": draw.choice([WUFENG, TANGFANG]),
                "vacancies": 2,
                "filled": draw.randint(0, 2),
                "wage_yuan_per_month": 1770,
                "term_months": 36,
                "starts_on": _day(draw, since=2026),
                "state": "open",
                "updated_at": NOW,
            }
            for number in range(1, POSTS + 1)
        ],
    )


async def _add_casework(connection: asyncpg.Connection, draw: random.Random) -> None:
    await connection.execute(
        """
        INSERT INTO access.actor (kind, name, region_code, purposes, created_at)
        VALUES ('county', 'runner', '530627000000', '{employment_service}', now());
        INSERT INTO matching.rule_set (version, sha256, body, stored_at) VALUES ('t', 'a', '{}', now());
        INSERT INTO matching.model (version, data_sha256, artifact, card, trained_at)
        VALUES ('t', 'a', 'a', '{}', now());
        INSERT INTO matching.run (region_code, actor_id, purpose, rule_set_id, model_id, state, started_at)
        SELECT '530627000000', 1, 'employment_service', 1, 1, s, now() FROM unnest(ARRAY['done', 'done', 'failed']) s;
        """
    )
    most = {"opening": OPENINGS, "programme": PROGRAMMES, "post": POSTS}
    lists = []
    for run in (1, 2, 3):
        for person in range(1, PEOPLE + 1):
            for kind, targets in most.items():
                if draw.random() < 0.6:
                    length = draw.randint(1, 3)
                    lists.append(
                        {
                            "run_id": run,
                            "person_id": person,
                            "kind": kind,
                            "target_ids": draw.sample(range(1, targets + 1), length),
                            "scores": [0.1 * (length - place) for place in range(length)],
                            "probabilities": [0.25] * length,
                            "reasons": [
                                [{"code": ("wage", "conditions", "tied", "odd")[place % 4], "value": place}]
                                for place in range(length)
                            ],
                            "allocated": _maybe(draw, 0),
                        }
                    )
    await _insert(connection, "matching.recommendation", lists)
    referrals, taken = [], set()
    for _ in range(40):
        kind = draw.choice([*most, "opening", "opening"])
        person, target = draw.randint(1, PEOPLE), draw.randint(1, most[kind])
        if (person, kind, target) in taken:
            continue
        taken.add((person, kind, target))
        referrals.append(
            {
                "person_id": person,
                "kind": kind,
                **{f"{name}_id": target if name == kind else None for name in most},
                "state": draw.choice(["shown", "referred", "placed"]),
                "rank": _maybe(draw, 1, 2),
                "referred_by": 1,
                "shown_on": _day(draw, since=2026),
                "updated_at": NOW,
            }
        )
    await _insert(connection, "casework.referral", referrals)
    await _insert(
        connection,
        "casework.contact",
        [
            {
                "referral_id": draw.randint(1, len(referrals)),
                "channel": "phone",
                "result": draw.choice(["reached", "no_answer"]),
                "note": "",
                "contacted_at": NOW + timedelta(hours=number),
                "actor_id": 1,
            }
            for number in range(12)
        ],
    )
    await _insert(
        connection,
        "casework.outcome",
        [
            {
                "referral_id": draw.randint(1, len(referrals)),
                "result": draw.choice(["placed", "declined"]),
                "reason": _maybe(draw, "wage"),
                "wage_yuan_per_month": _maybe(draw, 3200),
                "started_on": _maybe(draw, _day(draw)),
                "recorded_at": NOW + timedelta(hours=draw.randint(0, 3)),
            }
            for _ in range(15)
        ],
    )
