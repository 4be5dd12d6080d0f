"""From a raw score to a chance that can be taken at its word.

With enough outcomes, centred isotonic regression: the pools of isotonic regression become points at their centres and
straight lines join them, so that a better raw score is always a better chance (plain isotonic regression is flat within
a pool and would tie unlike offers). With few, a sigmoid.

Source: Oron and Flournoy, Centered Isotonic Regression, Statistics in Biopharmaceutical Research 9 (2017); Platt, in
Advances in Large Margin Classifiers (1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.records import Bool

#: Placements below which the shape of the curve is taken as a sigmoid.
FEW = 300
#: A chance is never told as none or certain.
FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class Calibration:
    """Increasing, piecewise linear in the raw score (log odds): knots and the chances there."""

    kind: str  # isotonic | sigmoid | none
    knots: NDArray[np.float64]
    chances: NDArray[np.float64]

    def __call__(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chances for raw scores, within [FLOOR, 1 − FLOOR]."""
        return np.interp(raw, self.knots, self.chances)


def _of_curve(kind: str, slope: float, shift: float, low: float, high: float) -> Calibration:
    knots = np.linspace(low, high, 257)
    chances = np.clip(1 / (1 + np.exp(-(slope * knots + shift))), FLOOR, 1 - FLOOR)
    return Calibration(kind, knots, chances)


def no_calibration() -> Calibration:
    """The logistic function itself, for raw scores that are log odds already."""
    return _of_curve("none", 1.0, 0.0, -12.0, 12.0)


def fit_calibration(raw: NDArray[np.float64], placed: Bool) -> Calibration:
    """A calibration from raw scores and what became of the offers.

    Without both a placement and a refusal nothing can be learnt, and the logistic function stays.
    """
    positives = int(placed.sum())
    if positives == 0 or positives == len(placed):
        return no_calibration()
    low, high = float(raw.min()), float(raw.max())
    margin = max(high - low, 1.0)
    if min(positives, len(placed) - positives) < FEW:
        slope, shift = _fit_sigmoid(raw, placed)
        return _of_curve("sigmoid", slope, shift, low - 4 * margin, high + 4 * margin)
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(raw, kind="stable")
    x, y = raw[order], placed[order].astype(np.float64)
    fitted = IsotonicRegression(out_of_bounds="clip").fit(x, y).predict(x)
    starts = np.flatnonzero(np.r_[True, np.diff(fitted) > 0])
    sizes = np.diff(np.r_[starts, len(x)])
    centres = np.add.reduceat(x, starts) / sizes
    # Half a success and half a failure keep the ends off 0 and 1.
    chances = np.clip((np.add.reduceat(y, starts) + 0.5) / (sizes + 1.0), FLOOR, 1 - FLOOR)
    chances = np.maximum.accumulate(chances)
    # Beyond the outermost pools the curve goes on rising, towards what is never claimed.
    knots = np.r_[low - 4 * margin, centres, high + 4 * margin]
    return Calibration("isotonic", knots, np.r_[FLOOR, chances, 1 - FLOOR])


def _fit_sigmoid(raw: NDArray[np.float64], placed: Bool) -> tuple[float, float]:
    """Platt's sigmoid; a slope that is not positive would turn the order round and is replaced by 1."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=10.0).fit(raw[:, None], placed)
    slope, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope > 0.05:
        return slope, shift
    rate = float(np.clip(placed.mean(), FLOOR, 1 - FLOOR))
    return 1.0, float(np.log(rate / (1 - rate)) - raw.mean())
