"""Who gains most from a training: effects by a T-learner, cross-fitted, and what a rule of whom to train is worth."""

from matching.uplift.crossfit import Estimate, TooFewError, Trial, cross_fit, difference_in_means
from matching.uplift.policy import Gain, policy_gain, repeated_gain

__all__ = [
    "Estimate",
    "Gain",
    "TooFewError",
    "Trial",
    "cross_fit",
    "difference_in_means",
    "policy_gain",
    "repeated_gain",
]
