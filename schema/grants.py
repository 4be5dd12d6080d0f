"""Grants: who may see which fields of which rows for which purpose; ``access.toml``, read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from schema.catalog import ENTITIES

Rows = Literal["all", "region", "lives", "own", "referred"]
Effect = Literal["allow", "deny"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One entry. ``fields``, ``masked`` and ``withheld`` hold ``entity.field``."""

    id: str
    effect: Effect
    kinds: frozenset[str]
    departments: frozenset[str]  # empty: any
    purposes: frozenset[str]
    entities: frozenset[str]
    rows: Rows
    fields: frozenset[str]
    masked: frozenset[str]
    withheld: frozenset[str]
    minors: bool
    legal_basis: str
    catalogue: str


@dataclass(frozen=True, slots=True)
class Grants:
    """All entries, and the age under which people are closed unless a grant opens them."""

    version: str
    closed_under_years: int
    purposes: dict[str, str]
    grants: tuple[Grant, ...]


@cache
def load_grants() -> Grants:
    """The grants shipped with the program.

    Raises
    ------
    ValueError
        A grant names an entity, field or purpose that is not there.
    """
    body = tomllib.loads(resources.files("schema").joinpath("access.toml").read_text(encoding="utf-8"))
    purposes: dict[str, str] = body["purposes"]
    grants = []
    for entry in body["grants"]:
        entities = frozenset(entry["entities"])
        unknown = (entities - ENTITIES.keys()) | (set(entry["purposes"]) - purposes.keys())
        fields = frozenset(f"{name}.{field}" for name in entities for field in _fields(name, entry["fields"]))
        masked, withheld = (frozenset(entry.get(name, ())) for name in ("masked", "withheld"))
        unknown |= {name for name in masked | withheld if not _known(name)}
        if unknown:
            raise ValueError(f"grant {entry['id']} names what is not there: {sorted(unknown)}")
        grants.append(
            Grant(
                id=entry["id"],
                effect=entry.get("effect", "allow"),
                kinds=frozenset(entry["kinds"]),
                departments=frozenset(entry.get("departments", ())),
                purposes=frozenset(entry["purposes"]),
                entities=entities,
                rows=entry["rows"],
                fields=fields,
                masked=masked,
                withheld=withheld,
                minors=entry.get("minors", False),
                legal_basis=entry["legal_basis"],
                catalogue=entry["catalogue"],
            )
        )
    return Grants(body["version"], body["minors"]["closed_under_years"], purposes, tuple(grants))


def _fields(entity: str, names: list[str]) -> list[str]:
    known = [field.name for field in ENTITIES[entity].fields]
    if "*" in names:
        return known
    missing = set(names) - set(known)
    if missing and entity != "household":
        raise ValueError(f"{entity} has no fields {sorted(missing)}")
    return [name for name in names if name in known]


def _known(name: str) -> bool:
    entity, _, field = name.partition(".")
    return entity in ENTITIES and ENTITIES[entity].field(field) is not None
