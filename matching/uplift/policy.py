"""What it gains to train those whose estimated effect exceeds the cost, over training everyone.

The estimate that chooses a person never saw that person's outcome, so the value is not flattered by its own noise.

Source: Athey and Wager, Policy learning with observational data, Econometrica 89 (2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.uplift.crossfit import Estimate, Trial, cross_fit


@dataclass(frozen=True, slots=True)
class Gain:
    """Gain a person over treating everyone, with its 95 % interval, and the share the rule treats."""

    value: float
    low: float
    high: float
    share_treated: float


def policy_gain(estimate: Estimate, *, cost: float = 0.0) -> float:
    """Gain a person of treating where the effect exceeds ``cost``, by doubly robust scores."""
    left_out = estimate.effect <= cost
    return float(np.where(left_out, cost - estimate.score, 0.0).mean())


def repeated_gain(trial: Trial, *, seeds: range, cost: float = 0.0, randomised: bool = False) -> Gain:
    """Mean gain over cross-fits with different folds; the interval holds the middle 95 % of them.

    It says how much the answer hangs on the split; how much it hangs on who was in the trial is more.
    """
    fits = [cross_fit(trial, seed=seed, randomised=randomised) for seed in seeds]
    gains = np.array([policy_gain(fit, cost=cost) for fit in fits])
    low, high = np.percentile(gains, [2.5, 97.5])
    share = float(np.mean([(fit.effect > cost).mean() for fit in fits]))
    return Gain(float(gains.mean()), float(low), float(high), share)
