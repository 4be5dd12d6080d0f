"""Whether one thing lies within an actor's sight: the same predicates that queries are bound by."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.access.claimed import ActorPool
from hub.access.policy import CLAIM_TYPES, Claims, Decisions
from hub.access.rows import Scope, scope_sql
from hub.db.fragment import Fragment, Parameter, bind, sql
from schema.catalog import ENTITIES
from schema.grants import Rows, load_grants


async def fetch_sight(
    connection: asyncpg.Connection | asyncpg.Pool | ActorPool,
    *,
    entity: str,
    key: Any,
    actor: Actor,
    decisions: Decisions,
    today: date,
    within: Rows | None = None,
) -> bool:
    """Whether a row of ``entity`` is there, may be seen, and lies ``within`` the rows of a permit.

    Parameters
    ----------
    key
        Of the row; an integer, twelve digits for a region.
    within
        A narrower scope that it must lie in besides.
    """
    if not decisions.sees(entity):
        return False
    claims = Claims.of(actor, today=today, closed_under_years=load_grants().closed_under_years)
    item = ENTITIES[entity]
    condition = decisions.row_fragment(entity, "t", claims)
    if within is not None:
        condition += sql(" AND ") + _scope(entity, Scope(within, True), claims)
    if entity in ("person", "household"):
        condition += sql(" AND t.gone_on IS NULL")
    # Table and key are the catalogue's, never a request's.
    statement = (
        sql("SELECT EXISTS (SELECT FROM ")
        + Fragment((f"{item.table} t WHERE {item.key.format(a='t')} = ",))
        + (bind(key, "text") if isinstance(key, str) else bind(key, "bigint"))
        + sql(" AND ")
        + condition
        + sql(")")
    )
    text, values = statement.render()
    found: bool = await connection.fetchval(text, *values)
    return found


def _scope(entity: str, scope: Scope, claims: Claims) -> Fragment:
    parts = scope_sql(entity, scope, "t", lambda name: f"\0{name}\0").split("\0")
    return Fragment(
        tuple(
            Parameter(getattr(claims, part), CLAIM_TYPES[part]) if place % 2 else part
            for place, part in enumerate(parts)
        )
    )
