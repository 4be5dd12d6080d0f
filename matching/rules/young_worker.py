"""Workers under eighteen are kept from heavy and harmful work.

Source: Labour Law (1994, amended 2018), articles 58 and 64; Law on the Protection of Minors (amended 2024), article 61.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, ages, condition, verdict


@dataclass(frozen=True, slots=True)
class YoungWorker:
    """Under ``adult_age``: no heavy labour and no night shifts, where the parameters say so."""

    name: ClassVar[str] = "young_worker"
    judges: ClassVar[tuple[Kind, ...]] = ("opening", "post")
    adult_age: int
    heavy_labour: bool
    night_shift: bool

    def person_key(self, people: People, context: Context) -> Key:
        return (ages(people.born_on, context.today),)

    def target_key(self, targets: Targets) -> Key:
        heavy = condition(targets, "heavy_labour") * self.heavy_labour
        night = condition(targets, "night_shift") * self.night_shift
        return heavy, night

    def decide(self, person: Key, target: Key) -> Int8:
        (age,), (heavy, night) = person, target
        young, strained = (age >= 0) & (age < self.adult_age), (heavy == 1) | (night == 1)
        maybe_strained = strained | (heavy < 0) | (night < 0)
        return verdict(young & strained, np.where(young, maybe_strained, (age < 0) & maybe_strained))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"age": person[0] if person[0] >= 0 else None, "adult_age": self.adult_age}
