"""Whom welfare posts are for: people lifted out of poverty, monitored households, rural low-income people.

Source: guidance on rural public-welfare posts (2020); Notice of 2019, no. 124. The groups are a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import KINDS, Int8, Kind, People, Targets
from matching.rules.base import NOTHING, Context, Detail, Key, verdict, whole

_GROUPS = ("poverty_exited", "monitored", "low_income")


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """In one of the ``groups`` at least."""

    name: ClassVar[str] = "target_group"
    judges: ClassVar[tuple[Kind, ...]] = KINDS
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.groups or set(self.groups) - set(_GROUPS):
            raise ValueError(f"groups {self.groups} are not among {_GROUPS}")

    def person_key(self, people: People, context: Context) -> Key:
        return tuple(whole(getattr(people, group)) for group in self.groups)

    def target_key(self, targets: Targets) -> Key:
        return NOTHING

    def decide(self, person: Key, target: Key) -> Int8:
        belongs = np.logical_or.reduce([flag == 1 for flag in person])
        unclear = np.logical_or.reduce([flag < 0 for flag in person])
        return verdict(~belongs & ~unclear, ~belongs & unclear)

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {group: flag if flag >= 0 else None for group, flag in zip(self.groups, person, strict=True)}
