"""The object, connection, filter and order types, one set an entity."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Optional, Union

import strawberry
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema_directives import Key, Shareable
from strawberry.scalars import JSON

from schema.catalog import ENTITIES, TARGETS, Entity, Field, Link, plural_of, type_name
from schema.filters import FILTERS, ORDERS, Filter, Order
from schema.types.declared import Argument, declared

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
_VALUE_TYPES: dict[str, Any] = {
    "text": str,
    "int": int,
    "bool": bool,
    "date": date,
    "region": str,
    "texts": list[str],
    "age_least": int,
    "age_most": int,
}


@strawberry.enum(description="Language of a label（语言）")
class Language(Enum):
    """Language of a label."""

    ZH = strawberry.enum_value("zh", description="Chinese（中文）")
    EN = strawberry.enum_value("en", description="English（英文）")


@strawberry.interface(description="Anything that can be fetched by its id（节点）")
class Node:
    """Anything that can be fetched by its id."""

    id: strawberry.ID = declared(
        "id", strawberry.ID, "Id, good for the field `node`; take it as it comes and make none（标识）"
    )


# Every subgraph with Relay's pages has this type.
@strawberry.type(description="Where a page begins and ends（分页信息）", directives=[Shareable()])
class PageInfo:
    """Where a page begins and ends."""

    has_next_page: bool = declared("has_next_page", bool, "Whether more follow（有下一页）")
    has_previous_page: bool = declared("has_previous_page", bool, "Whether some come before（有上一页）")
    start_cursor: str | None = declared("start_cursor", Optional[str], "Cursor of the first（起始游标）")  # noqa: UP045 - a value, not an annotation
    end_cursor: str | None = declared("end_cursor", Optional[str], "Cursor of the last（结束游标）")  # noqa: UP045 - as above


def connection_arguments(entity: str) -> dict[str, Argument]:
    """Arguments of a list of an entity: a page is asked for from one end."""
    arguments = {
        "first": Argument(Optional[int], "So many from the start, up to 500; this or `last` is needed（前几条）"),  # noqa: UP045 - a value, not an annotation
        "after": Argument(Optional[str], "Only what follows this cursor; with `first`（起于游标之后）"),  # noqa: UP045 - as above
        "last": Argument(Optional[int], "So many from the end, up to 500（后几条）"),  # noqa: UP045 - as above
        "before": Argument(Optional[str], "Only what comes before this cursor; with `last`（止于游标之前）"),  # noqa: UP045 - as above
    }
    if entity in FILTER_TYPES:
        arguments["filter"] = Argument(Optional[FILTER_TYPES[entity]], "What narrows the list; all of it holds（筛选）")  # noqa: UP045 - as above
    if entity in ORDER_TYPES:
        arguments["order"] = Argument(Optional[ORDER_TYPES[entity]], "By the key when left out（排序）")  # noqa: UP045 - as above
    return arguments


def _describe(item: Field | Link | Entity | Filter | Order) -> str:
    return f"{item.en}（{item.zh}）"


def _filter_type(entity: str) -> Any:
    namespace: dict[str, Any] = {"__annotations__": {}}
    for item in FILTERS[entity]:
        namespace["__annotations__"][item.name] = Optional[_VALUE_TYPES[item.type]]  # noqa: UP045 - a value
        namespace[item.name] = strawberry.field(default=strawberry.UNSET, description=_describe(item))
    name = type_name(entity) + "Filter"
    return strawberry.input(
        type(name, (), namespace), name=name, description=f"What narrows a list: {_describe(ENTITIES[entity])}"
    )


def _order_type(entity: str) -> Any:
    members = {
        order.name.upper(): strawberry.enum_value(order.name, description=_describe(order)) for order in ORDERS[entity]
    }
    name = type_name(entity) + "Order"
    return strawberry.enum(
        Enum(name, members), name=name, description=f"Order of a list: {_describe(ENTITIES[entity])}"
    )


FILTER_TYPES: dict[str, Any] = {entity: _filter_type(entity) for entity in FILTERS}
ORDER_TYPES: dict[str, Any] = {entity: _order_type(entity) for entity in ORDERS}


def _lazy(name: str) -> Any:
    return Annotated[name, strawberry.lazy("schema.types.register")]


def _object_type(entity: Entity) -> Any:
    name = type_name(entity.name)
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    if not entity.node:
        namespace["id"] = declared("id", strawberry.ID, "Unique; good for caches（标识）")
    for field in entity.fields:
        annotation = Optional[_SCALARS[field.type]]  # noqa: UP045 - a value, not an annotation
        description = _describe(field) + (f". Code of the list {field.codes}" if field.codes else "")
        namespace[field.name] = declared(field.name, annotation, description)
        if field.codes:
            label = f"{field.name}_label"
            language = Argument(Optional[Language], "Language of the words（语言）", Language.ZH)  # noqa: UP045 - a value
            namespace[label] = declared(label, Optional[str], f"{_describe(field)}, in words", {"lang": language})  # noqa: UP045 - as above
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
        directives=[Key(fields="id")] if entity.node else (),  # type: ignore[arg-type]  # Strawberry's own name for text
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
                "node": declared("node", _lazy(name), "The item（条目）"),
                "cursor": declared("cursor", str, "Where to go on from（游标）"),
            },
        ),
        name=name + "Edge",
        description=f"One item of a list: {_describe(entity)}",
    )
    connection = strawberry.type(
        type(
            name + "Connection",
            (),
            {
                "__annotations__": {},
                "__module__": __name__,
                "edges": declared("edges", list[_lazy(name + "Edge")], "Items with their cursors（条目与游标）"),
                "nodes": declared("nodes", list[_lazy(name)], "The items alone（条目）"),
                "page_info": declared("page_info", PageInfo, "Where this page begins and ends（分页信息）"),
                "total_count": declared(
                    "total_count",
                    Optional[int],  # noqa: UP045 - a value, not an annotation
                    "How many there are in all pages; null where so few may not be told, rounded down where said so"
                    "（总数；过小不显示）",
                ),
            },
        ),
        name=name + "Connection",
        description=f"A page of a list: {_describe(entity)}",
    )
    return edge, connection


Target = Annotated[
    Union[tuple(_lazy(type_name(entity)) for entity in TARGETS)],  # noqa: UP007 - made at run time
    strawberry.union(
        "Target", description="What a person can be recommended or referred to（岗位、培训项目或公益性岗位）"
    ),
]

OBJECT_TYPES: dict[str, Any] = {}
for _entity in ENTITIES.values():
    _edge, _connection = _connection_types(_entity)
    for _made in (_object_type(_entity), _edge, _connection):
        OBJECT_TYPES[_made.__name__] = _made
        # Lazy references are looked up in this module by name.
        globals()[_made.__name__] = _made


#: What a gateway may ask for by its key.
Keyed = Annotated[
    Union[tuple(_lazy(type_name(one.name)) for one in ENTITIES.values() if one.node)],  # noqa: UP007 - made at run time
    strawberry.union("_Entity", description="What a gateway may ask for by its key（实体）"),
]


def register_fields() -> dict[str, Any]:
    """The compiled root fields: one item by key, a list, any node."""
    one = Argument(strawberry.ID, "Its id, as the hub gave it（标识）", required=True)
    several = Argument(list[strawberry.ID], "Their ids, up to 500（标识）", required=True)
    fields: dict[str, Any] = {
        "node": declared(
            "node",
            Optional[Node],  # noqa: UP045 - a value, not an annotation
            "Anything by its id; null when there is none or you may not see it（按标识查询）",
            {"id": one},
        ),
        "nodes": declared(
            "nodes",
            list[Optional[Node]],  # noqa: UP045 - as above
            "Several by their ids, in the order asked for; null where there is none（按标识批量查询）",
            {"ids": several},
        ),
    }
    fields["entities"] = declared(
        "entities",
        list[Optional[Keyed]],  # noqa: UP045 - a value, not an annotation
        "For a gateway: several by `__typename` and `id`, up to 500, in the order asked for; null where there is none"
        " or you may not see it（按实体引用查询）",
        {
            "representations": Argument(
                list[FederationAny], "Objects with `__typename` and `id`（实体引用）", required=True
            )
        },
        graphql_name="_entities",
    )
    for entity in ENTITIES.values():
        if not entity.node:
            continue
        item = OBJECT_TYPES[type_name(entity.name)]
        connection = OBJECT_TYPES[type_name(entity.name) + "Connection"]
        fields[entity.name] = declared(
            entity.name,
            Optional[item],  # noqa: UP045 - a value, not an annotation
            f"{_describe(entity)} by its id; null when there is none or you may not see it",
            {"id": one},
        )
        plural = plural_of(entity.name)
        fields[plural] = declared(
            plural, connection, f"A page of a list: {_describe(entity)}", connection_arguments(entity.name)
        )
    return fields
