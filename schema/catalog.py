"""The catalogue: what the register shares, field by field, as data.

The GraphQL types, the access table and the query compiler are all made from it, so a field that is not here can
neither be asked for nor granted. Which field can narrow or order a list stands in :mod:`schema.filters`.
"""

from __future__ import annotations

from schema.authority import load_authority
from schema.entities import casework, history, market, people, sources
from schema.entity import TARGETS, Entity, Field, FieldType, Link, Sensitivity, camel, type_name

__all__ = [
    "ENTITIES",
    "TARGETS",
    "Entity",
    "Field",
    "FieldType",
    "Link",
    "Sensitivity",
    "camel",
    "owner_of",
    "plural_of",
    "type_name",
]

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (*people.ENTITIES, *history.ENTITIES, *market.ENTITIES, *casework.ENTITIES, *sources.ENTITIES)
}


def owner_of(entity: str, name: str) -> str:
    """Department that answers for a field: the first whose word counts; a station only passes on what it hears."""
    authority = load_authority().get(name if entity != "wish" else f"wish_{name}") or load_authority().get(name)
    if authority is not None and authority.entity == entity:
        ranked = sorted((place, department) for department, place in authority.place.items() if department != "station")
        if ranked:
            return ranked[0][1]
    return ENTITIES[entity].owner


def plural_of(entity: str) -> str:
    """Name of the root field that lists an entity, in snake case."""
    return entity + "s"
