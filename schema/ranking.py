"""What the ranking takes as given: directions policy demands, weights without a history, worth of a job, list lengths.

The figures live in ``rules/ranking.toml`` with their reasons; they are choices, none of them law.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class FeaturePolicy:
    """One column of the feature matrix.

    Attributes
    ----------
    direction
        Stands in for the direction that the feature itself declares: 1 more never ranks lower, -1 more never ranks
        higher, 0 free. None leaves it.
    reason
        Code of the reason that the column's effect is shown under (see :mod:`schema.reasons`).
    weight, centre, scale
        Of the prior's log odds, ``weight × clip((value − centre) / scale, ±clip)``; an unknown value adds nothing.
    """

    direction: int | None = None
    reason: str = "other"
    weight: float = 0.0
    centre: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class WorthPolicy:
    """What a month in a job is worth; used by ``matching.model.surplus``."""

    reservation_share: float
    softness_yuan_per_month: float
    typical_wage_yuan_per_month: float
    typical_distance_km: float
    daily_reach_km: float
    commute_yuan_per_km_and_month: float
    rent_yuan_per_month: float
    home_visits_yuan_per_km_and_month: float
    horizon_months: float


@dataclass(frozen=True, slots=True)
class TrainingPolicy:
    """How the ranker learns."""

    rows_min: int
    placed_min: int
    months_rows_min: int
    share_calibration: float
    share_test: float
    trees_max: int
    learning_rate: float
    leaves: int
    depth: int
    rows_per_leaf_min: int
    l2: float
    settled_after_days: int


@dataclass(frozen=True, slots=True)
class PriorPolicy:
    """The ranker without a history."""

    intercept: float
    months_kept: float
    clip: float


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """How long the lists are and how many candidates stand behind them."""

    openings: int
    posts: int
    programmes: int
    reasons: int
    candidates_by_score: int
    candidates_by_price: int
    programmes_tried: int
    openings_tried: int


@dataclass(frozen=True, slots=True)
class RankingPolicy:
    """The whole of ``ranking.toml``."""

    version: str
    sha256: str
    lists: ListPolicy
    local_within: str  # level of region that a local option lies within, for the evidence that posts need
    training: TrainingPolicy
    worth: WorthPolicy
    prior: PriorPolicy
    columns: Mapping[str, str]
    features: Mapping[str, FeaturePolicy]

    def feature(self, name: str) -> FeaturePolicy:
        """The policy of a column; unweighted and shown under "other" where the file is silent."""
        return self.features.get(name, FeaturePolicy())


def parse_ranking(text: str) -> RankingPolicy:
    """The policy from the text of a ``ranking.toml``.

    Raises
    ------
    ValueError
        A key is missing or unknown, a direction is none of -1, 0, 1, or a scale is not positive.
    """
    body: dict[str, Any] = tomllib.loads(text)
    try:
        features = {name: FeaturePolicy(**entry) for name, entry in body["features"].items()}
        policy = RankingPolicy(
            version=body["version"],
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            lists=ListPolicy(**body["lists"]),
            local_within=body["evidence"]["local_within"],
            training=TrainingPolicy(**body["training"]),
            worth=WorthPolicy(**body["worth"]),
            prior=PriorPolicy(**body["prior"]),
            columns=body["columns"],
            features=features,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"ranking.toml: {error}") from error
    for name, feature in features.items():
        if feature.direction not in (-1, 0, 1, None):
            raise ValueError(f"ranking.toml: direction of {name} is {feature.direction}")
        if feature.scale <= 0:
            raise ValueError(f"ranking.toml: scale of {name} is not positive")
    return policy


@lru_cache(maxsize=1)
def load_ranking() -> RankingPolicy:
    """The policy that ships with the program."""
    return parse_ranking(resources.files("schema").joinpath("rules/ranking.toml").read_text(encoding="utf-8"))
