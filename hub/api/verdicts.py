"""Verdicts of the rules on one person and one opening, told only as far as the fields they read are open.

"Why not" must not tell on anybody: a rule that reads a field which is closed to whoever asks shows neither its verdict
nor what it compared.
"""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from hub.access.policy import Decisions, decide
from hub.access.sight import fetch_sight
from hub.api.context import RequestContext
from hub.errors import Forbidden, NotFound
from hub.query.ids import key_of_id
from hub.query.tree import Withheld
from hub.recommend.explain import explain
from matching.records import People
from schema.catalog import ENTITIES
from schema.ruleset import load_ruleset
from schema.told import COLUMN_FIELDS

_OF_PEOPLE = frozenset(column.name for column in fields(People))


@strawberry.enum(description="What one rule says")
class VerdictKind(Enum):
    """What one rule says."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ASK = "ask"


@strawberry.type(description="What one rule says of one person and one opening（判定）")
class Verdict:
    """What one rule says of one person and one opening."""

    rule: str = strawberry.field(description="Stable code of the rule")
    label: str = strawberry.field(description="The rule in words, Chinese")
    verdict: VerdictKind | None = strawberry.field(
        description="pass, fail, or ask where something is not known; null where the rule reads what you may not see"
    )
    legal_basis: str = strawberry.field(description="Where the rule stands")
    detail: JSON | None = strawberry.field(description="What was compared; null where you may not see it")


def fields_of(rule: str) -> set[str]:
    """Fields of the register that a rule reads of a person; a rule or a column nobody knows is no field at all."""
    versions = [entry for entry in load_ruleset().rules if entry.code == rule]
    columns = {column for entry in versions for column in entry.reads if column in _OF_PEOPLE}
    names = {name for column in columns for name in COLUMN_FIELDS.get(column, (f"unknown.{column}",))}
    return names if versions else {"unknown.rule"}


def closed_fields(rule: str, decisions: Decisions) -> list[str]:
    """Fields that a rule reads and that are not open on the people whose recommendations are seen."""
    return decisions.closed_to("recommendation", sorted(fields_of(rule)))


async def read_verdicts(
    info: Info[RequestContext, Any], person_id: strawberry.ID, opening_id: strawberry.ID
) -> list[Verdict]:
    """Every rule's verdict, for those who may see the person's recommendations.

    Raises
    ------
    Forbidden, NotFound
        ``verdicts_withheld``; ``person_unknown``.
    """
    context = info.context
    person = key_of_id(person_id, ENTITIES["person"])
    opening = key_of_id(opening_id, ENTITIES["opening"])
    today = context.clock.today()
    decisions = decide(context.actor, context.purpose, today=today)
    if not decisions.sees("recommendation"):
        raise Forbidden("verdicts_withheld", "Verdicts are not open to you.", hint="Ask the station in charge.")
    for entity, key in (("person", person), ("opening", opening)):
        seen = key is not None and await fetch_sight(
            context.pool, entity=entity, key=key, actor=context.actor, decisions=decisions, today=today
        )
        if not seen:
            raise NotFound("person_unknown", "There is no such person or opening.")
    if context.actor.kind == "person" and context.actor.person_id != person:
        # One sees the names of one's household, not what suits its members.
        raise NotFound("person_unknown", "There is no such person or opening.")
    found = await explain(context.pool, person, opening, clock=context.clock)
    context.person_ids.append(person)
    context.fields.add("recommendation.reasons")
    told = []
    for verdict in found.verdicts:
        closed = closed_fields(verdict.rule, decisions)
        if closed:
            reason = "not_told:" + ",".join(closed)
            context.withheld.append(Withheld(f"{info.path.key}.{verdict.rule}", "withheld", reason, closed[0]))
        else:
            context.fields |= fields_of(verdict.rule)
        told.append(
            Verdict(
                rule=verdict.rule,
                label=load_ruleset().label(verdict.rule, "zh"),
                verdict=None if closed else VerdictKind(verdict.verdict),
                legal_basis=verdict.legal_basis,
                detail=None if closed else JSON(dict(verdict.detail)),
            )
        )
    return told
