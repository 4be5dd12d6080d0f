"""The words of a person's ledger: the reader of ``rules/ledger.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Words = Mapping[str, str]
Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Veil:
    """Entries that are told only as a kind of office and a day."""

    id: str
    purposes: frozenset[str]
    actions: frozenset[str]
    kinds: frozenset[str]
    words: Words
    legal_basis: str


@dataclass(frozen=True, slots=True)
class LedgerWords:
    """How entries of the audit are told to whom they are about.

    Attributes
    ----------
    things
        Entities that are about people, in the order in which they are told.
    untold
        ``entity.field`` of what tells nothing of anybody.
    """

    things: Mapping[str, Words]
    things_in_sentence: int
    untold: frozenset[str]
    veils: tuple[Veil, ...]
    kinds: Mapping[str, Words]
    actions: Mapping[str, Words]
    purposes: Mapping[str, Words]
    words: Mapping[str, Words]

    def veil(self, *, kind: str, purpose: str, action: str) -> Veil | None:
        """The veil over such an entry of somebody else; None where there is none."""
        for veil in self.veils:
            if purpose in veil.purposes or action in veil.actions or kind in veil.kinds:
                return veil
        return None


@cache
def load_ledger_words() -> LedgerWords:
    """The words shipped with the program."""
    text = resources.files("schema").joinpath("rules/ledger.toml").read_text(encoding="utf-8")
    body = tomllib.loads(text)
    veils = tuple(
        Veil(
            entry["id"],
            frozenset(entry["purposes"]),
            frozenset(entry["actions"]),
            frozenset(entry["kinds"]),
            {"zh": entry["zh"], "en": entry["en"]},
            entry["legal_basis"],
        )
        for entry in body["veil"]
    )
    return LedgerWords(
        body["thing"],
        body["things_in_sentence"],
        frozenset(body["untold"]),
        veils,
        body["kind"],
        body["action"],
        body["purpose"],
        body["word"],
    )
