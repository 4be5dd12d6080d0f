"""A welfare post or a programme serves the people of a place.

Source: Notice on developing and managing public-welfare posts (2019, no. 124); county mechanisms of farmers' training.
The level of region is a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import KINDS, Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, verdict
from matching.rules.geography import at_level, check_level, shares


@dataclass(frozen=True, slots=True)
class ServiceRegion:
    """Living in the same township (or another level) as the target lies in."""

    name: ClassVar[str] = "service_region"
    judges: ClassVar[tuple[Kind, ...]] = KINDS
    within: str

    def __post_init__(self) -> None:
        check_level(self.within)

    def person_key(self, people: People, context: Context) -> Key:
        return (at_level(people.living_region, self.within),)

    def target_key(self, targets: Targets) -> Key:
        return (at_level(targets.region, self.within),)

    def decide(self, person: Key, target: Key) -> Int8:
        same, unclear = shares(person[0], target[0])
        return verdict(~same & ~unclear, unclear)

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"within": self.within}
