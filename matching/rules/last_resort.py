"""Welfare posts are the last resort: for those who cannot leave home and for whom no local work can be found.

The lack of a suitable local option must be on record (无法离乡、无业可扶). Whoever runs the matching puts it there:
it is evidence, computed from the openings near home before posts are judged; without it the rule does not know.

Source: guidance on rural public-welfare posts (2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import NOTHING, Context, Detail, Key, flags, verdict, whole


@dataclass(frozen=True, slots=True)
class LastResort:
    """Cannot leave home, and no local option on record; each part can be switched off."""

    name: ClassVar[str] = "last_resort"
    judges: ClassVar[tuple[Kind, ...]] = ("post",)
    cannot_leave_home: bool
    no_local_option: bool

    def person_key(self, people: People, context: Context) -> Key:
        ones = np.ones(len(people), dtype=np.int64)
        return (
            whole(people.cannot_leave_home) if self.cannot_leave_home else ones,
            flags(context.evidence.no_local_option, len(people)) if self.no_local_option else ones,
        )

    def target_key(self, targets: Targets) -> Key:
        return NOTHING

    def decide(self, person: Key, target: Key) -> Int8:
        tied, without = person
        return verdict((tied == 0) | (without == 0), ((tied < 0) | (without < 0)))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        tied, without = (value if value >= 0 else None for value in person)
        return {"cannot_leave_home": tied, "no_local_option": without}
