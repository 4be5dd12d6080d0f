"""One record of the register by its id: where it lies, as one statement that reads no value of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

import asyncpg

from hub.access.claimed import ActorPool
from hub.access.considered import RowFacts
from hub.access.policy import CLAIM_TYPES, Claims, Decisions
from hub.access.rows import Scope, scope_sql
from hub.db.fragment import Fragment, Parameter, bind, sql
from schema.catalog import ENTITIES, Entity, type_name

_BY_TYPE = {type_name(entity.name): entity for entity in ENTITIES.values()}
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
#: Entities whose id is made of several values: the columns in their order.
_PARTS: dict[str, tuple[str, ...]] = {
    "benefit_month": ("benefit_id", "month"),
    "provenance": ("person_id", "field"),
    "recommendation": ("run_id", "person_id", "place"),
}
#: Whose data a record is, as an array.
_MEMBERS = "ARRAY(SELECT m.person_id FROM registry.person m WHERE m.household_id = {key} AND m.gone_on IS NULL)"
_REFERRED = "ARRAY(SELECT f.person_id FROM casework.referral f WHERE f.referral_id = t.referral_id)"
_PEOPLE: dict[str, str] = {
    **dict.fromkeys(("region", "opening", "programme", "post"), "'{}'::bigint[]"),
    **dict.fromkeys(("household", "monitoring"), _MEMBERS.format(key="t.household_id")),
    **dict.fromkeys(("contact", "outcome"), _REFERRED),
    "benefit_month": "ARRAY(SELECT b.person_id FROM registry.benefit b WHERE b.benefit_id = t.benefit_id)",
    "conflict": "CASE t.entity WHEN 'household' THEN "
    + _MEMBERS.format(key="t.entity_id")
    + " ELSE ARRAY[t.entity_id] END",
}
_PUBLIC = ("region", "opening", "programme", "post")
#: Rows about values: they are seen only where the value's own field is open.
_ABOUT_FIELDS = ("conflict", "provenance")
_MAY_BE_GONE = ("person", "household")


@dataclass(frozen=True, slots=True)
class Record:
    """A record that an id names; ``condition`` finds it under the alias ``t``."""

    entity: Entity
    condition: Fragment


def parse_record(text: str) -> Record | None:
    """The record that an id names, of any entity; None where it is no id."""
    kind, _, key = text.partition(":")
    entity = _BY_TYPE.get(kind)
    if entity is None:
        return None
    columns = _PARTS.get(entity.name)
    values = key.split("-", len(columns) - 1) if columns else [key]
    columns = columns or (entity.key.removeprefix("{a}."),)
    if len(values) != len(columns):
        return None
    parts = Fragment()
    for column, value in zip(columns, values, strict=True):
        bound = _bound(column, value)
        if bound is None:
            return None
        # Columns are the catalogue's, never a request's.
        parts += Fragment((f"{' AND ' if parts else ''}t.{column} = ",)) + bound
    return Record(entity, parts)


def _bound(column: str, value: str) -> Fragment | None:
    if column == "month":
        try:
            return bind(date.fromisoformat(value), "date")
        except ValueError:
            return None
    if column == "field":
        return bind(value, "text") if value.isascii() and value.isidentifier() else None
    if column == "region_code":
        return bind(value, "text") if len(value) == 12 and value.isascii() and value.isdecimal() else None
    return bind(int(value), "bigint") if _NUMBER.fullmatch(value) else None


async def fetch_facts(
    connection: asyncpg.Connection | asyncpg.Pool | ActorPool,
    record: Record,
    *,
    rows: Iterable[str],
    claims: Claims,
    decisions: Decisions | None,
    viewer: Claims | None,
) -> RowFacts | None:
    """Where a record lies for somebody; None where there is none, or none within the viewer's region.

    Parameters
    ----------
    rows
        Kinds of rows to place it in.
    claims, decisions
        Of whom it is explained for; without decisions nothing that the record hangs on is seen.
    viewer
        Claims of who asks for the explanation, None for no bound. Children are among the records of a viewer's region.
    """
    entity, kinds = record.entity, sorted(set(rows))
    columns = sql("SELECT ") + Fragment((_PEOPLE.get(entity.name, "ARRAY[t.person_id]"),)) + sql(" AS person_ids, ")
    columns += sql("t.gone_on IS NOT NULL") if entity.name in _MAY_BE_GONE else sql("false")
    columns += sql(" AS gone, ") + _with_claims(_reached(entity, decisions), claims) + sql(" AS reached")
    for kind in kinds:
        for minors in (True, False):
            columns += sql(", ") + _with_claims(partial(_inside, entity, Scope(kind, minors)), claims)
    query = columns + Fragment((f" FROM {entity.table} t WHERE ",)) + record.condition
    if viewer is not None and entity.name not in _PUBLIC:
        query += sql(" AND ") + _with_claims(partial(_inside, entity, Scope("region", True)), viewer)
    text, values = query.render()
    row = await connection.fetchrow(text, *values)
    if row is None:
        return None
    placed = list(row.values())[3:]
    return RowFacts(
        gone=row["gone"],
        inside={kind: placed[2 * place] is True for place, kind in enumerate(kinds)},
        grown={kind: placed[2 * place + 1] is True for place, kind in enumerate(kinds)},
        reached=row["reached"] is True,
        person_ids=tuple(row["person_ids"]),
    )


def _inside(entity: Entity, scope: Scope, claim: Callable[[str], str]) -> str:
    try:
        return scope_sql(entity.name, scope, "t", claim)
    except ValueError:
        # Rows that mean nothing for the entity hold none of it.
        return "false"


def _reached(entity: Entity, decisions: Decisions | None) -> Callable[[Callable[[str], str]], str]:
    def text(claim: Callable[[str], str]) -> str:
        if entity.node:
            return "true"
        return "false" if decisions is None else _way(entity, "t", decisions, claim)

    return text


def _way(entity: Entity, alias: str, decisions: Decisions, claim: Callable[[str], str]) -> str:
    """SQL that is true where something is seen that leads to the row, and the row may be told of."""
    ways = []
    leading = [(start, link) for start in ENTITIES.values() for link in start.links if link.target == entity.name]
    for place, (start, link) in enumerate(leading):
        inner = f"{alias}w{place}"
        parts = [link.join.format(a=inner, b=alias), decisions.row_predicate(start.name, inner, claim)]
        if start.name in _MAY_BE_GONE:
            parts.append(f"{inner}.gone_on IS NULL")
        if not start.node:
            parts.append(_way(start, inner, decisions, claim))
        ways.append(f"EXISTS (SELECT FROM {start.table} {inner} WHERE {' AND '.join(parts)})")
    text = f"({' OR '.join(ways) or 'false'})"
    if entity.name in _ABOUT_FIELDS:
        # Names of fields are the catalogue's.
        names = ", ".join(f"'{name}'" for name in decisions.open_names(entity.name))
        text += f" AND {alias}.field = ANY (ARRAY[{names}]::text[])"
    return f"({text})"


def _with_claims(write: Callable[[Callable[[str], str]], str], claims: Claims) -> Fragment:
    parts = write(lambda name: f"\0{name}\0").split("\0")
    return Fragment(
        tuple(
            Parameter(getattr(claims, part), CLAIM_TYPES[part]) if place % 2 else part
            for place, part in enumerate(parts)
        )
    )
