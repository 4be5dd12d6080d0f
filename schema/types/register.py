"""The object, connection, filter and order types, one set an entity."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Optional, Union

import strawberry
from strawberry.scalars import JSON

from schema.catalog import ENTITIES, TARGETS, Entity, Field, Link, type_name
from schema.filters import FILTERS, ORDERS
from schema.types.declared import declared

_SCALARS: dict[str, Any] = {
    "id": strawberry.ID,
    "text": str,
    "int": int,
    "float": float,
    "bool": bool,
    "date": date,
    "datetime": datetime,
    "json": JSON,
}
_FILTER_TYPES: dict[str, Any] = {
    "text": str,
    "int": int,
    "bool": bool,
    "date": date,
    "region": str,
    "id": strawberry.ID,
    "texts": list[str],
}


@strawberry.enum(description="Language of a label")
class Language(Enum):
    """Language of a label."""

    ZH = "zh"
    EN = "en"


@strawberry.interface(description="Anything that can be fetched by its key")
class Node:
    """Anything that can be fetched by its key."""

    id: strawberry.ID = declared("id", strawberry.ID, "Key, good for the field `node`")


@strawberry.type(description="Where a page begins and ends")
class PageInfo:
    """Where a page begins and ends."""

    has_next_page: bool = declared("has_next_page", bool, "Whether more follow")
    has_previous_page: bool = declared("has_previous_page", bool, "Whether some come before")
    start_cursor: str | None = declared("start_cursor", Optional[str], "Cursor of the first")  # noqa: UP045 - a value, not an annotation
    end_cursor: str | None = declared("end_cursor", Optional[str], "Cursor of the last")  # noqa: UP045 - as above


def connection_arguments(entity: str) -> dict[str, tuple[Any, bool]]:
    """Arguments of a list of an entity: a page is asked for from one end."""
    arguments: dict[str, tuple[Any, bool]] = {
        "first": (Optional[int], False),  # noqa: UP045 - a value, not an annotation
        "after": (Optional[str], False),  # noqa: UP045 - as above
        "last": (Optional[int], False),  # noqa: UP045 - as above
        "before": (Optional[str], False),  # noqa: UP045 - as above
    }
    if entity in FILTER_TYPES:
        arguments["filter"] = (Optional[FILTER_TYPES[entity]], False)  # noqa: UP045 - as above
    if entity in ORDER_TYPES:
        arguments["order"] = (Optional[ORDER_TYPES[entity]], False)  # noqa: UP045 - as above
    return arguments


def _filter_type(entity: str) -> Any:
    namespace: dict[str, Any] = {"__annotations__": {}}
    for item in FILTERS[entity]:
        namespace["__annotations__"][item.name] = Optional[_FILTER_TYPES[item.type]]  # noqa: UP045 - a value
        namespace[item.name] = strawberry.field(default=strawberry.UNSET, description=item.en)
    name = type_name(entity) + "Filter"
    return strawberry.input(
        type(name, (), namespace), name=name, description=f"What narrows a list: {ENTITIES[entity].en.lower()}"
    )


def _order_type(entity: str) -> Any:
    members = {order.name.upper(): strawberry.enum_value(order.name, description=order.en) for order in ORDERS[entity]}
    name = type_name(entity) + "Order"
    return strawberry.enum(
        Enum(name, members), name=name, description=f"Order of a list: {ENTITIES[entity].en.lower()}"
    )


FILTER_TYPES: dict[str, Any] = {entity: _filter_type(entity) for entity in FILTERS}
ORDER_TYPES: dict[str, Any] = {entity: _order_type(entity) for entity in ORDERS}


def _describe(item: Field | Link | Entity) -> str:
    return f"{item.en}（{item.zh}）"


def _lazy(name: str) -> Any:
    return Annotated[name, strawberry.lazy("schema.types.register")]


def _object_type(entity: Entity) -> Any:
    name = type_name(entity.name)
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    if not entity.node:
        namespace["id"] = declared("id", strawberry.ID, "Key within its list")
    for field in entity.fields:
        annotation = Optional[_SCALARS[field.type]]  # noqa: UP045 - a value, not an annotation
        description = _describe(field)
        if field.codes:
            description += f". Code of the list {field.codes}"
            namespace[f"{field.name}_label"] = declared(
                f"{field.name}_label",
                Optional[str],  # noqa: UP045 - a value
                f"{_describe(field)}, in words",
                {"lang": (Optional[Language], False)},  # noqa: UP045 - a value
            )
        namespace[field.name] = declared(field.name, annotation, description)
    for link in entity.links:
        if link.many:
            returns = _lazy(type_name(link.target) + "Connection")
            namespace[link.name] = declared(link.name, returns, _describe(link), connection_arguments(link.target))
        else:
            returns = Optional[Target] if link.target == "Target" else Optional[_lazy(type_name(link.target))]  # noqa: UP045 - a value
            namespace[link.name] = declared(link.name, returns, _describe(link))
    bases = (Node,) if entity.node else ()
    return strawberry.type(
        type(name, bases, namespace),
        name=name,
        description=_describe(entity),
    )


def _connection_types(entity: Entity) -> tuple[Any, Any]:
    name = type_name(entity.name)
    edge = strawberry.type(
        type(
            name + "Edge",
            (),
            {
                "__annotations__": {},
                "__module__": __name__,
                "node": declared("node", _lazy(name), "The item"),
                "cursor": declared("cursor", str, "Where to go on from"),
            },
        ),
        name=name + "Edge",
        description=f"One item of a list: {entity.en.lower()}",
    )
    connection = strawberry.type(
        type(
            name + "Connection",
            (),
            {
                "__annotations__": {},
                "__module__": __name__,
                "edges": declared("edges", list[_lazy(name + "Edge")], "Items with their cursors"),
                "nodes": declared("nodes", list[_lazy(name)], "The items alone"),
                "page_info": declared("page_info", PageInfo, "Where this page begins and ends"),
                "total_count": declared("total_count", int, "How many there are in all pages"),
            },
        ),
        name=name + "Connection",
        description=f"A page of a list: {entity.en.lower()}",
    )
    return edge, connection


Target = Annotated[
    Union[tuple(_lazy(type_name(entity)) for entity in TARGETS)],  # noqa: UP007 - made at run time
    strawberry.union("Target", description="What a person can be recommended or referred to"),
]

OBJECT_TYPES: dict[str, Any] = {}
for _entity in ENTITIES.values():
    _edge, _connection = _connection_types(_entity)
    for _made in (_object_type(_entity), _edge, _connection):
        OBJECT_TYPES[_made.__name__] = _made
        # Lazy references are looked up in this module by name.
        globals()[_made.__name__] = _made


def register_fields() -> dict[str, Any]:
    """The compiled root fields: one item by key, a list, any node."""
    fields: dict[str, Any] = {
        "node": declared(
            "node",
            Optional[Node],  # noqa: UP045 - a value, not an annotation
            "Anything by its key; null when there is none or you may not see it",
            {"id": (strawberry.ID, True)},
        )
    }
    for entity in ENTITIES.values():
        if not entity.node:
            continue
        item = OBJECT_TYPES[type_name(entity.name)]
        connection = OBJECT_TYPES[type_name(entity.name) + "Connection"]
        fields[entity.name] = declared(
            entity.name,
            Optional[item],  # noqa: UP045 - a value, not an annotation
            f"{_describe(entity)} by its key; null when there is none or you may not see it",
            {"id": (strawberry.ID, True)},
        )
        plural = PLURALS.get(entity.name, entity.name + "s")
        fields[plural] = declared(
            plural, connection, f"A page of a list: {_describe(entity)}", connection_arguments(entity.name)
        )
    return fields


PLURALS: dict[str, str] = {}
