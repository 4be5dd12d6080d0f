"""The ranker: features of pairs in, chance of a placement and expected surplus out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from matching.features import TextModel
from matching.model.calibration import Calibration, no_calibration
from matching.model.surplus import WorthColumns, monthly_worth
from matching.model.trees import Forest
from matching.records import Float32
from schema.ranking import RankingPolicy, WorthPolicy


class FeatureMismatchError(ValueError):
    """The model was trained on other features than it is given."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Log odds as a weighted sum of clipped, scaled columns; an unknown value adds nothing."""

    base: float
    weight: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    clip: float

    def predict(self, x: Float32) -> NDArray[np.float64]:
        """The sum for each row, of shape (n,)."""
        used = np.flatnonzero(self.weight)
        z = (x[:, used].astype(np.float64) - self.centre[used]) / self.scale[used]
        z = np.clip(np.nan_to_num(z, nan=0.0, posinf=self.clip, neginf=-self.clip), -self.clip, self.clip)
        return self.base + z @ self.weight[used]


@dataclass(frozen=True, slots=True)
class Ranked:
    """What the model says of pairs; all of shape (n,)."""

    probability: Float32  # chance that an offer ends in a placement
    months: Float32  # months kept if it does, within the horizon
    worth: Float32  # yuan a month
    surplus: Float32  # probability × months × worth, yuan: the score


@dataclass(frozen=True, slots=True)
class Model:
    """A trained ranker, or the prior when there was too little to learn from.

    Attributes
    ----------
    version
        Stable name: kind, day and the start of the data hash.
    chance
        Raw log odds of a placement.
    months
        Months kept after a placement.
    card
        What a reader must know: features, rows, dates, metrics, what it is not. JSON values only.
    text
        Projection of texts that its features are made with; None where no feature reads texts.
    typical
        Features of a typical offer, which explanations compare with, of shape (n_features,).
    """

    version: str
    kind: Literal["trees", "prior"]
    feature_names: tuple[str, ...]
    directions: tuple[int, ...]
    reasons: tuple[str, ...]
    chance: Forest | Linear
    calibration: Calibration
    months: Forest | Linear
    worth: WorthPolicy
    worth_columns: WorthColumns
    data_sha256: str
    card: Mapping[str, Any]
    text: TextModel | None = None
    typical: Float32 | None = None

    def check(self, x: Float32, feature_names: tuple[str, ...]) -> None:
        """Refuse a matrix with other columns.

        Raises
        ------
        FeatureMismatchError
            Names, their order or their number differ.
        """
        if tuple(feature_names) != self.feature_names:
            missing = sorted(set(self.feature_names) - set(feature_names))
            added = sorted(set(feature_names) - set(self.feature_names))
            raise FeatureMismatchError(
                f"the model was trained on other features (missing: {missing}, new: {added}, or another order); "
                "train it again"
            )
        if x.ndim != 2 or x.shape[1] != len(self.feature_names):
            raise FeatureMismatchError(f"expected {len(self.feature_names)} columns, got an array of shape {x.shape}")

    def probability(self, x: Float32, feature_names: tuple[str, ...]) -> Float32:
        """Calibrated chance that an offer ends in a placement, of shape (n,), within (0, 1).

        Raises
        ------
        FeatureMismatchError
            See :meth:`check`.
        """
        self.check(x, feature_names)
        return self.calibration(self.chance.predict(x)).astype(np.float32)

    def rank(self, x: Float32, feature_names: tuple[str, ...]) -> Ranked:
        """Chance, months, worth and expected surplus of each pair.

        Raises
        ------
        FeatureMismatchError
            See :meth:`check`.
        """
        self.check(x, feature_names)
        return self.rank_unchecked(x)

    def rank_unchecked(self, x: Float32) -> Ranked:
        """As :meth:`rank`, for callers that have checked the columns once for many matrices."""
        probability, months, worth = self._parts(x)
        return Ranked(
            probability.astype(np.float32),
            months.astype(np.float32),
            worth.astype(np.float32),
            (probability * months * worth).astype(np.float32),
        )

    def score(self, x: Float32) -> NDArray[np.float64]:
        """The expected surplus alone, unrounded: what explanations add up to."""
        probability, months, worth = self._parts(x)
        return probability * months * worth

    def _parts(self, x: Float32) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        probability = self.calibration(self.chance.predict(x))
        months = np.clip(self.months.predict(x), 0.5, self.worth.horizon_months)
        return probability, months, monthly_worth(x, self.worth_columns, self.worth)


def worth_columns(feature_names: tuple[str, ...], policy: RankingPolicy) -> WorthColumns:
    """Where the matrix holds what the worth reads, by the names in ``[columns]`` of the policy."""
    place = {name: column for column, name in enumerate(feature_names)}
    return WorthColumns(
        **{key: place.get(policy.columns[key], -1) for key in ("wage", "wish_wage", "distance", "lodging")}
    )


def directions_of(
    feature_names: tuple[str, ...], directions: tuple[int, ...], policy: RankingPolicy
) -> tuple[int, ...]:
    """The directions that features declare, but for those that policy sets itself.

    Raises
    ------
    ValueError
        Names and directions differ in number, or a weight of the prior goes against its direction.
    """
    chosen: list[int] = []
    for name, declared in zip(feature_names, directions, strict=True):
        feature = policy.feature(name)
        direction = declared if feature.direction is None else feature.direction
        if direction * feature.weight < 0:
            raise ValueError(f"the weight of {name} goes against its direction")
        chosen.append(direction)
    return tuple(chosen)


def prior_model(
    feature_names: tuple[str, ...],
    directions: tuple[int, ...],
    *,
    policy: RankingPolicy,
    card: Mapping[str, Any],
    data_sha256: str,
    version: str,
) -> Model:
    """The ranker for a place without enough history: hand-set weights of policy, the same worth."""
    features = [policy.feature(name) for name in feature_names]
    chance = Linear(
        policy.prior.intercept,
        np.array([feature.weight for feature in features], dtype=np.float64),
        np.array([feature.centre for feature in features], dtype=np.float64),
        np.array([feature.scale for feature in features], dtype=np.float64),
        policy.prior.clip,
    )
    return Model(
        version=version,
        kind="prior",
        feature_names=tuple(feature_names),
        directions=directions_of(feature_names, directions, policy),
        reasons=tuple(feature.reason for feature in features),
        chance=chance,
        calibration=no_calibration(),
        months=constant(policy.prior.months_kept, len(features)),
        worth=policy.worth,
        worth_columns=worth_columns(feature_names, policy),
        data_sha256=data_sha256,
        card=card,
    )


def constant(value: float, width: int) -> Linear:
    """The same value for every row."""
    return Linear(value, np.zeros(width), np.zeros(width), np.ones(width), 1.0)
