"""The schema: compiled roots from the catalogue, computed roots, mutations."""

from __future__ import annotations

from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLUnionType
from strawberry.federation import Schema as FederatedSchema
from strawberry.types import Info

from hub.api.context import RequestContext
from hub.api.explaining import read_explanation
from hub.api.federation import read_service
from hub.api.ledger import read_access_ledger
from hub.api.mutations import Mutation
from hub.api.subscriptions import Subscription
from hub.api.verdicts import read_verdicts
from hub.api.verifying import read_verification
from schema.types.register import OBJECT_TYPES, register_fields
from schema.types.words import describe


@strawberry.type(description="Who you are（当前使用者）")
class Viewer:
    """Who you are."""

    kind: str = strawberry.field(description="department, station, partner, county, person or administrator")
    name: str = strawberry.field(description="Name")
    region_code: str | None = strawberry.field(description="Your region")
    partner_code: str | None = strawberry.field(description="Your partner code")
    person_id: strawberry.ID | None = strawberry.field(description="You, where you are in the register")
    purposes: list[str] = strawberry.field(description="Purposes you may state")


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
        resolver=read_verdicts, description="Why an opening suits a person, or why not, rule by rule. Computed."
    )
    fields["access_ledger"] = strawberry.field(
        resolver=read_access_ledger, description="Who used your data, newest first（谁看过我的信息）. Computed."
    )
    fields["service"] = strawberry.field(
        resolver=read_service, name="_service", description="The subgraph's schema, for a gateway. Computed.（子图）"
    )
    fields["explain_access"] = strawberry.field(
        resolver=read_explanation,
        description="Why somebody could or could not see a field of a record; for administrators. Computed."
        "（权限说明）",
    )
    fields["verify_identities"] = strawberry.field(
        resolver=read_verification,
        description="Whether a claim is true of up to 5,000 identities, in their order; for departments. Computed."
        "（批量核验）",
    )
    query = strawberry.type(
        type("Query", (), {"__annotations__": {}, **fields}), name="Query", description="The register（数据共享）"
    )
    schema = FederatedSchema(
        query=query,
        mutation=Mutation,
        subscription=Subscription,
        types=list(OBJECT_TYPES.values()),
        federation_version="2.3",
    )
    _teach_dictionaries(core_schema(schema))
    describe(core_schema(schema))
    return schema


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's view of the schema."""
    return schema._schema


def _teach_dictionaries(schema: GraphQLSchema) -> None:
    """Compiled objects are dictionaries that name their type, no instances of Strawberry's classes; days are text."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLScalarType) and kind.name in ("Date", "DateTime"):
            kind.coerce_output_value = _day_text
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)) and not kind.name.startswith("__"):
            kind.resolve_type = lambda value, _info, _type: value["__type"]
        elif isinstance(kind, GraphQLObjectType) and kind.name in OBJECT_TYPES:
            kind.is_type_of = None


def _day_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value.isoformat())
