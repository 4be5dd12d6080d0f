"""The T-learner finds an effect that is there, none where there is none, and its policy is worth what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.uplift import TooFewError, Trial, cross_fit, difference_in_means, policy_gain, repeated_gain


def _trial(*, effect: float = 0.0, slope: float = 0.0, confounded: bool = False, n: int = 2000, seed: int = 1) -> Trial:
    """Effect of ``effect + slope·x0``; treatment by lot, or likelier where x1 (which lowers the outcome) is high."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    chance = 1.0 / (1.0 + np.exp(-1.5 * x[:, 1])) if confounded else np.full(n, 0.4)
    treated = rng.random(n) < chance
    outcome = 5.0 - 2.0 * x[:, 1] + treated * (effect + slope * x[:, 0]) + rng.normal(size=n)
    return Trial(x, treated, outcome)


def test_known_effect_lies_in_a_narrow_interval() -> None:
    value, low, high = cross_fit(_trial(effect=1.0), seed=0, randomised=True).robust
    assert low <= 1.0 <= high
    assert low > 0.8
    assert high < 1.2
    assert value == pytest.approx(1.0, abs=0.15)


def test_no_effect_says_none() -> None:
    _, low, high = cross_fit(_trial(), seed=0, randomised=True).robust
    assert low <= 0.0 <= high


def test_confounding_is_taken_out_where_it_is_measured() -> None:
    trial = _trial(effect=1.0, confounded=True)
    assert difference_in_means(trial)[0] < 0.0
    estimate = cross_fit(trial, seed=0)
    assert estimate.robust[0] == pytest.approx(1.0, abs=0.2)
    assert estimate.gain_of_treated == pytest.approx(1.0, abs=0.2)


def test_policy_gains_what_leaving_out_the_harmed_gains() -> None:
    # Effect x0, standard normal: leaving out those below 0 gains E[max(−x0, 0)] = 1/√(2π) a person.
    gain = repeated_gain(_trial(slope=1.0, n=4000), seeds=range(5), randomised=True)
    assert gain.value == pytest.approx(1 / np.sqrt(2 * np.pi), abs=0.06)
    assert gain.share_treated == pytest.approx(0.5, abs=0.05)
    assert gain.low <= gain.value <= gain.high


def test_policy_that_treats_everyone_gains_nothing_over_it() -> None:
    assert policy_gain(cross_fit(_trial(effect=9.0), seed=0, randomised=True)) == 0.0


def test_own_outcome_does_not_move_own_effect() -> None:
    trial = _trial(effect=1.0, n=400)
    changed = trial.outcome.copy()
    changed[7] += 1000.0
    before, after = (cross_fit(Trial(trial.x, trial.treated, y), seed=3) for y in (trial.outcome, changed))
    assert before.effect[7] == after.effect[7]
    assert not np.array_equal(before.effect, after.effect)


@settings(max_examples=15, deadline=None)
@given(shift=st.floats(-100, 100), scale=st.floats(0.5, 10), seed=st.integers(0, 1000))
def test_effect_follows_the_unit_and_not_the_origin_of_the_outcome(shift: float, scale: float, seed: int) -> None:
    trial = _trial(effect=1.0, n=300, seed=seed)
    moved = Trial(trial.x, trial.treated, shift + scale * trial.outcome)
    one, other = cross_fit(trial, seed=seed), cross_fit(moved, seed=seed)
    np.testing.assert_allclose(other.effect, scale * one.effect, atol=1e-5)
    np.testing.assert_allclose(other.score, scale * one.score, atol=1e-4)


def test_same_seed_same_answer() -> None:
    trial = _trial(n=300)
    assert np.array_equal(cross_fit(trial, seed=4).score, cross_fit(trial, seed=4).score)


def test_too_few_treated_is_refused() -> None:
    trial = _trial(n=300)
    few = np.zeros(300, dtype=bool)
    few[:20] = True
    with pytest.raises(TooFewError, match="20 treated and 280 untreated"):
        cross_fit(Trial(trial.x, few, trial.outcome), seed=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_outcome_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Trial(np.zeros((2, 1)), np.array([True, False]), np.array([bad, 1.0]))
