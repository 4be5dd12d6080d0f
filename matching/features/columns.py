"""What both the additive score and the matrix of pairs read of people and targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching.records import Float32, Int8, Openings, People, Posts, Programmes, Targets
from matching.rules.geography import DIVISOR
from schema.distance import load_distances

_LOCAL = 0


def as_openings(targets: Targets) -> Openings:
    """Posts and programmes as openings see them, so that one score serves all three; what they have not is unknown.

    A welfare post is a local job. A programme is a place to go to for a while, in the occupation it teaches.
    """
    if isinstance(targets, Openings):
        return targets
    m = len(targets)
    unknown, none = np.full(m, -1, dtype=np.int8), np.zeros(m, dtype=np.int32)
    nan = np.full(m, np.nan, dtype=np.float32)
    no = np.zeros(m, dtype=np.int8)
    return Openings(
        target_id=targets.target_id,
        region=targets.region,
        occupation=targets.occupation if isinstance(targets, Programmes) else none,
        wage_low=targets.wage if isinstance(targets, Posts) else nan,
        wage_high=targets.wage if isinstance(targets, Posts) else nan,
        vacancies=targets.vacancies if isinstance(targets, Posts) else targets.seats,
        education_min=targets.education_min if isinstance(targets, Programmes) else unknown,
        age_min=targets.age_min if isinstance(targets, Programmes) else unknown,
        age_max=targets.age_max if isinstance(targets, Programmes) else unknown,
        skill_level_min=unknown,
        skill_occupation=none,
        heavy_labour=targets.heavy_labour if isinstance(targets, Posts) else no,
        night_shift=no,
        lodging=unknown,
        social_insurance=unknown,
        piece_wage=no if isinstance(targets, Posts) else unknown,
        channel=np.full(m, _LOCAL, dtype=np.int8),
        text=targets.text,
        term_months=targets.term_months if isinstance(targets, Posts) else None,
    )


def known(column: NDArray[np.integer]) -> Float32:
    """A column of codes, ordinals or flags as ``float32``; NaN where it is -1, unknown."""
    return np.where(column < 0, np.nan, column).astype(np.float32)


def middle_wage(openings: Openings) -> Float32:
    """Middle of the wage offered, yuan per month; the one known bound where the other is unknown."""
    low = np.where(np.isfinite(openings.wage_low), openings.wage_low, openings.wage_high)
    high = np.where(np.isfinite(openings.wage_high), openings.wage_high, openings.wage_low)
    middle = (low + high) / 2
    return np.where(middle > 0, middle, np.nan).astype(np.float32)


def weakness(people: People) -> Float32:
    """How little heavy labour suits the person, from 0 to 1; NaN where neither ability nor health is known."""
    ability = np.where(people.labour_ability == 2, 0.0, np.where(people.labour_ability < 0, np.nan, 1.0))
    health = np.array([0.0, 0.5, 1.0, 0.7, np.nan])[people.health]
    disabled = np.where(people.disability_level >= 0, 0.4 + 0.2 * people.disability_level, 0.0)
    worst = np.fmax(ability, health)
    weak: Float32 = np.where(disabled > 0, np.fmax(worst, disabled), worst).astype(np.float32)
    return weak


def is_away(channel: Int8) -> Float32:
    """1 where the work lies outside the county, 0 in it, NaN where the channel is unknown."""
    return np.where(channel < 0, np.nan, channel > _LOCAL).astype(np.float32)


def level_distances() -> Float32:
    """Kilometres by the finest level shared: village, township, county, prefecture."""
    within = load_distances().within_km
    return np.array([within[level] for level in ("village", "township", "county", "prefecture")], dtype=np.float32)


def prefecture_distances(*regions: NDArray[np.int64]) -> tuple[tuple[NDArray[np.int32], ...], Float32]:
    """Number the prefectures of several columns of regions, and the kilometres between them.

    Returns
    -------
    The number of the prefecture of each region, one array a column, and distances of shape
    (n_prefectures, n_prefectures); NaN to and from places without a known point.
    """
    codes = np.unique(np.concatenate([region // DIVISOR["prefecture"] for region in regions]))
    distances = load_distances()
    table = np.array(
        [[distances.between_km(here, there) for there in codes.tolist()] for here in codes.tolist()], dtype=np.float32
    ).reshape(len(codes), len(codes))
    numbers = tuple(np.searchsorted(codes, region // DIVISOR["prefecture"]).astype(np.int32) for region in regions)
    return numbers, table
