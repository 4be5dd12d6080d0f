"""Effects by a T-learner, cross-fitted: nobody's effect is estimated by a model that saw their outcome.

One model of the outcome is learnt from the treated and one from the untreated; their difference is the effect. The
doubly robust score of a person corrects it by what the model missed in that person's own outcome.

Source: Künzel et al., Metalearners for estimating heterogeneous treatment effects, PNAS 116 (2019); Chernozhukov et
al., Double/debiased machine learning, Econometrics Journal 21 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

#: Standard errors to either side that hold 95 %.
Z95 = 1.959964
#: A chance of treatment nearer to 0 or 1 than this would let one person decide the average.
_OVERLAP = 0.01
_PENALTIES = (1.0, 10.0, 100.0, 1000.0)


class TooFewError(ValueError):
    """Too few treated or untreated people to learn an effect from."""


@dataclass(frozen=True, slots=True)
class Trial:
    """People, of whom some were treated: ``x`` of shape (n, d), ``treated`` and ``outcome`` of shape (n,).

    Raises
    ------
    ValueError
        Shapes that do not agree, or a value that is no finite number.
    """

    x: NDArray[np.float64]
    treated: NDArray[np.bool_]
    outcome: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or not len(self.x) == len(self.treated) == len(self.outcome):
            raise ValueError("a trial needs one row of x, one treatment and one outcome a person")
        if not (np.isfinite(self.x).all() and np.isfinite(self.outcome).all()):
            raise ValueError("a trial's features and outcomes must be finite numbers")

    def __len__(self) -> int:
        return len(self.outcome)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Out-of-fold effects and doubly robust scores of shape (n,), and what they say on average."""

    effect: NDArray[np.float64]  # T-learner's, in the outcome's unit
    score: NDArray[np.float64]  # doubly robust
    gain_of_treated: float  # observed outcome less what the untreated's model expects, mean over the treated

    @property
    def average(self) -> float:
        """Average effect by the T-learner."""
        return float(self.effect.mean())

    @property
    def robust(self) -> tuple[float, float, float]:
        """Average effect by the doubly robust scores, and its 95 % interval."""
        return _interval(float(self.score.mean()), float(self.score.std(ddof=1) / np.sqrt(len(self.score))))


def difference_in_means(trial: Trial) -> tuple[float, float, float]:
    """Mean outcome of the treated less that of the untreated, and its 95 % interval (unequal variances)."""
    _check(trial, least=2)
    one, none = trial.outcome[trial.treated], trial.outcome[~trial.treated]
    error = np.sqrt(one.var(ddof=1) / len(one) + none.var(ddof=1) / len(none))
    return _interval(float(one.mean() - none.mean()), float(error))


def cross_fit(trial: Trial, *, seed: int, folds: int = 5, randomised: bool = False, least: int = 50) -> Estimate:
    """Effects of everybody, each by models learnt from the other folds.

    Parameters
    ----------
    randomised
        Whether treatment was by lot: its chance is then the share treated, else it is learnt from ``x``.
    least
        Treated, and untreated, people below which nothing is learnt.

    Raises
    ------
    TooFewError
        Fewer than ``least`` treated or untreated.
    """
    _check(trial, least=max(least, folds))
    n = len(trial)
    treated, outcome = trial.treated, trial.outcome
    expected = np.empty((2, n))
    chance = np.empty(n)
    for learn, judge in StratifiedKFold(folds, shuffle=True, random_state=seed).split(trial.x, treated):
        x, t = trial.x[learn], treated[learn]
        for arm in (False, True):
            model = make_pipeline(StandardScaler(), RidgeCV(alphas=_PENALTIES))
            model.fit(x[t == arm], outcome[learn][t == arm])
            expected[int(arm), judge] = model.predict(trial.x[judge])
        if randomised:
            chance[judge] = t.mean()
        else:
            lot = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x, t)
            chance[judge] = lot.predict_proba(trial.x[judge])[:, 1]
    chance = np.clip(chance, _OVERLAP, 1.0 - _OVERLAP)
    effect = expected[1] - expected[0]
    missed = np.where(treated, (outcome - expected[1]) / chance, -(outcome - expected[0]) / (1.0 - chance))
    return Estimate(effect, effect + missed, float((outcome - expected[0])[treated].mean()))


def _interval(value: float, error: float) -> tuple[float, float, float]:
    return value, value - Z95 * error, value + Z95 * error


def _check(trial: Trial, *, least: int) -> None:
    treated = int(trial.treated.sum())
    if min(treated, len(trial) - treated) < least:
        raise TooFewError(
            f"{treated} treated and {len(trial) - treated} untreated; at least {least} of each are needed"
        )
