"""Whoever cannot leave home is offered what lies near it.

Source: Employment Promotion Law (2007, amended 2015), article 3; the person's registered statement. Near is the level
of region given as the parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import KINDS, Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, verdict, whole
from matching.rules.geography import at_level, check_level, shares


@dataclass(frozen=True, slots=True)
class LeaveHome:
    """Within the same county (or another level) for those who cannot leave home."""

    name: ClassVar[str] = "leave_home"
    judges: ClassVar[tuple[Kind, ...]] = KINDS
    within: str

    def __post_init__(self) -> None:
        check_level(self.within)

    def person_key(self, people: People, context: Context) -> Key:
        tied = whole(people.cannot_leave_home)
        # Where somebody lives matters to the rule only when they may be tied to it; fewer keys, smaller tables.
        return tied, at_level(people.living_region, self.within) * (tied != 0)

    def target_key(self, targets: Targets) -> Key:
        return (at_level(targets.region, self.within),)

    def decide(self, person: Key, target: Key) -> Int8:
        (tied, home), (place,) = person, target
        near, unclear = shares(home, place)
        return verdict((tied == 1) & ~near & ~unclear, (tied != 0) & (unclear | ((tied < 0) & ~near)))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"cannot_leave_home": person[0] if person[0] >= 0 else None, "within": self.within}
