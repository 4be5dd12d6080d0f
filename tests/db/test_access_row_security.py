"""The second barrier: what the database itself shows and lets be changed, against what the compiler says.

Random grants and actors over a small register. Rows that a session of the hub sees bare, under an actor's claims, are
those that the compiled predicate gives to a role that sees everything.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub.access.actor import KINDS, Actor
from hub.access.barrier import CLAIM_NAMES, ENTITIES_CLAIMED, NO_CLAIMS, ClaimSet, claim_set
from hub.access.policy import Claims, Decisions, decide
from hub.access.rows import Scope, scope_sql
from hub.db.fragment import Fragment
from hub.db.pool import open_pool
from hub.settings import Settings
from schema.catalog import ENTITIES
from schema.grants import Grant, Grants, Rows
from tests.query_register import ACTORS, COUNTY, PEOPLE, TANGFANG, WUFENG, fill_register

DAY = date(2026, 6, 15)
_DRAWN = int(os.environ.get("YUNQIAO_DIFFERENTIAL", "200"))
PURPOSE = "employment_service"
#: Tables of the entities. Recommendations and provenance are entities made out of others' rows.
TABLES = {
    entity: "matching.recommendation" if entity == "recommendation" else ENTITIES[entity].table
    for entity in ENTITIES_CLAIMED
}
KEYS = {
    entity: {
        "region": "t.region_code",
        "recommendation": "(t.run_id, t.kind, t.person_id)::text",
        "benefit_month": "(t.benefit_id, t.month)::text",
        "wish": "t.person_id",
    }.get(entity, f"t.{entity}_id")
    for entity in TABLES
}


def _means_something(entity: str, rows: str) -> bool:
    try:
        scope_sql(entity, Scope(rows, False), "t", str)
    except ValueError:
        return False
    return True


#: Scopes that mean something for an entity.
SCOPES = {
    entity: [rows for rows in get_args(Rows) if _means_something(entity, rows)] for entity in (*TABLES, "provenance")
}
ASKERS = st.builds(
    Actor,
    actor_id=st.just(1),
    kind=st.sampled_from(KINDS),
    name=st.just(""),
    department=st.sampled_from([None, "human_resources", "civil_affairs"]),
    region_code=st.sampled_from([None, WUFENG, TANGFANG, COUNTY, "530000000000", "310115000000"]),
    partner_code=st.sampled_from([None, "SH01", "GD02", "XX99"]),
    person_id=st.sampled_from([None, *range(1, PEOPLE + 1), 999]),
    purposes=st.just((PURPOSE,)),
)


@pytest.fixture
async def filled(owner: asyncpg.Pool) -> asyncpg.Pool:
    """The owner of a filled register."""
    await fill_register(owner)
    return owner


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A bare session of the hub, that has claimed nothing yet."""
    assert settings.hub_database_url is not None
    async with open_pool(settings.hub_database_url, max_size=1) as pool, pool.acquire() as connection:
        yield connection


@st.composite
def grants_drawn(draw: st.DrawFn) -> Grants:
    """Grants that overlap, deny, lapse and speak of children; a few entities get most of them."""
    entries = []
    favoured = draw(st.lists(st.sampled_from(sorted(SCOPES)), min_size=1, max_size=6))
    for number in range(draw(st.integers(1, 8))):
        rows = draw(st.sampled_from(get_args(Rows)))
        named = draw(st.sampled_from([sorted(SCOPES), favoured, ["person", "household", *favoured]]))
        entities = {entity for entity in named if rows in SCOPES[entity]}
        deny = draw(st.integers(0, 4)) == 0
        whole = deny and draw(st.booleans())
        fields = {f"{entity}.{field.name}" for entity in entities for field in ENTITIES[entity].fields}
        starts, ends = (draw(st.sampled_from([None, None, None, -1, 0, 1])) for _ in range(2))
        entries.append(
            Grant(
                id=f"g{number}",
                effect="deny" if deny else "allow",
                kinds=draw(st.sampled_from([frozenset(KINDS), frozenset(KINDS), frozenset(KINDS[:3])])),
                departments=draw(st.sampled_from([frozenset(), frozenset(), frozenset({"human_resources"})])),
                purposes=frozenset({PURPOSE}),
                entities=frozenset(entities),
                rows=rows,
                fields=frozenset(fields if whole or not deny else set(sorted(fields)[:2])),
                whole=whole,
                masked=frozenset(),
                withheld=frozenset(),
                minors=draw(st.booleans()),
                legal_basis="",
                catalogue="",
                effective_on=DAY + timedelta(starts) if starts is not None else None,
                expires_on=DAY + timedelta(ends) if ends is not None else None,
            )
        )
    return Grants("t", 14, {PURPOSE: ""}, tuple(entries))


def drawn_claims(actor: Actor, decisions: Decisions) -> ClaimSet:
    return claim_set(actor, decisions, today=DAY, closed_under_years=14)


async def claim(connection: asyncpg.Connection, claims: ClaimSet) -> None:
    """Tell a session its claims, in words of the test's own."""
    for name, value in zip(CLAIM_NAMES, claims.values, strict=True):
        await connection.execute("SELECT set_config($1, $2, false)", name, value)


async def bare(connection: asyncpg.Connection, entity: str) -> list[Any]:
    """Keys of all rows of an entity that a connection is shown."""
    statement = f"SELECT {KEYS[entity]} AS key FROM {TABLES[entity]} t ORDER BY 1"  # noqa: S608  # names are ours
    return [row["key"] for row in await connection.fetch(statement)]


