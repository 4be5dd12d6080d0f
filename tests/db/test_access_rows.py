"""Random grants, run as SQL on a small register, against an evaluator that looks at one row at a time."""

from __future__ import annotations

import random
from datetime import date
from typing import Any, get_args

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.masks import MASKS, mask_sql
from hub.access.policy import CLAIM_TYPES, Claims, decide
from hub.access.sight import fetch_sight
from schema.grants import Grant, Grants, Rows

DAY = date(2026, 6, 15)
FIELDS = ("name", "phone", "health", "bank_account")
ACTORS = [
    Actor(1, "station", "", None, "530627001000", None, None, ("p",)),
    Actor(2, "partner", "", None, None, "SH01", None, ("p",)),
    Actor(3, "person", "", None, None, None, 1, ("p",)),
]


@pytest.fixture
async def people(owner: asyncpg.Pool) -> list[dict[str, Any]]:
    """Twelve people over three townships and four households, children among them, some referred to a partner."""
    await owner.execute(
        """
        INSERT INTO identity.person_key (created_at) SELECT now() FROM generate_series(1, 12);
        INSERT INTO registry.household (living_region_code, registered_region_code, updated_at)
        SELECT '530627001000', '530627001000', now() FROM generate_series(1, 4);
        INSERT INTO registry.person (person_id, household_id, name, phone, health, bank_account, born_on,
            living_region_code, registered_region_code, updated_at)
        SELECT n, n % 4 + 1, '试' || n, '100200000' || lpad(n::text, 2, '0'), 'healthy', '0000111122223333',
            CASE n % 3 WHEN 0 THEN '2016-01-01'::date WHEN 1 THEN '1990-01-01' END,
            (ARRAY['530627001000', '530627103000', '530602001000', NULL])[n % 4 + 1],
            (ARRAY['530627103000', '530627001000', '530627001000'])[n % 3 + 1], now()
        FROM generate_series(1, 12) AS n;
        INSERT INTO access.actor (kind, name, region_code, purposes, created_at)
        VALUES ('station', 's', '530627001000', '{p}', now());
        INSERT INTO market.opening (reference, partner_code, employer_name, title, occupation_code, region_code,
            channel, wage_low_yuan_per_month, wage_high_yuan_per_month, wage_kind, vacancies, posted_on, state,
            updated_at)
        SELECT 'O' || c, c, 'e', 't', '6-05-01-03', '310115000000', 'shanghai', 1, 1, 'monthly', 1, '2026-01-01',
            'open', now()
        FROM unnest(ARRAY['SH01', 'GD01']) AS c;
        INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)
        SELECT n, 'opening', CASE WHEN n % 2 = 0 THEN 1 ELSE 2 END, CASE WHEN n = 4 THEN 'shown' ELSE 'referred' END, 1,
            '2026-06-01', now() FROM generate_series(1, 6) AS n;
        """
    )
    rows = await owner.fetch(
        "SELECT p.*, EXISTS (SELECT FROM casework.referral r WHERE r.person_id = p.person_id AND r.opening_id = 1"
        " AND r.state <> 'shown') AS referred FROM registry.person p ORDER BY person_id"
    )
    return [dict(row) for row in rows]


def holds(actor: Actor, person: dict[str, Any], grant: Grant) -> bool:
    """Whether a grant speaks of a person, in plain words."""
    lives = bool(person["living_region_code"] or "") and person["living_region_code"].startswith("530627001")
    registered = person["registered_region_code"].startswith("530627001")
    by_region, by_self = actor.region_code is not None, actor.person_id is not None
    inside = {
        "all": True,
        "lives": by_region and lives,
        "region": by_region and (lives or registered),
        "own": by_self and person["person_id"] == actor.person_id,
        "household": by_self and person["household_id"] == 2,  # person 1 lives in household 2
        "referred": actor.partner_code is not None and person["referred"],
    }[grant.rows]
    child = person["born_on"] is not None and person["born_on"] > date(2012, 6, 15)
    return inside and (grant.minors or not child)


