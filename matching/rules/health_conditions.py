"""States of health that bar from heavy labour or night shifts.

Source: Law on the Prevention and Treatment of Occupational Diseases (amended 2018), article 35: nobody may be given
work that their health forbids; Regulations on the Employment of Persons with Disabilities (2007), article 13: posts
must suit. Which state bars from what is a default; a doctor's word goes before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import Bool, Int8, Int64, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, condition, verdict, whole
from schema.codes import DISABILITY_LEVEL, HEALTH

_PLACE = {entry.code: place for place, entry in enumerate(HEALTH.entries)}


@dataclass(frozen=True, slots=True)
class HealthConditions:
    """States that are barred from, or asked before, heavy labour and night shifts.

    A disability as severe as ``heavy_barred_from_disability_level`` (one is the severest) bars from heavy labour.
    """

    name: ClassVar[str] = "health_conditions"
    judges: ClassVar[tuple[Kind, ...]] = ("opening", "post")
    heavy_barred: tuple[str, ...]
    heavy_asked: tuple[str, ...]
    night_barred: tuple[str, ...]
    heavy_barred_from_disability_level: str

    def __post_init__(self) -> None:
        unknown = [code for code in (*self.heavy_barred, *self.heavy_asked, *self.night_barred) if code not in HEALTH]
        if unknown or self.heavy_barred_from_disability_level not in DISABILITY_LEVEL:
            raise ValueError(f"health {unknown} or disability level is in no code list")

    def person_key(self, people: People, context: Context) -> Key:
        return whole(people.health), whole(people.disability_level)

    def target_key(self, targets: Targets) -> Key:
        return condition(targets, "heavy_labour"), condition(targets, "night_shift")

    def decide(self, person: Key, target: Key) -> Int8:
        (health, disability), (heavy, night) = person, target
        severe = disability >= DISABILITY_LEVEL.order(self.heavy_barred_from_disability_level)
        no_heavy, no_night = severe | _is(health, self.heavy_barred), _is(health, self.night_barred)
        # A state that is not known may be one that bars.
        ask_heavy = no_heavy | _is(health, self.heavy_asked) | (health < 0)
        ask_night = no_night | (health < 0)
        return verdict(
            (no_heavy & (heavy == 1)) | (no_night & (night == 1)),
            (ask_heavy & (heavy != 0)) | (ask_night & (night != 0)),
        )

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {
            "health": person[0] if person[0] >= 0 else None,
            "heavy_labour": target[0] if target[0] >= 0 else None,
            "night_shift": target[1] if target[1] >= 0 else None,
        }


def _is(health: Int64, states: tuple[str, ...]) -> Bool:
    return np.isin(health, [_PLACE[code] for code in states])
