"""Grants: who may see which fields of which rows for which purpose; ``access.toml``, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from schema.catalog import ENTITIES
from schema.open_documents import OpenDocuments, parse_open_documents
from schema.verifications import Verification, VerificationLimits, parse_verification

Rows = Literal["all", "region", "lives", "household", "own", "referred"]
Effect = Literal["allow", "deny"]

#: Under what a grant stands: a grant without one of these is refused.
_AUTHORITY = ("catalogue", "application", "approval", "legal_basis", "expires_on")
_REQUIRED = {"id", "kinds", "purposes", "entities", "rows", "fields", *_AUTHORITY}
_OPTIONAL = {"effect", "departments", "masked", "withheld", "minors", "exact_counts", "effective_on"}


@dataclass(frozen=True, slots=True)
class Grant:
    """One entry. ``fields``, ``masked`` and ``withheld`` hold ``entity.field``.

    Attributes
    ----------
    whole
        The entry speaks of all fields ("*"): a deny then takes the rows themselves away.
    exact_counts
        Counts of these rows are shown as they are.
    catalogue, application, approval
        Entry of the data catalogue, and the numbers under which its use was applied for and approved.
    effective_on, expires_on
        First and last day of force. Every entry of a file has a last day.
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
    approval: str = ""
    exact_counts: bool = False

    def in_force(self, day: date) -> bool:
        """Whether the entry counts on ``day``."""
        return (self.effective_on is None or self.effective_on <= day) and (
            self.expires_on is None or day <= self.expires_on
        )


@dataclass(frozen=True, slots=True)
class Permit:
    """Who may make which changes, or ask which questions, by GraphQL name: about things within ``rows``."""

    id: str
    kinds: frozenset[str]
    purposes: frozenset[str]
    mutations: frozenset[str]
    rows: Rows
    legal_basis: str


@dataclass(frozen=True, slots=True)
class CountRule:
    """Counts below ``smallest_shown`` are not shown; others are rounded down to a multiple of ``rounded_to``."""

    smallest_shown: int = 1
    rounded_to: int = 1
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second of one actor, how many may come at once after a rest, and how many may run at once."""

    per_second: float
    burst: float
    at_once: int


#: Every count is shown as it is.
EXACT = CountRule()
#: Nothing is verified.
_NONE_VERIFIED = VerificationLimits(0, 0, 0, "")


@dataclass(frozen=True, slots=True)
class Grants:
    """All entries, and the age under which people are closed unless a grant opens them."""

    version: str
    closed_under_years: int
    purposes: dict[str, str]
    grants: tuple[Grant, ...]
    permits: tuple[Permit, ...] = ()
    ledgers: tuple[Permit, ...] = ()
    counts: CountRule = EXACT
    verifications: tuple[Verification, ...] = ()
    verification_limits: VerificationLimits = _NONE_VERIFIED
    questions: tuple[Permit, ...] = ()
    open_documents: tuple[OpenDocuments, ...] = ()
    rates: Mapping[str, Rate] = field(default_factory=dict)

    def ledger(self, *, kind: str, purpose: str) -> Permit | None:
        """The entry that opens the ledger of who used a person's data; None where none does."""
        for entry in self.ledgers:
            if kind in entry.kinds and purpose in entry.purposes:
                return entry
        return None

    def may_send_any(self, *, kind: str, name: str, purpose: str, day: date) -> bool:
        """Whether somebody may send documents that nobody registered, introspection among them, in production."""
        return any(one.speaks_of(kind=kind, name=name, purpose=purpose, day=day) for one in self.open_documents)

    def permit(self, mutation: str, *, kind: str, purpose: str) -> Permit | None:
        """The entry that lets a kind of actor make a change for a purpose; None where none does."""
        return _first(self.permits, mutation, kind, purpose)

    def question(self, name: str, *, kind: str, purpose: str) -> Permit | None:
        """The entry that lets a kind of actor ask a computed question for a purpose; None where none does."""
        return _first(self.questions, name, kind, purpose)


