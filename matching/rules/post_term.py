"""Welfare posts are held for three years at most, longer only by people near retirement.

Source: Measures for employment subsidies (Ministry of Finance, 2017, no. 164), article 8: at most three years, except
for people less than five years from statutory retirement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, asked, verdict


@dataclass(frozen=True, slots=True)
class PostTerm:
    """A term of more than ``most_months`` only within ``near_retirement_years`` of retirement."""

    name: ClassVar[str] = "post_term"
    judges: ClassVar[tuple[Kind, ...]] = ("post",)
    most_months: int
    near_retirement_years: int

    def person_key(self, people: People, context: Context) -> Key:
        retires = people.retires_on.astype("datetime64[D]")
        # The day from which it is less than so many years to retirement.
        months = retires.astype("datetime64[M]") - np.timedelta64(12 * self.near_retirement_years, "M")
        from_day = months.astype("datetime64[D]") + (retires - retires.astype("datetime64[M]"))
        near = np.where(np.isnat(retires), -1, np.where(from_day < context.today, 1, 0))
        return (near.astype(np.int64),)

    def target_key(self, targets: Targets) -> Key:
        return (np.asarray(asked(targets, "term_months") > self.most_months, dtype=np.int64),)

    def decide(self, person: Key, target: Key) -> Int8:
        (near,), (long,) = person, target
        return verdict((long == 1) & (near == 0), (long == 1) & (near < 0))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"near_retirement": person[0] if person[0] >= 0 else None, "most_months": self.most_months}