def expected(actor: Actor, person: dict[str, Any], grants: tuple[Grant, ...]) -> dict[str, str | None] | None:
    """What the actor sees of a person; None for nothing at all."""
    ours = [grant for grant in grants if holds(actor, person, grant)]
    denies, allows = ([g for g in ours if g.effect == effect] for effect in ("deny", "allow"))
    if not allows or any(grant.whole for grant in denies):
        return None
    shown: dict[str, str | None] = {}
    for field in FIELDS:
        name, value = f"person.{field}", person[field]
        offers = [g for g in allows if name in g.fields and name not in g.withheld]
        if any(name in g.fields for g in denies):
            shown[field] = None
        elif any(name not in g.masked for g in offers):
            shown[field] = value
        else:
            shown[field] = mask(name, value) if offers and name in MASKS else None
    return shown


def mask(name: str, value: str) -> str:
    head, tail, hidden = MASKS[name]
    if len(value) < head + tail + hidden:
        return "*" * len(value)
    return value[:head] + "*" * (len(value) - head - tail) + (value[-tail:] if tail else "")


def draw(random_: random.Random, number: int) -> Grant:
    effect = random_.choice(["allow", "allow", "deny"])
    whole = effect == "deny" and random_.random() < 0.2
    names = frozenset(f"person.{f}" for f in (FIELDS if whole else random_.sample(FIELDS, random_.randint(1, 4))))
    rows: Rows = random_.choice(get_args(Rows))
    return Grant(
        f"g{number}", "deny" if effect == "deny" else "allow", frozenset({"station", "partner", "person"}), frozenset(),
        frozenset({"p"}), frozenset({"person"}), rows, names, whole,
        frozenset(n for n in names if random_.random() < 0.4), frozenset(n for n in names if random_.random() < 0.2),
        random_.random() < 0.5, "", "",
    )  # fmt: skip


async def test_random_grants_show_what_they_say(pool: asyncpg.Pool, people: list[dict[str, Any]]) -> None:
    random_ = random.Random(101)
    varied = seen = 0
    for _ in range(150):
        grants = tuple(draw(random_, number) for number in range(random_.randint(1, 5)))
        actor = random_.choice(ACTORS)
        decisions = decide(actor, "p", Grants("t", 14, {"p": ""}, grants), today=DAY)
        claims, values = Claims.of(actor, today=DAY, closed_under_years=14), []

        def claim(name: str, claims: Claims = claims, values: list[Any] = values) -> str:
            values.append(getattr(claims, name))
            return f"${len(values)}::{CLAIM_TYPES[name]}"

        columns = ", ".join(
            decisions.field("person", name).sql(f"person.{name}", f"t.{name}", alias="t", claim=claim) + f" AS {name}"
            for name in FIELDS
        )
        predicate = decisions.row_predicate("person", "t", claim)
        statement = f"SELECT t.person_id, {columns} FROM registry.person t WHERE {predicate}"  # noqa: S608 - its subject
        rows = await pool.fetch(statement, *values)
        found = {row["person_id"]: {name: row[name] for name in FIELDS} for row in rows}
        wanted = {person["person_id"]: expected(actor, person, grants) for person in people}
        assert found == {key: value for key, value in wanted.items() if value is not None}, grants
        varied += any(decisions.field("person", name).access == "varies" for name in FIELDS)
        seen += len(found)
        for person in people[:3]:
            key = person["person_id"]
            assert (key in found) == await fetch_sight(
                pool, entity="person", key=key, actor=actor, decisions=decisions, today=DAY
            )
    assert varied > 30, "the grants drawn must differ by row often enough to test it"
    assert seen > 200


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("person.citizen_number", "000627198001014321", "000***********4321"),
        ("person.citizen_number", "000627800101432", "000********1432"),
        ("person.citizen_number", "0006278", "*******"),
        ("person.phone", "10020004321", "100****4321"),
        ("person.phone", "3124321", "*******"),
        ("person.bank_account", "0000111122224321", "************4321"),
        ("person.name", "张三", "张*"),
        ("person.name", "阿卜杜拉", "阿***"),
        ("person.name", "张", "*"),
        ("person.name", "", ""),
        ("person.disability_certificate", "00062719800101432143", "000*****************"),
        ("benefit.certificate_number", "5306271030000001", "530627103*******"),
        ("person.phone", None, None),
    ],
)
async def test_masks(pool: asyncpg.Pool, name: str, value: str | None, masked: str | None) -> None:
    statement = f"SELECT {mask_sql(name, 'v')} FROM (SELECT $1::text AS v) x"  # noqa: S608 - its subject
    assert await pool.fetchval(statement, value) == masked
