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

#: The field of the register behind each column that a rule may read of a person.
_FIELD_OF: dict[str, str] = {
    "person_id": "person.name",
    "household_id": "person.name",
    "registered_region": "person.registered_region_code",
    "living_region": "person.living_region_code",
    "born_on": "person.born_on",
    "retires_on": "person.retires_on",
    "education": "person.education",
    "skill_level": "person.skill_level",
    "skill_occupation": "certificate.occupation_code",
    "labour_ability": "person.labour_ability",
    "health": "person.health",
    "disability_level": "person.disability_level",
    "cannot_leave_home": "wish.cannot_leave_home",
    "accepts_night_shift": "wish.accepts_night_shift",
    "wish_scope": "wish.scope",
    "wish_occupation": "wish.occupation",
    "wish_wage": "wish.wage_yuan_per_month",
    "former_occupation": "employment.occupation_code",
    "away_months": "employment.months_this_year",
    "monitored": "household.monitored_kind",
    "poverty_exited": "person.person_category",
    "low_income": "household.low_income",
    "household_in_work": "household.in_work_count",
    "zero_employment": "household.zero_employment",
    "holds_post": "person.employment_form",
    "nationality": "person.nationality",
}
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


def closed_fields(rule: str, decisions: Decisions) -> list[str]:
    """Fields that a rule reads of a person and that are not open; a rule or a column nobody knows is closed."""
    versions = [entry for entry in load_ruleset().rules if entry.code == rule]
    columns = {column for entry in versions for column in entry.reads if column in _OF_PEOPLE}
    names = {_FIELD_OF.get(column, f"unknown.{column}") for column in columns} if versions else {"unknown.rule"}
    return sorted(name for name in names if decisions.field(*name.split(".")).access != "open")


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
    own = context.actor.kind == "person"
    for verdict in found.verdicts:
        closed = [] if own else closed_fields(verdict.rule, decisions)
        if closed:
            reason = decisions.field(*closed[0].split(".")).reason
            context.withheld.append(Withheld(f"{info.path.key}.{verdict.rule}", "withheld", reason, closed[0]))
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
