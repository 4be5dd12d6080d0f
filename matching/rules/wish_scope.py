"""How far from home the person would work, where a place makes that a condition.

Source: Employment Promotion Law (2007, amended 2015), article 3. By default the wish lowers a score and bars nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, asked, verdict, whole

#: The wish that a channel asks for: in the county, in the province, outside it; the last stands for an unknown channel.
SCOPE_OF_CHANNEL = np.array([0, 1, 2, 2, -1], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class WishScope:
    """At most ``beyond`` steps further than the person wishes to go."""

    name: ClassVar[str] = "wish_scope"
    judges: ClassVar[tuple[Kind, ...]] = ("opening",)
    beyond: int

    def person_key(self, people: People, context: Context) -> Key:
        return (whole(people.wish_scope),)

    def target_key(self, targets: Targets) -> Key:
        return (SCOPE_OF_CHANNEL[asked(targets, "channel")],)

    def decide(self, person: Key, target: Key) -> Int8:
        (wish,), (needed,) = person, target
        return verdict(
            (wish >= 0) & (needed > wish + self.beyond), (needed < 0) | ((wish < 0) & (needed > self.beyond))
        )

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"wish_scope": person[0] if person[0] >= 0 else None, "needed": target[0] if target[0] >= 0 else None}
