"""The age an employer or a training provider asks for.

Source: the posting's own conditions; Employment Promotion Law (2007, amended 2015), article 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, ages, asked, verdict


@dataclass(frozen=True, slots=True)
class AgeWindow:
    """Between the least and the greatest age asked for, both included."""

    name: ClassVar[str] = "age_window"
    judges: ClassVar[tuple[Kind, ...]] = ("opening", "programme")

    def person_key(self, people: People, context: Context) -> Key:
        return (ages(people.born_on, context.today),)

    def target_key(self, targets: Targets) -> Key:
        return asked(targets, "age_min"), asked(targets, "age_max")

    def decide(self, person: Key, target: Key) -> Int8:
        (age,), (least, most) = person, target
        outside = ((least >= 0) & (age < least)) | ((most >= 0) & (age > most))
        return verdict((age >= 0) & outside, (age < 0) & ((least >= 0) | (most >= 0)))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        age, least, most = (value if value >= 0 else None for value in (*person, *target))
        return {"age": age, "age_min": least, "age_max": most}
