"""Statistical division codes: twelve digits, each level a prefix of the next.

Source: National Bureau of Statistics, cut-off 2023-06-30; see ``schema/data/SOURCES.md``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

#: Significant digits of a code, by level.
PREFIX_LENGTH = {"province": 2, "prefecture": 4, "county": 6, "township": 9, "village": 12}


@dataclass(frozen=True, slots=True)
class Region:
    """One division. ``parent_code`` is empty for a province."""

    code: str
    name: str
    level: str
    parent_code: str

    @property
    def prefix(self) -> str:
        """The digits that every region inside this one starts with."""
        return self.code[: PREFIX_LENGTH[self.level]]


@lru_cache(maxsize=1)
def load_regions() -> dict[str, Region]:
    """All regions by code, parents before children."""
    text = resources.files("schema").joinpath("data/regions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    regions = [Region(row["code"], row["name"], row["level"], row["parent_code"]) for row in rows]
    regions.sort(key=lambda region: (PREFIX_LENGTH[region.level], region.code))
    return {region.code: region for region in regions}


def prefix_of(code: str) -> str:
    """Significant prefix of a twelve-digit code by its level; trailing zeros decide where the code is unlisted."""
    region = load_regions().get(code)
    if region is not None:
        return region.prefix
    for length in (2, 4, 6, 9):
        if code[length:].strip("0") == "":
            return code[:length]
    return code


def full_name(code: str) -> str:
    """Names from the province down, joined as an address is written."""
    regions = load_regions()
    names: list[str] = []
    current = regions.get(code)
    while current is not None:
        names.append(current.name)
        current = regions.get(current.parent_code)
    return "".join(reversed(names))
