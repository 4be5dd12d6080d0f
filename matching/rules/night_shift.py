"""Whoever takes no night shifts is not given any.

Source: Employment Promotion Law (2007, amended 2015), article 3: workers choose their work; the person's own statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, condition, verdict, whole


@dataclass(frozen=True, slots=True)
class NightShift:
    """No night shifts against the person's word."""

    name: ClassVar[str] = "night_shift"
    judges: ClassVar[tuple[Kind, ...]] = ("opening",)

    def person_key(self, people: People, context: Context) -> Key:
        return (whole(people.accepts_night_shift),)

    def target_key(self, targets: Targets) -> Key:
        return (condition(targets, "night_shift"),)

    def decide(self, person: Key, target: Key) -> Int8:
        (accepts,), (night,) = person, target
        return verdict((accepts == 0) & (night == 1), ((accepts < 0) & (night != 0)) | ((accepts == 0) & (night < 0)))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {
            "accepts_night_shift": person[0] if person[0] >= 0 else None,
            "night_shift": target[0] if target[0] >= 0 else None,
        }
