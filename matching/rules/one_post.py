"""One person, one post; forestry's ecological guards (生态护林员) count too.

The register says who holds a post, forestry's included.

Source: Notice on public-welfare posts (2019, no. 124); measures on ecological forest guards (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from matching.records import Int8, Kind, People, Targets
from matching.rules.base import NOTHING, Context, Detail, Key, verdict, whole


@dataclass(frozen=True, slots=True)
class OnePost:
    """Holding no welfare post yet."""

    name: ClassVar[str] = "one_post"
    judges: ClassVar[tuple[Kind, ...]] = ("post",)

    def person_key(self, people: People, context: Context) -> Key:
        return (whole(people.holds_post),)

    def target_key(self, targets: Targets) -> Key:
        return NOTHING

    def decide(self, person: Key, target: Key) -> Int8:
        return verdict(person[0] == 1, (person[0] < 0))

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        return {"holds_post": person[0] if person[0] >= 0 else None}
