"""Occupations as numbers: how near two of them are in the classification's tree.

``d-dd-dd-dd`` is the number ``ddddddd``: major group, middle group, minor group, occupation.

Source: Classification of Occupations of the People's Republic of China (2022).
"""

from __future__ import annotations

import numpy as np

from matching.records import Int64

#: What a seven-digit code is divided by to leave the digits of a level, coarse to fine.
DIVISOR = {"major": 1_000_000, "middle": 10_000, "minor": 100, "occupation": 1}


def check_level(level: str) -> str:
    """The level, when it is one.

    Raises
    ------
    ValueError
        It is none of major, middle, minor, occupation.
    """
    if level not in DIVISOR:
        raise ValueError(f"{level!r} is no level of the classification")
    return level


def group_of(occupation: Int64, level: str) -> Int64:
    """Number of the group at a level; 0 where the occupation is unknown."""
    return np.asarray(occupation // DIVISOR[level])
