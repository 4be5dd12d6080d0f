"""From an occupation as people write it to its code in the Classification of Occupations of 2022.

Clerks write the occupation's name, a part of it (``保洁``), a name with something before it (``建筑工地电工``), or a
near miss. Four readings are tried in this order, and the first that finds something decides.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from rapidfuzz import fuzz, process

_CODE = re.compile(r"\d-\d{2}-\d{2}-\d{2}\Z")
_NOISE = re.compile(r"[\s()\[\]【】,、·/]|\(.*?\)")
#: Below this share of agreement (0 to 100) a near miss is a miss. Two of three characters in their order give 67.
_CLOSE_ENOUGH = 75.0
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Occupation:
    """One occupation (fourth level) of the classification."""

    code: str
    name: str


@lru_cache(maxsize=1)
def load_occupations() -> dict[str, Occupation]:
    """All occupations of the fourth level by code."""
    text = resources.files("schema").joinpath("data/occupations.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Occupation(row["code"], row["name"])
        for row in csv.DictReader(text.splitlines())
        if row["level"] == "occupation"
    }


def occupation_name(code: str | None) -> str:
    """Name of the occupation; an unknown code is shown as it stands, None as an empty string."""
    if code is None:
        return ""
    occupation = load_occupations().get(code)
    return code if occupation is None else occupation.name


@lru_cache(maxsize=100_000)
def occupation_code_of(text: str) -> str | None:
    """The code of the occupation that ``text`` names; None when it names none clearly.

    Exact name or code; the shortest name that begins with the text; the longest name contained in the text; the nearest
    name by rapidfuzz where it is near enough and no other is as near.
    """
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text))
    if _CODE.match(plain):
        return plain if plain in load_occupations() else None
    if len(plain) < _SHORTEST:
        return None
    by_name = _by_name()
    if plain in by_name:
        return by_name[plain]
    beginning = [name for name in by_name if name.startswith(plain)]
    if beginning:
        return by_name[min(beginning, key=lambda name: (len(name), by_name[name]))]
    contained = [name for name in by_name if name in plain]
    if contained:
        # What a worker does stands last: 建筑工地电工 is an electrician.
        return by_name[max(contained, key=lambda name: (plain.rfind(name) + len(name), len(name)))]
    near = process.extract(plain, list(by_name), scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH, limit=2)
    if not near or (len(near) > 1 and near[0][1] == near[1][1]):
        return None
    return by_name[near[0][0]]


@cache
def _by_name() -> dict[str, str]:
    names: dict[str, str] = {}
    for occupation in load_occupations().values():
        names.setdefault(_NOISE.sub("", unicodedata.normalize("NFKC", occupation.name)), occupation.code)
    return names
