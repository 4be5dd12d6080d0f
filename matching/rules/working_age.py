"""Old enough to work, not yet past statutory retirement.

Sex is not read: the register derives ``retires_on`` from the schedule in force, and with it held fixed nothing here
changes with the sex.

Source: Labour Law (1994, amended 2018), article 15; Decision of the Standing Committee of the National People's
Congress on raising the statutory retirement age step by step (2024-09-13).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import KINDS, Int8, Kind, People, Targets
from matching.rules.base import NOTHING, Context, Detail, Key, ages, verdict

_OVER, _UNKNOWN = 0, -1


@dataclass(frozen=True, slots=True)
class WorkingAge:
    """At least ``min_age`` years old and before the day of retirement."""

    name: ClassVar[str] = "working_age"
    judges: ClassVar[tuple[Kind, ...]] = KINDS
    min_age: int

    def person_key(self, people: People, context: Context) -> Key:
        retires = people.retires_on.astype("datetime64[D]")
        before = np.where(np.isnat(retires), _UNKNOWN, np.where(retires > context.today, 1, _OVER))
        return ages(people.born_on, context.today), before.astype(np.int64)

    def target_key(self, targets: Targets) -> Key:
        return NOTHING

    def decide(self, person: Key, target: Key) -> Int8:
        age, before_retirement = person
        young = (age >= 0) & (age < self.min_age)
        return verdict(young | (before_retirement == _OVER), (age < 0) | (before_retirement < 0))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        age, before_retirement = person
        return {
            "age": age if age >= 0 else None,
            "min_age": self.min_age,
            "past_retirement": None if before_retirement < 0 else int(before_retirement == _OVER),
        }
