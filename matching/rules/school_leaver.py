"""Long courses are for those who finished secondary school and do not go on (两后生).

Source: the campaign to train secondary graduates who do not continue their studies; the length from which a course is
one of theirs, the age and the schooling are defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, ages, asked, verdict, whole
from schema.codes import EDUCATION


@dataclass(frozen=True, slots=True)
class SchoolLeaver:
    """A course of ``days_from`` days or more takes people up to ``max_age`` with one kind of ``schooling``."""

    name: ClassVar[str] = "school_leaver"
    judges: ClassVar[tuple[Kind, ...]] = ("programme",)
    days_from: int
    max_age: int
    schooling: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = [code for code in self.schooling if code not in EDUCATION]
        if unknown:
            raise ValueError(f"schooling {unknown} is in no code list")

    def person_key(self, people: People, context: Context) -> Key:
        return ages(people.born_on, context.today), whole(people.education)

    def target_key(self, targets: Targets) -> Key:
        return (np.asarray(asked(targets, "days") >= self.days_from, dtype=np.int64),)

    def decide(self, person: Key, target: Key) -> Int8:
        (age, education), (long,) = person, target
        wanted = np.isin(education, [EDUCATION.order(code) for code in self.schooling])
        fails = (age > self.max_age) | ((education >= 0) & ~wanted)
        return verdict((long == 1) & fails, (long == 1) & ((age < 0) | (education < 0)))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"age": person[0] if person[0] >= 0 else None, "max_age": self.max_age, "days_from": self.days_from}
