"""What is explained is what is seen: random grants and records, and every actor over a whole register."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.considered import Explained, explain_access
from hub.access.plain import outcome_words, standing_words
from hub.access.policy import CLAIM_TYPES, Claims, decide
from hub.access.record import fetch_facts, parse_record
from hub.api.schema import build_schema, core_schema
from hub.clock import FixedClock
from hub.errors import Forbidden
from hub.query.engine import Engine
from hub.query.limits import Limits
from schema.catalog import ENTITIES, Entity, camel, type_name
from schema.grants import Grant, Grants, load_grants
from tests.db.test_access_rows import ACTORS as ASKING
from tests.db.test_access_rows import FIELDS, draw, mask, people
from tests.query_register import ACTORS, fill_register

__all__ = ["people"]

DAY = date(2026, 6, 15)


async def explained(
    pool: asyncpg.Pool, grants: Grants, actor: Actor, purpose: str, text: str, name: str, *, day: date = DAY
) -> Explained:
    record = parse_record(text)
    assert record is not None, text
    try:
        decisions = decide(actor, purpose, grants, today=day)
    except Forbidden:
        decisions = None
    facts = await fetch_facts(
        pool,
        record,
        rows={grant.rows for grant in grants.grants},
        claims=Claims.of(actor, today=day, closed_under_years=14),
        decisions=decisions,
        viewer=None,
    )
    assert facts is not None, text
    return explain_access(
        grants, actor=actor, revoked=False, purpose=purpose, day=day, entity=record.entity.name, name=name, facts=facts
    )


def dated(random_: random.Random, grant: Grant) -> Grant:
    """The grant with days around the one asked about."""
    days = [None, DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]
    kinds = grant.kinds if random_.random() < 0.8 else frozenset({"county"})
    return replace(grant, kinds=kinds, effective_on=random_.choice(days[:3]), expires_on=random_.choice(days))


async def seen(pool: asyncpg.Pool, grants: Grants, actor: Actor, purpose: str, day: date) -> dict[int, dict[str, Any]]:
    """What the SQL that queries are made of shows of every person; nothing at all where the purpose is refused."""
    try:
        decisions = decide(actor, purpose, grants, today=day)
    except Forbidden:
        return {}
    claims, values = Claims.of(actor, today=day, closed_under_years=14), list[Any]()

    def claim(name: str) -> str:
        values.append(getattr(claims, name))
        return f"${len(values)}::{CLAIM_TYPES[name]}"

    columns = ", ".join(
        decisions.field("person", name).sql(f"person.{name}", f"t.{name}", alias="t", claim=claim) + f" AS {name}"
        for name in FIELDS
    )
    predicate = decisions.row_predicate("person", "t", claim)
    statement = f"SELECT t.person_id, {columns} FROM registry.person t WHERE {predicate} AND t.gone_on IS NULL"  # noqa: S608 - its subject
    rows = await pool.fetch(statement, *values)
    return {row["person_id"]: {name: row[name] for name in FIELDS} for row in rows}


async def test_random_grants_are_explained_as_they_are_compiled(
    pool: asyncpg.Pool, owner: asyncpg.Pool, people: list[dict[str, Any]]
) -> None:
    await owner.execute("UPDATE registry.person SET gone_on = '2026-01-01' WHERE person_id = 12")
    random_ = random.Random(5)
    met: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for _ in range(200):
        some = tuple(dated(random_, draw(random_, number)) for number in range(random_.randint(1, 5)))
        grants = Grants("t", 14, {"p": ""}, some)
        actor, day = random_.choice(ASKING), DAY + timedelta(days=random_.randint(-1, 1))
        purpose = random_.choice(["p", "p", "p", "q"])
        shown = await seen(pool, grants, actor, purpose, day)
        for person in people:
            key, name = person["person_id"], random_.choice(FIELDS)
            found = await explained(pool, grants, actor, purpose, f"Person:{key}", name, day=day)
            value = shown.get(key, {}).get(name)
            if key not in shown:
                assert found.outcome == ("refused" if purpose == "q" else "no_record"), (some, actor, person)
            elif value is None:
                assert found.outcome == "withheld", (some, actor, person)
            elif value == person[name]:
                assert found.outcome == "open", (some, actor, person)
            else:
                assert value == mask(f"person.{name}", person[name])
                assert found.outcome == "masked", (some, actor, person)
            met[found.outcome] += 1
            reasons[found.reason] += 1
            reasons.update(one.standing for one in found.considered)
            assert len(found.considered) == len(some)
    assert min(met[outcome] for outcome in ("open", "masked", "withheld", "no_record", "refused")) > 10, met
    for reason in ("denied", "expired", "not_yet", "minor", "out_of_scope", "other_kind", "record_gone"):
        assert reasons[reason] > 3, reasons


def _selection(entity: Entity, below: dict[str, str]) -> str:
    """All fields of an entity, and the links in ``below`` with what is asked of them."""
    fields = " ".join(camel(item.name) for item in entity.fields)
    links = [
        f"{camel(link.name)}(first: 500) {{ nodes {{ {below[link.target]} }} }}"
        if link.many
        else f"{camel(link.name)} {{ {below[link.target]} }}"
        for link in entity.links
        if link.target in below
    ]
    return f"__typename id {fields} {' '.join(links)}"


def _documents() -> dict[str, str]:
    """One list for each entity that has one, with what hangs on its rows."""
    below: dict[str, str] = {}
    for name in ("benefit_month", *(name for name, entity in ENTITIES.items() if not entity.node)):
        below[name] = _selection(ENTITIES[name], {"benefit_month": below["benefit_month"]} if below else {})
    return {
        name: f"{{ {camel(name)}s(first: 500) {{ nodes {{ {_selection(entity, below)} }} }} }}"
        for name, entity in ENTITIES.items()
        if entity.node and name != "region"
    }


def _gather(value: Any, found: dict[str, dict[str, Any]]) -> None:
    if isinstance(value, list):
        for item in value:
            _gather(item, found)
    elif isinstance(value, dict):
        if "id" in value:
            found.setdefault(value["id"], value)
        for item in value.values():
            _gather(item, found)


@pytest.fixture
async def ids(owner: asyncpg.Pool) -> dict[str, list[str]]:
    """Ids of every record of a random register, by entity."""
    await fill_register(owner)
    found = {}
    for entity in ENTITIES.values():
        if entity.name != "region":
            key = (entity.identity or entity.key).format(a="t")
            rows = await owner.fetch(f"SELECT ({key})::text FROM {entity.table} t ORDER BY 1")  # noqa: S608 - the catalogue's own
            found[entity.name] = [f"{type_name(entity.name)}:{row[0]}" for row in rows]
    return found


@pytest.mark.parametrize(
    ("actor", "purpose"), ACTORS, ids=lambda value: value if isinstance(value, str) else value.kind
)
async def test_every_record_is_explained_as_it_is_seen(
    pool: asyncpg.Pool, owner: asyncpg.Pool, ids: dict[str, list[str]], clock: FixedClock, actor: Actor, purpose: str
) -> None:
    engine = Engine(core_schema(build_schema()), clock, limits=Limits(values=10**10))
    shown: dict[str, dict[str, Any]] = {}
    for document in _documents().values():
        operation = engine.read_operation(document, None)
        variables = engine.read_variables(operation, {})
        answer = await engine.execute(pool, operation, variables, document=document, actor=actor, purpose=purpose)
        _gather(json.loads(answer.data), shown)
    random_ = random.Random(3)
    met: Counter[str] = Counter()
    for name, texts in ids.items():
        for text in random_.sample(texts, min(len(texts), 12)):
            field = random_.choice(ENTITIES[name].fields).name
            found = await explained(pool, load_grants(), actor, purpose, text, field)
            met[found.outcome] += 1
            if text not in shown:
                assert found.outcome == "no_record", (text, field, found.reason)
                continue
            assert found.outcome in ("open", "masked", "withheld"), (text, field, found.reason)
            value = shown[text][camel(field)]
            if found.outcome == "withheld":
                assert value is None, (text, field)
            elif found.outcome == "masked":
                assert value is None or "*" in value, (text, field)
            else:
                column = ENTITIES[name].field(field)
                assert column is not None
                key = (ENTITIES[name].identity or ENTITIES[name].key).format(a="t")
                raw = await owner.fetchval(
                    f"SELECT ({column.column.format(a='t')}) IS NULL FROM {ENTITIES[name].table} t"  # noqa: S608 - as above
                    f" WHERE '{type_name(name)}:' || {key} = $1",
                    text,
                )
                assert (value is None) == raw, (text, field)
    assert met["no_record"] > 5, met
    assert met["open"] > 5, met


@pytest.mark.parametrize(
    "text",
    ["", "Person", "Person:", "Person:x", "Person:01", "Person:1-2", "Nobody:1", "Region:53", "BenefitMonth:1",
     "BenefitMonth:1-2026-13-01", "Provenance:1-na me", "Recommendation:1-2", "Recommendation:1-2-3-4",
     "Person:" + "9" * 19],
)  # fmt: skip
def test_what_is_no_id_names_no_record(text: str) -> None:
    assert parse_record(text) is None


async def test_words_name_the_grant_and_no_value(pool: asyncpg.Pool, people: list[dict[str, Any]]) -> None:
    office = Actor(1, "department", "", "human_resources", "530627000000", None, None, ("employment_service",))
    found = await explained(pool, load_grants(), office, "employment_service", "Person:1", "health")
    zh, en = outcome_words(found)
    assert (found.outcome, found.reason) == ("withheld", "withheld")
    assert "human-resources" in en
    assert "YN-PF-2026-003" in en
    assert "YN-PF-2026-003" in zh
    for one in found.considered:
        assert all(standing_words(one))
        assert "healthy" not in "".join(standing_words(one))
    later = await explained(pool, load_grants(), office, "employment_service", "Person:1", "name", day=date(2031, 1, 1))
    assert (later.outcome, later.reason) == ("no_record", "expired")
    assert "2030-12-31" in outcome_words(later)[1]
