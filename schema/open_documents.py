"""Who may send documents that nobody registered, and introspect, in production; part of ``access.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

_REQUIRED = {
    "id", "kinds", "purposes", "legal_basis", "catalogue", "application", "approval", "expires_on",
}  # fmt: skip
_OPTIONAL = {"names", "effective_on"}


@dataclass(frozen=True, slots=True)
class OpenDocuments:
    """One entry: kinds of actors, and of these the ones named where any are (a gateway, say), for purposes."""

    id: str
    kinds: frozenset[str]
    names: frozenset[str]
    purposes: frozenset[str]
    legal_basis: str
    catalogue: str
    application: str
    approval: str
    expires_on: date
    effective_on: date | None = None

    def speaks_of(self, *, kind: str, name: str, purpose: str, day: date) -> bool:
        """Whether the entry lets this actor send any document for this purpose on this day."""
        return (
            kind in self.kinds
            and (not self.names or name in self.names)
            and purpose in self.purposes
            and (self.effective_on is None or self.effective_on <= day)
            and day <= self.expires_on
        )


def parse_open_documents(entry: Mapping[str, Any], purposes: Mapping[str, str]) -> OpenDocuments:
    """One entry.

    Raises
    ------
    ValueError
        A key is missing, empty or unknown, or names a purpose that is not there; others than administrators are not
        named one by one.
    """
    name = entry.get("id", "?")
    missing = {key for key in _REQUIRED if not entry.get(key)}
    odd = entry.keys() - _REQUIRED - _OPTIONAL
    if missing or odd:
        raise ValueError(f"open documents {name}: missing {sorted(missing)}, unknown {sorted(odd)}")
    if unknown := set(entry["purposes"]) - purposes.keys():
        raise ValueError(f"open documents {name} names purposes that are not there: {sorted(unknown)}")
    if type(entry["expires_on"]) is not date:
        raise ValueError(f"open documents {name}: expires_on is no day; write it like 2030-12-31")
    if set(entry["kinds"]) != {"administrator"} and not entry.get("names"):
        raise ValueError(f"open documents {name}: name whom it speaks of; only administrators are meant all together")
    sets = {key: frozenset(entry.get(key, ())) for key in ("kinds", "names", "purposes")}
    return OpenDocuments(**{**entry, **sets})
