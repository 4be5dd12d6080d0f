"""Grants: who may see which fields of which rows for which purpose; ``access.toml``, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from schema.catalog import ENTITIES

Rows = Literal["all", "region", "lives", "household", "own", "referred"]
Effect = Literal["allow", "deny"]

_REQUIRED = {"id", "kinds", "purposes", "entities", "rows", "fields", "legal_basis", "catalogue"}
_OPTIONAL = {
    "effect", "departments", "masked", "withheld", "minors", "application", "effective_on", "expires_on",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grant:
    """One entry. ``fields``, ``masked`` and ``withheld`` hold ``entity.field``.

    Attributes
    ----------
    whole
        The entry speaks of all fields ("*"): a deny then takes the rows themselves away.
    catalogue, application
        Entry of the data catalogue, and the number under which its use was applied for and approved; empty where the
        data are public or one's own and nobody need apply.
    effective_on, expires_on
        First and last day of force; open-ended when None.
    """

    id: str
    effect: Effect
    kinds: frozenset[str]
    departments: frozenset[str]  # empty: any
    purposes: frozenset[str]
    entities: frozenset[str]
    rows: Rows
    fields: frozenset[str]
    whole: bool
    masked: frozenset[str]
    withheld: frozenset[str]
    minors: bool
    legal_basis: str
    catalogue: str
    application: str = ""
    effective_on: date | None = None
    expires_on: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether the entry counts on ``day``."""
        return (self.effective_on is None or self.effective_on <= day) and (
            self.expires_on is None or day <= self.expires_on
        )


@dataclass(frozen=True, slots=True)
class Permit:
    """Who may make which changes: mutations by GraphQL name, of things within ``rows`` of whoever asks."""

    id: str
    kinds: frozenset[str]
    purposes: frozenset[str]
    mutations: frozenset[str]
    rows: Rows
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Grants:
    """All entries, and the age under which people are closed unless a grant opens them."""

    version: str
    closed_under_years: int
    purposes: dict[str, str]
    grants: tuple[Grant, ...]
    permits: tuple[Permit, ...] = ()
    ledgers: tuple[Permit, ...] = ()

    def ledger(self, *, kind: str, purpose: str) -> Permit | None:
        """The entry that opens the ledger of who used a person's data; None where none does."""
        for entry in self.ledgers:
            if kind in entry.kinds and purpose in entry.purposes:
                return entry
        return None

    def permit(self, mutation: str, *, kind: str, purpose: str) -> Permit | None:
        """The entry that lets a kind of actor make a change for a purpose; None where none does."""
        for permit in self.permits:
            if mutation in permit.mutations and kind in permit.kinds and purpose in permit.purposes:
                return permit
        return None


@cache
def load_grants() -> Grants:
    """The grants shipped with the program."""
    return parse_grants(resources.files("schema").joinpath("access.toml").read_text(encoding="utf-8"))


def parse_grants(text: str) -> Grants:
    """Grants from the text of an ``access.toml``.

    Raises
    ------
    ValueError
        A key is missing or unknown, an id is used twice, or an entry names an entity, field or purpose not there.
    """
    body = tomllib.loads(text)
    purposes: dict[str, str] = body["purposes"]
    grants = tuple(_parse_grant(entry, purposes) for entry in body["grants"])
    permits = tuple(_parse_permit(entry, purposes) for entry in body.get("permits", ()))
    ledgers = tuple(_parse_permit({"mutations": (), **entry}, purposes) for entry in body.get("ledgers", ()))
    ids = [entry.id for entry in grants] + [entry.id for entry in (*permits, *ledgers)]
    if len(ids) != len(set(ids)):
        raise ValueError(f"ids used twice: {sorted({name for name in ids if ids.count(name) > 1})}")
    return Grants(body["version"], body["minors"]["closed_under_years"], purposes, grants, permits, ledgers)


def _parse_grant(entry: Mapping[str, Any], purposes: Mapping[str, str]) -> Grant:
    name = entry.get("id", "?")
    missing, odd = _REQUIRED - entry.keys(), entry.keys() - _REQUIRED - _OPTIONAL
    if missing or odd:
        raise ValueError(f"grant {name}: missing {sorted(missing)}, unknown {sorted(odd)}")
    if entry["rows"] not in get_args(Rows) or entry.get("effect", "allow") not in get_args(Effect):
        raise ValueError(f"grant {name}: rows or effect is none of those there are")
    entities = frozenset(entry["entities"])
    unknown = (entities - ENTITIES.keys()) | (set(entry["purposes"]) - purposes.keys())
    masked, withheld = (frozenset(entry.get(key, ())) for key in ("masked", "withheld"))
    unknown |= {item for item in masked | withheld if not _known(item)}
    if unknown:
        raise ValueError(f"grant {name} names what is not there: {sorted(unknown)}")
    deny = entry.get("effect", "allow") == "deny"
    return Grant(
        id=name,
        effect="deny" if deny else "allow",
        kinds=frozenset(entry["kinds"]),
        departments=frozenset(entry.get("departments", ())),
        purposes=frozenset(entry["purposes"]),
        entities=entities,
        rows=entry["rows"],
        fields=frozenset(f"{owner}.{item}" for owner in entities for item in _fields(owner, entry["fields"])),
        whole="*" in entry["fields"],
        masked=masked,
        withheld=withheld,
        # A deny speaks of children too, unless it says otherwise; an allow does not, unless it says so.
        minors=entry.get("minors", deny),
        legal_basis=entry["legal_basis"],
        catalogue=entry["catalogue"],
        application=entry.get("application", ""),
        effective_on=entry.get("effective_on"),
        expires_on=entry.get("expires_on"),
    )


def _parse_permit(entry: Mapping[str, Any], purposes: Mapping[str, str]) -> Permit:
    if set(entry["purposes"]) - purposes.keys() or entry["rows"] not in get_args(Rows):
        raise ValueError(f"permit {entry['id']} names a purpose or rows that are not there")
    return Permit(
        entry["id"],
        frozenset(entry["kinds"]),
        frozenset(entry["purposes"]),
        frozenset(entry["mutations"]),
        entry["rows"],
        entry["legal_basis"],
    )


def _fields(entity: str, names: list[str]) -> list[str]:
    known = [field.name for field in ENTITIES[entity].fields]
    if "*" in names:
        return known
    missing = set(names) - set(known)
    if missing:
        raise ValueError(f"{entity} has no fields {sorted(missing)}")
    return names


def _known(name: str) -> bool:
    entity, _, field = name.partition(".")
    return entity in ENTITIES and ENTITIES[entity].field(field) is not None
