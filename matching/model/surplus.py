"""What a placement is worth to the person: months kept × what the wage leaves over.

A chance alone would rank the offers that everybody gets; times its worth it ranks what the person gains by trying
(expected surplus). The monthly worth is the smooth positive part of the wage less what the person would not go below
and less what it costs to be there: always positive, rising with the wage and falling with the distance, so that
multiplied with a chance that does the same, a nearer or better-paid offer never ranks lower.

Source: Behaghel et al., two randomised trials with job seekers' recommendations, arXiv 2603.21699.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.records import Float32
from schema.ranking import WorthPolicy


@dataclass(frozen=True, slots=True)
class WorthColumns:
    """Columns of the feature matrix that the worth reads; -1 where there is none."""

    wage: int
    wish_wage: int
    distance: int
    lodging: int


def monthly_worth(x: Float32, columns: WorthColumns, policy: WorthPolicy) -> NDArray[np.float64]:
    """Worth of a month in the job, yuan, of shape (n,); greater than 0.

    Unknown wages, wishes and distances count as the policy's typical ones.
    """
    wage = _column(x, columns.wage, policy.typical_wage_yuan_per_month)
    wish = _column(x, columns.wish_wage, policy.typical_wage_yuan_per_month)
    distance = np.maximum(_column(x, columns.distance, policy.typical_distance_km), 0.0)
    lodged = _column(x, columns.lodging, 0.0) > 0.5
    # Whoever works beyond a day's way lives there; before that the way itself is what costs.
    near = np.minimum(distance, policy.daily_reach_km)
    away = np.clip((distance - policy.daily_reach_km) / policy.daily_reach_km, 0.0, 1.0)
    cost = near * policy.commute_yuan_per_km_and_month
    cost = cost + away * np.where(lodged, 0.0, policy.rent_yuan_per_month)
    cost = cost + distance * policy.home_visits_yuan_per_km_and_month
    left = wage - policy.reservation_share * wish - cost
    soft = policy.softness_yuan_per_month
    return soft * np.logaddexp(0.0, left / soft)


def _column(x: Float32, column: int, missing: float) -> NDArray[np.float64]:
    if column < 0:
        return np.full(len(x), missing)
    values = x[:, column].astype(np.float64)
    return np.where(np.isfinite(values), values, missing)
