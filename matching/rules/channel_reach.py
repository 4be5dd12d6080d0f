"""Whom an opening is meant for by the channel it came through: one in the county for people who live around it.

Source: the channels of labour co-operation; how far a channel reaches is a default, and configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import Context, Detail, Key, asked, verdict
from matching.rules.geography import at_level, check_level, shares
from schema.codes import CHANNEL

_CHANNELS = tuple(entry.code for entry in CHANNEL.entries)


@dataclass(frozen=True, slots=True)
class ChannelReach:
    """The level of region that person and opening must share, by channel; a channel without one reaches everybody."""

    name: ClassVar[str] = "channel_reach"
    judges: ClassVar[tuple[Kind, ...]] = ("opening",)
    local: str | None = None
    province: str | None = None
    shanghai: str | None = None
    guangdong: str | None = None

    def __post_init__(self) -> None:
        for channel in _CHANNELS:
            if getattr(self, channel) is not None:
                check_level(getattr(self, channel))

    @property
    def _levels(self) -> tuple[str, ...]:
        """Levels that some channel asks for, each once."""
        return tuple(dict.fromkeys(level for c in _CHANNELS if (level := getattr(self, c)) is not None))

    def person_key(self, people: People, context: Context) -> Key:
        return tuple(at_level(people.living_region, level) for level in self._levels) or (np.zeros(1, dtype=np.int64),)

    def target_key(self, targets: Targets) -> Key:
        channel = asked(targets, "channel")
        level_of = [getattr(self, code) for code in _CHANNELS] + [None]  # the last stands for an unknown channel
        wanted = np.array([self._levels.index(level) if level else -1 for level in level_of], dtype=np.int64)[channel]
        place = np.zeros(len(targets), dtype=np.int64)
        for number, level in enumerate(self._levels):
            place = np.where(wanted == number, at_level(targets.region, level), place)
        return wanted, place

    def decide(self, person: Key, target: Key) -> Int8:
        wanted, place = target
        fails, unknown = np.zeros((), dtype=np.bool_), np.zeros((), dtype=np.bool_)
        for number in range(len(self._levels)):
            same, unclear = shares(person[number], place)
            fails = fails | ((wanted == number) & ~same & ~unclear)
            unknown = unknown | ((wanted == number) & unclear)
        return verdict(fails | (person[0] < 0), unknown)

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"within": self._levels[target[0]] if target[0] >= 0 else None}
