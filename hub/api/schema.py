"""The schema: compiled roots from the catalogue, computed roots, mutations."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType
from strawberry.scalars import JSON
from strawberry.types import Info

from hub.access.policy import Claims, decide
from hub.api.context import RequestContext
from hub.api.mutations import Mutation
from hub.errors import Forbidden, NotFound
from hub.query.compile import key_of_id
from hub.recommend.explain import explain
from schema.catalog import ENTITIES
from schema.grants import load_grants
from schema.types.register import OBJECT_TYPES, register_fields


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
    verdict: VerdictKind = strawberry.field(description="pass, fail, or ask where something is not known")
    legal_basis: str = strawberry.field(description="Where the rule stands")
    detail: JSON | None = strawberry.field(description="What was compared; null where you may not see it")


@strawberry.type(description="Who you are（当前使用者）")
class Viewer:
    """Who you are."""

    kind: str = strawberry.field(description="department, station, partner, county, person or administrator")
    name: str = strawberry.field(description="Name")
    region_code: str | None = strawberry.field(description="Your region")
    partner_code: str | None = strawberry.field(description="Your partner code")
    person_id: strawberry.ID | None = strawberry.field(description="You, where you are in the register")
    purposes: list[str] = strawberry.field(description="Purposes you may state")


async def _verdicts(
    info: Info[RequestContext, Any], person_id: strawberry.ID, opening_id: strawberry.ID
) -> list[Verdict]:
    """Only for those who may see the person and the fields that rules read: "why not" must not tell on anybody."""
    context = info.context
    person = key_of_id(person_id, ENTITIES["person"])
    opening = key_of_id(opening_id, ENTITIES["opening"])
    decisions = decide(context.actor, context.purpose)
    if not decisions.sees("recommendation"):
        raise Forbidden("verdicts_withheld", "Verdicts are not open to you.", hint="Ask the station in charge.")
    claims = Claims.of(context.actor, today=context.clock.today(), closed_under_years=load_grants().closed_under_years)
    values: list[object] = [person]

    def claim(name: str) -> str:
        values.append(getattr(claims, name))
        types = {"person_id": "bigint", "born_before": "date"}
        return f"${len(values)}::{types.get(name, 'text')}"

    predicate = decisions.row_predicate("person", "p", claim)
    seen = await context.pool.fetchval(
        f"SELECT EXISTS (SELECT FROM registry.person p WHERE p.person_id = $1 AND {predicate})",  # noqa: S608 - text from the policy, values bound
        *values,
    )
    if person is None or opening is None or not seen:
        raise NotFound("person_unknown", "There is no such person or opening.")
    found = await explain(context.pool, person, opening, clock=context.clock)
    context.person_ids.append(person)
    context.fields.add("recommendation.reasons")
    open_health = decisions.field("person", "health").access == "open"
    return [
        Verdict(
            rule=verdict.rule,
            verdict=VerdictKind(verdict.verdict),
            legal_basis=verdict.legal_basis,
            detail=JSON(dict(verdict.detail)) if open_health else None,
        )
        for verdict in found.verdicts
    ]


async def _me(info: Info[RequestContext, Any]) -> Viewer:
    actor = info.context.actor
    return Viewer(
        kind=actor.kind,
        name=actor.name,
        region_code=actor.region_code,
        partner_code=actor.partner_code,
        person_id=strawberry.ID(f"Person:{actor.person_id}") if actor.person_id is not None else None,
        purposes=list(actor.purposes),
    )


@cache
def build_schema() -> strawberry.Schema:
    """The whole schema. Computed roots say so in their description."""
    fields = register_fields()
    fields["me"] = strawberry.field(resolver=_me, description="Who you are. Computed.")
    fields["verdicts"] = strawberry.field(
        resolver=_verdicts, description="Why an opening suits a person, or why not, rule by rule. Computed."
    )
    query = strawberry.type(
        type("Query", (), {"__annotations__": {}, **fields}), name="Query", description="The register（数据共享）"
    )
    schema = strawberry.Schema(query=query, mutation=Mutation, types=list(OBJECT_TYPES.values()))
    _teach_dictionaries(core_schema(schema))
    return schema


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's view of the schema."""
    return schema._schema


def _teach_dictionaries(schema: GraphQLSchema) -> None:
    """Compiled objects are dictionaries that name their type, not instances of Strawberry's classes."""
    for kind in schema.type_map.values():
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)) and not kind.name.startswith("__"):
            kind.resolve_type = lambda value, _info, _type: value["__type"]
        elif isinstance(kind, GraphQLObjectType) and kind.name in OBJECT_TYPES:
            kind.is_type_of = None
