"""The vocational skill level an employer asks for, and in which occupation.

Certificates of completion do not count, only recognised levels: the register hands on those alone.

Source: Employment Promotion Law (2007, amended 2015), article 51; the system of vocational skill levels, five (lowest)
to one, and its occupations by the Classification of Occupations (2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, asked, verdict, whole
from matching.rules.occupations import check_level, group_of


@dataclass(frozen=True, slots=True)
class SkillRecognition:
    """At least the level asked for, in an occupation of the same group; ``same`` names the group's level."""

    name: ClassVar[str] = "skill_recognition"
    judges: ClassVar[tuple[Kind, ...]] = ("opening",)
    same: str

    def __post_init__(self) -> None:
        check_level(self.same)

    def person_key(self, people: People, context: Context) -> Key:
        return whole(people.skill_level), group_of(whole(people.skill_occupation), self.same)

    def target_key(self, targets: Targets) -> Key:
        return asked(targets, "skill_level_min"), group_of(asked(targets, "skill_occupation"), self.same)

    def decide(self, person: Key, target: Key) -> Int8:
        (level, skill), (asked, wanted) = person, target
        other = (wanted > 0) & (skill > 0) & (skill != wanted)
        unclear = (level < 0) | ((wanted > 0) & (skill == 0))
        return verdict((asked >= 0) & (level >= 0) & ((level < asked) | other), (asked >= 0) & unclear)

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {
            "skill_level": person[0] if person[0] >= 0 else None,
            "skill_level_min": target[0] if target[0] >= 0 else None,
            "skill_group": person[1] or None,
            "skill_group_asked": target[1] or None,
        }
