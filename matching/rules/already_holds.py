"""No subsidised course for a level that the person holds already.

Source: vocational skills action (2019): one subsidy for one level in one occupation; how near two occupations must be
to count as one is a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, asked, verdict, whole
from matching.rules.occupations import check_level, group_of


@dataclass(frozen=True, slots=True)
class AlreadyHolds:
    """The level taught lies above what the person holds in the same group of occupations."""

    name: ClassVar[str] = "already_holds"
    judges: ClassVar[tuple[Kind, ...]] = ("programme",)
    same: str

    def __post_init__(self) -> None:
        check_level(self.same)

    def person_key(self, people: People, context: Context) -> Key:
        return whole(people.skill_level), group_of(whole(people.skill_occupation), self.same)

    def target_key(self, targets: Targets) -> Key:
        return asked(targets, "skill_level"), group_of(asked(targets, "occupation"), self.same)

    def decide(self, person: Key, target: Key) -> Int8:
        (level, skill), (taught, subject) = person, target
        as_high = (taught >= 0) & (level >= taught)
        unclear = as_high & ((skill == 0) | (subject == 0))
        # Holding none and not being known to hold one are the same in the register.
        nothing_known = (taught >= 0) & (level < 0)
        return verdict(as_high & (skill > 0) & (skill == subject), unclear | nothing_known)

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {
            "skill_level": person[0] if person[0] >= 0 else None,
            "skill_level_taught": target[0] if target[0] >= 0 else None,
        }
