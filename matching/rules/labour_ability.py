"""Ability to work against heavy labour.

Everybody whom the service ranks is willing, which includes being able to work at all; so an ability that is not known
is a question only where the work is heavy.

Source: Measures for examining and confirming the minimum living allowance (Ministry of Civil Affairs, 2021, no. 57), on
how labour ability is determined; which work asks for which ability is a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, condition, verdict, whole
from schema.codes import LABOUR_ABILITY


@dataclass(frozen=True, slots=True)
class LabourAbility:
    """Heavy labour from the ability ``heavy_from`` on, any work from ``any_from`` on."""

    name: ClassVar[str] = "labour_ability"
    judges: ClassVar[tuple[Kind, ...]] = ("opening", "post")
    heavy_from: str
    any_from: str

    def __post_init__(self) -> None:
        for code in (self.heavy_from, self.any_from):
            if code not in LABOUR_ABILITY:
                raise ValueError(f"labour ability {code!r} is in no code list")

    def person_key(self, people: People, context: Context) -> Key:
        return (whole(people.labour_ability),)

    def target_key(self, targets: Targets) -> Key:
        return (condition(targets, "heavy_labour"),)

    def decide(self, person: Key, target: Key) -> Int8:
        (ability,), (heavy,) = person, target
        unable = (ability >= 0) & (ability < LABOUR_ABILITY.order(self.any_from))
        weak = (ability >= 0) & (ability < LABOUR_ABILITY.order(self.heavy_from))
        return verdict(unable | (weak & (heavy == 1)), (weak & (heavy < 0)) | ((ability < 0) & (heavy != 0)))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {
            "labour_ability": person[0] if person[0] >= 0 else None,
            "heavy_labour": target[0] if target[0] >= 0 else None,
        }
