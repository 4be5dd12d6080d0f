"""The schooling an employer or a training provider asks for.

Source: the posting's own conditions; Employment Promotion Law (2007, amended 2015), article 8. The ladder is that of
GB/T 4658-2006 as ``schema.codes.EDUCATION`` orders it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, asked, verdict, whole


@dataclass(frozen=True, slots=True)
class EducationMin:
    """At least the step of schooling asked for."""

    name: ClassVar[str] = "education_min"
    judges: ClassVar[tuple[Kind, ...]] = ("opening", "programme")

    def person_key(self, people: People, context: Context) -> Key:
        return (whole(people.education),)

    def target_key(self, targets: Targets) -> Key:
        return (asked(targets, "education_min"),)

    def decide(self, person: Key, target: Key) -> Int8:
        (has,), (asked,) = person, target
        return verdict((has >= 0) & (has < asked), (has < 0) & (asked > 0))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {
            "education": person[0] if person[0] >= 0 else None,
            "education_min": target[0] if target[0] >= 0 else None,
        }
