"""Welfare posts for weak and half labour only, where a place makes the preference a condition.

Source: rural posts favour people lifted out of poverty and monitored people with weak or half labour; by default a
preference, not a condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import KINDS, Int8, Kind, People, Targets
from matching.rules.base import NOTHING, Context, Detail, Key, verdict, whole
from schema.codes import LABOUR_ABILITY


@dataclass(frozen=True, slots=True)
class WeakLabour:
    """Of one of these ``abilities`` to work."""

    name: ClassVar[str] = "weak_labour"
    judges: ClassVar[tuple[Kind, ...]] = KINDS
    abilities: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.abilities or any(code not in LABOUR_ABILITY for code in self.abilities):
            raise ValueError(f"abilities {self.abilities} are in no code list")

    def person_key(self, people: People, context: Context) -> Key:
        return (whole(people.labour_ability),)

    def target_key(self, targets: Targets) -> Key:
        return NOTHING

    def decide(self, person: Key, target: Key) -> Int8:
        (ability,) = person
        wanted = np.isin(ability, [LABOUR_ABILITY.order(code) for code in self.abilities])
        return verdict((ability >= 0) & ~wanted, (ability < 0))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"labour_ability": person[0] if person[0] >= 0 else None}
