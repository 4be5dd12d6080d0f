"""Regions as numbers: which level two of them share.

A region is its twelve-digit code read as a number; the digits of a level are a prefix, so sharing a level is equality
after dividing by a power of ten. A place known only coarsely (a county seat ends in zeros) shares the finer levels with
nobody but itself.
"""

from __future__ import annotations

import numpy as np

from matching.records import Bool, Int64
from schema.regions import PREFIX_LENGTH

#: What a twelve-digit code is divided by to leave the digits of a level.
DIVISOR = {level: 10 ** (12 - length) for level, length in PREFIX_LENGTH.items()}


def check_level(level: str) -> str:
    """The level, when it is one.

    Raises
    ------
    ValueError
        It is none of province, prefecture, county, township, village.
    """
    if level not in DIVISOR:
        raise ValueError(f"{level!r} is no level of region")
    return level


def at_level(region: Int64, level: str) -> Int64:
    """The region's number at a level: equal for two places that share it, 0 where the region is unknown."""
    return np.asarray(region // DIVISOR[level])


def shares(mine: Int64, theirs: Int64) -> tuple[Bool, Bool]:
    """Whether two numbers of one level agree, and whether that cannot be known."""
    return np.asarray(mine == theirs), np.asarray((mine == 0) | (theirs == 0))


def inside(region: Int64, code: str) -> Bool:
    """Which regions lie inside the region with a twelve-digit code; an empty code holds everything."""
    if not code:
        return np.ones(region.shape, dtype=np.bool_)
    digits = code.rstrip("0")
    length = next((size for size in sorted(PREFIX_LENGTH.values()) if size >= len(digits)), 12)
    return np.asarray(region // 10 ** (12 - length) == int(code[:length]))
