"""Verifications: which department may have which claims about people answered yes or no; part of ``access.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

#: What can be claimed of somebody. ``identity``: the number and the name are one person's in the register.
Claim = Literal["identity", "household_in_register", "zero_employment", "on_benefit", "monitored"]
CLAIMS: tuple[Claim, ...] = get_args(Claim)

_REQUIRED = {
    "id", "departments", "purposes", "claims", "rows", "legal_basis", "catalogue", "application", "approval",
    "expires_on",
}  # fmt: skip
_OPTIONAL = {"minors", "effective_on"}
#: Rows that a department has.
_ROWS = ("all", "region", "lives")


@dataclass(frozen=True, slots=True)
class VerificationLimits:
    """How many identities one call and one day of an actor may have, and how many of a day's that nobody has."""

    most_at_once: int
    most_a_day: int
    most_missed_a_day: int
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Verification:
    """One entry: claims about people within ``rows``, for departments and purposes, under an approved application."""

    id: str
    departments: frozenset[str]
    purposes: frozenset[str]
    claims: frozenset[str]
    rows: str
    minors: bool
    legal_basis: str
    catalogue: str
    application: str
    approval: str
    expires_on: date
    effective_on: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether the entry counts on ``day``."""
        return (self.effective_on is None or self.effective_on <= day) and day <= self.expires_on

    @property
    def reference(self) -> str:
        """The authorisation, as an answer names it: application and approval."""
        return f"{self.application}/{self.approval}"


def parse_verification(entry: Mapping[str, Any], purposes: Mapping[str, str]) -> Verification:
    """One entry.

    Raises
    ------
    ValueError
        A key is missing, empty or unknown, or names what is not there.
    """
    name = entry.get("id", "?")
    missing = {key for key in _REQUIRED if not entry.get(key)}
    odd = entry.keys() - _REQUIRED - _OPTIONAL
    if missing or odd:
        raise ValueError(f"verification {name}: missing {sorted(missing)}, unknown {sorted(odd)}")
    unknown = (set(entry["claims"]) - set(CLAIMS)) | (set(entry["purposes"]) - purposes.keys())
    if unknown or entry["rows"] not in _ROWS:
        raise ValueError(f"verification {name} names what is not there: {sorted(unknown) or entry['rows']}")
    return Verification(
        id=name,
        departments=frozenset(entry["departments"]),
        purposes=frozenset(entry["purposes"]),
        claims=frozenset(entry["claims"]),
        rows=entry["rows"],
        minors=entry.get("minors", False),
        legal_basis=entry["legal_basis"],
        catalogue=entry["catalogue"],
        application=entry["application"],
        approval=entry["approval"],
        expires_on=entry["expires_on"],
        effective_on=entry.get("effective_on"),
    )