async def predicted(connection: asyncpg.Connection, entity: str, decisions: Decisions, claims: Claims) -> list[Any]:
    """Keys of the rows that the compiler's own predicate gives, on each row by itself."""
    # What hangs on something is bound by it where queries reach it; by itself it has its scopes.
    alone = replace(decisions, rows={entity: decisions.rows[entity]} if entity in decisions.rows else {})
    condition = alone.row_fragment(entity, "t", claims)
    rows = f"SELECT {KEYS[entity]} AS key FROM {TABLES[entity]} t WHERE "  # noqa: S608  # names are ours
    statement = Fragment((rows,)) + condition
    text, values = (statement + Fragment((" ORDER BY 1",))).render()
    return [row["key"] for row in await connection.fetch(text, *values)]


def test_both_barriers_show_the_same_rows(settings: Settings) -> None:
    seen: Counter[str] = Counter()
    part: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()
        owner, app, hub = (
            runner.run(opened.enter_async_context(open_pool(str(url), max_size=1)))
            for url in (settings.database_url, settings.app_database_url, settings.hub_database_url)
        )
        try:
            runner.run(fill_register(owner))
            sizes = {entity: runner.run(app.fetchval(f"SELECT count(*) FROM {TABLES[entity]}")) for entity in TABLES}  # noqa: S608  # names are ours

            async def look(grants: Grants, actor: Actor) -> None:
                decisions = decide(actor, PURPOSE, grants, today=DAY)
                claims = Claims.of(actor, today=DAY, closed_under_years=14)
                async with hub.acquire() as connection, app.acquire() as first:
                    await claim(connection, drawn_claims(actor, decisions))
                    for entity in TABLES:
                        shown = await bare(connection, entity)
                        assert shown == await predicted(first, entity, decisions, claims), (entity, actor, grants)
                        seen[entity] += bool(shown)
                        part[entity] += 0 < len(shown) < sizes[entity]

            @hypothesis_settings(
                max_examples=_DRAWN,
                deadline=None,
                derandomize="YUNQIAO_DIFFERENTIAL" not in os.environ,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.generate,),
            )
            @given(grants_drawn(), ASKERS)
            def compare(grants: Grants, actor: Actor) -> None:
                runner.run(look(grants, actor))

            compare()
        finally:
            runner.run(opened.aclose())
    # A comparison of nothing with nothing would prove nothing.
    assert all(seen[entity] > _DRAWN / 20 for entity in TABLES), seen
    assert all(part[entity] > _DRAWN / 50 for entity in TABLES if entity not in ("region", "programme", "post")), part


def shipped(actor: Actor, purpose: str) -> ClaimSet:
    return claim_set(actor, decide(actor, purpose, today=DAY), today=DAY, closed_under_years=14)


@pytest.mark.parametrize(("actor", "purpose"), ACTORS, ids=lambda item: getattr(item, "kind", item))
async def test_shipped_grants_take_the_short_way(actor: Actor, purpose: str) -> None:
    # One word an entity; the slow function is for grants that nobody has made yet.
    for entity in ENTITIES_CLAIMED:
        word = shipped(actor, purpose).value(f"yunqiao.{entity}_rows")
        if (actor.kind, entity) != ("person", "conflict"):
            assert word in (
                "",
                "all",
                "lives",
                "region",
                "own",
                "household",
                "referred",
                "parent",
                "self",
                "partner",
            ), (
                entity,
                word,
            )


async def test_who_claims_nothing_sees_nothing(hub: asyncpg.Connection, filled: asyncpg.Pool) -> None:
    may_read = await filled.fetch(
        """
        SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relrowsecurity OR c.relkind = 'v' AS closed, (
            SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                AND has_column_privilege('yunqiao_hub', c.oid, a.attnum, 'SELECT') ORDER BY a.attnum LIMIT 1
        ) AS "column"
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'v', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            AND has_any_column_privilege('yunqiao_hub', c.oid, 'SELECT')
            AND has_schema_privilege('yunqiao_hub', n.oid, 'USAGE')
        """
    )
    assert len(may_read) > 25
    for row in may_read:
        assert row["closed"], row
        count = f"SELECT count({row['column']}) FROM {row['name']}"  # noqa: S608  # names are the catalogue's
        assert await hub.fetchval(count) == 0, row
    await claim(hub, NO_CLAIMS)
    for row in may_read:
        count = f"SELECT count({row['column']}) FROM {row['name']}"  # noqa: S608  # as above
        assert await hub.fetchval(count) == 0, row


async def test_the_hub_reads_no_cell_of_a_file_and_no_secret(hub: asyncpg.Connection, filled: asyncpg.Pool) -> None:
    await claim(hub, shipped(ACTORS[-1][0], "administration"))
    for statement in (
        "SELECT values FROM intake.source_record",
        "SELECT raw FROM intake.source_record",
        "SELECT FROM identity.normal",
        "SELECT FROM identity.membership",
        "SELECT FROM access.account",
        "SELECT FROM audit.entry",
        "SELECT FROM matching.allocation",
        "UPDATE registry.person SET name = ''",
        "DELETE FROM registry.person",
        "SET ROLE yunqiao_app",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await hub.execute(statement)
    # Other actors are read to explain their access, and for nothing else.
    assert await hub.fetchval("SELECT count(*) FROM access.actor") == 0
    assert (
        await hub.fetchval("SELECT rolbypassrls OR rolsuper OR rolinherit FROM pg_roles WHERE rolname = current_user")
        is False
    )
    owned = await hub.fetchval("SELECT count(*) FROM pg_class WHERE relowner = 'yunqiao_hub'::regrole")
    assert owned == 0
