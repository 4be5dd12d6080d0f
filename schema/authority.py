"""Whose word counts for which field: the reader of ``authority.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

Entity = Literal["person", "wish", "household"]
ENTITIES: tuple[Entity, ...] = ("person", "wish", "household")


@dataclass(frozen=True, slots=True)
class Authority:
    """Whose word counts for one field.

    Attributes
    ----------
    place
        Department → place in the order, 0 first; departments that count alike share a place.
    last
        Place of a department that is not named.
    max_age_days
        Department → days for which it keeps its place after its row was last seen.
    lasting
        The value outlives the row that said it.
    conflict
        Differing values are contradictions worth showing.
    """

    entity: Entity
    field: str
    place: Mapping[str, int]
    last: int
    max_age_days: Mapping[str, int]
    lasting: bool
    conflict: bool

    def place_of(self, department: str) -> int:
        """The department's place in the order."""
        return self.place.get(department, self.last)


def parse_authority(text: str) -> dict[str, Authority]:
    """Authorities by field, in the order of the file.

    Raises
    ------
    ValueError
        A field is there twice, a department twice in one order, or a key is unknown.
    """
    body = tomllib.loads(text)
    found: dict[str, Authority] = {}
    for entity in ENTITIES:
        for field, entry in body.get(entity, {}).items():
            if unknown := set(entry) - {"order", "max_age_days", "lasting", "conflict"}:
                raise ValueError(f"authority.toml: {field} has unknown keys {sorted(unknown)}")
            if field in found:
                raise ValueError(f"authority.toml: {field} belongs to two entities")
            place: dict[str, int] = {}
            for position, group in enumerate(entry["order"]):
                for department in [group] if isinstance(group, str) else group:
                    if department in place:
                        raise ValueError(f"authority.toml: {field} names {department} twice")
                    place[department] = position
            found[field] = Authority(
                entity=entity,
                field=field,
                place=place,
                last=len(entry["order"]),
                max_age_days=entry.get("max_age_days", {}),
                lasting=entry.get("lasting", False),
                conflict=entry.get("conflict", True),
            )
    return found


@lru_cache(maxsize=1)
def load_authority() -> dict[str, Authority]:
    """The authorities that ship with the program, by field."""
    return parse_authority(resources.files("schema").joinpath("authority.toml").read_text(encoding="utf-8"))
