"""Actors: who asks, within which scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["department", "station", "partner", "county", "person", "administrator"]
KINDS: tuple[ActorKind, ...] = ("department", "station", "partner", "county", "person", "administrator")


@dataclass(frozen=True, slots=True)
class Actor:
    """One who asks. ``region_code`` bounds whom a department, station, county or administrator may see."""

    actor_id: int
    kind: ActorKind
    name: str
    department: str | None
    region_code: str | None
    partner_code: str | None
    person_id: int | None
    purposes: tuple[str, ...]