def _first(permits: tuple[Permit, ...], name: str, kind: str, purpose: str) -> Permit | None:
    for permit in permits:
        if name in permit.mutations and kind in permit.kinds and purpose in permit.purposes:
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
        A key is missing, empty or unknown, an id is used twice, an entry names an entity, field or purpose not there,
        a deny ends before what it closes, or a grant opens what tells of a field it does not open.
    """
    body = tomllib.loads(text)
    purposes: dict[str, str] = body["purposes"]
    grants = tuple(_parse_grant(entry, purposes) for entry in body["grants"])
    permits = tuple(_parse_permit(entry, purposes, "mutations") for entry in body.get("permits", ()))
    ledgers = tuple(
        _parse_permit({"mutations": (), **entry}, purposes, "mutations") for entry in body.get("ledgers", ())
    )
    questions = tuple(_parse_permit(entry, purposes, "questions") for entry in body.get("questions", ()))
    verifications = tuple(parse_verification(entry, purposes) for entry in body.get("verifications", ()))
    open_documents = tuple(parse_open_documents(entry, purposes) for entry in body.get("open_documents", ()))
    ids = [
        *(one.id for one in grants),
        *(one.id for one in (*permits, *questions, *ledgers)),
        *(one.id for one in verifications),
        *(one.id for one in open_documents),
    ]
    if len(ids) != len(set(ids)):
        raise ValueError(f"ids used twice: {sorted({name for name in ids if ids.count(name) > 1})}")
    _check_denies_last(grants)
    _check_tells(grants, body.get("tells", {}))
    return Grants(
        body["version"],
        body["minors"]["closed_under_years"],
        purposes,
        grants,
        permits,
        ledgers,
        CountRule(**body["counts"]) if "counts" in body else EXACT,
        verifications,
        VerificationLimits(**body["verification"]) if "verification" in body else _NONE_VERIFIED,
        questions,
        open_documents,
        {kind: Rate(**rate) for kind, rate in body.get("rates", {}).items()},
    )


def _check_denies_last(grants: tuple[Grant, ...]) -> None:
    """A deny that ends before what it closes would open it, one quiet day."""
    for deny in (grant for grant in grants if grant.effect == "deny"):
        for grant in grants:
            meets = deny.fields & grant.fields and deny.kinds & grant.kinds and deny.purposes & grant.purposes
            ends = deny.expires_on is not None and (grant.expires_on is None or deny.expires_on < grant.expires_on)
            if grant.effect == "allow" and meets and ends:
                raise ValueError(
                    f"grant {deny.id} denies and ends before {grant.id}, which it closes: let it last longer"
                )


def _check_tells(grants: tuple[Grant, ...], tells: Mapping[str, list[str]]) -> None:
    """Whoever is not shown a field is not shown another that gives it away."""
    unknown = {item for telling, told in tells.items() for item in (telling, *told) if not _known(item)}
    if unknown:
        raise ValueError(f"grants: [tells] names what is not there: {sorted(unknown)}")
    for grant in (grant for grant in grants if grant.effect == "allow"):
        opened = grant.fields - grant.withheld - grant.masked
        for telling, told in tells.items():
            if telling in opened and (closed := sorted(set(told) - opened)):
                raise ValueError(
                    f"grant {grant.id} opens {telling}, which tells of {closed}: withhold it, or open them"
                )


def _parse_grant(entry: Mapping[str, Any], purposes: Mapping[str, str]) -> Grant:
    name = entry.get("id", "?")
    missing, odd = {key for key in _REQUIRED if not entry.get(key)}, entry.keys() - _REQUIRED - _OPTIONAL
    if missing or odd:
        raise ValueError(
            f"grant {name}: missing {sorted(missing)}, unknown {sorted(odd)}; every grant names {', '.join(_AUTHORITY)}"
        )
    if type(entry["expires_on"]) is not date:
        raise ValueError(f"grant {name}: expires_on is no day; write it like 2030-12-31")
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
        application=entry["application"],
        effective_on=entry.get("effective_on"),
        expires_on=entry["expires_on"],
        approval=entry["approval"],
        exact_counts=entry.get("exact_counts", False) and not deny,
    )


def _parse_permit(entry: Mapping[str, Any], purposes: Mapping[str, str], what: str) -> Permit:
    if set(entry["purposes"]) - purposes.keys() or entry["rows"] not in get_args(Rows):
        raise ValueError(f"permit {entry['id']} names a purpose or rows that are not there")
    return Permit(
        entry["id"],
        frozenset(entry["kinds"]),
        frozenset(entry["purposes"]),
        frozenset(entry[what]),
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
