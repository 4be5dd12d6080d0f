"""Prices spread a crowd over the vacancies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matching.candidates import top_k
from matching.candidates.lists import price_targets
from matching.candidates.search import anything
from matching.features import SCORE_UNIT, on_grid
from matching.prices import Prices, learn_prices, sample_rows


def skewed(n: int, m: int, seed: int = 0) -> tuple[Any, Any]:
    """People who nearly all prefer the same few targets."""
    rng = np.random.default_rng(seed)
    lovely = rng.exponential(0.5, m)
    taste = rng.normal(0, 0.25, (n, 6)), rng.normal(0, 0.5, (m, 6))
    mine = on_grid(np.concatenate([np.ones((n, 1)), taste[0]], axis=1))
    return mine, on_grid(np.concatenate([lovely[:, None], taste[1]], axis=1))


def crowding(mine: Any, theirs: Any, vacancies: Any, prices: Any) -> float:
    """Share of people whose first choice has no vacancy left for them."""
    _, first, _ = top_k(mine, theirs, k=1, prices=prices)
    wanted = np.bincount(first, minlength=len(theirs))
    return float(np.maximum(wanted - vacancies, 0).sum() / len(mine))


@pytest.mark.parametrize("seed", range(3))
def test_prices_take_the_crowd_apart(seed):
    mine, theirs = skewed(1500, 60, seed)
    vacancies = np.full(60, 30)
    prices = price_targets(mine, theirs, eligibility=anything(1500, 60), vacancies=vacancies)
    assert prices.overload_before > 0.4
    assert prices.overload_after < 0.1
    free = np.zeros(60, dtype=np.float32)
    assert crowding(mine, theirs, vacancies, prices.price) < crowding(mine, theirs, vacancies, free) / 3
    assert prices.sampled == 1500


def test_prices_of_what_nobody_wants_are_nought_and_of_the_loveliest_highest():
    mine, theirs = skewed(1500, 60)
    prices = price_targets(mine, theirs, eligibility=anything(1500, 60), vacancies=np.full(60, 100)).price
    order = np.argsort(-theirs[:, 0])
    assert prices.min() == 0
    assert prices[order[:5]].mean() > 4 * prices[order[-30:]].mean()


def test_lists_by_priced_score_reach_vacancies_that_lists_by_score_do_not():
    mine, theirs = skewed(2000, 300)
    vacancies = np.full(300, 8)
    prices = price_targets(mine, theirs, eligibility=anything(2000, 300), vacancies=vacancies)
    plain = np.unique(top_k(mine, theirs, k=10)[1])
    priced = np.unique(top_k(mine, theirs, k=10, prices=prices.price)[1])
    assert len(priced) > 1.3 * len(plain)


def test_with_fewer_vacancies_than_people_the_crowd_spreads_and_prices_stay_finite():
    mine, theirs = skewed(1500, 60)
    vacancies = np.full(60, 2)
    prices = price_targets(mine, theirs, eligibility=anything(1500, 60), vacancies=vacancies)
    assert np.isfinite(prices.price).all()
    assert prices.overload_after < prices.overload_before / 3


def test_prices_lie_on_the_grid_and_are_never_negative():
    mine, theirs = skewed(500, 40)
    price = price_targets(mine, theirs, eligibility=anything(500, 40), vacancies=np.full(40, 5)).price
    assert (price >= 0).all()
    assert (price / SCORE_UNIT == np.rint(price / SCORE_UNIT)).all()


def test_never_worse_than_no_prices_at_all():
    # Everybody can have one target alone: no price helps.
    def demand(price: Any) -> Any:
        n = 50
        return np.arange(n + 1), np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.float32) - price[0]

    prices = learn_prices(demand, vacancies=np.array([3, 0]), n_people=50, n_sampled=50)
    assert prices.overload_after <= prices.overload_before
    assert prices.price[1] == 0  # without a vacancy, without a price


@pytest.mark.parametrize(("n", "m"), [(0, 5), (5, 0), (0, 0)])
def test_nobody_or_nothing(n, m):
    mine, theirs = np.zeros((n, 2), dtype=np.float32), np.zeros((m, 2), dtype=np.float32)
    found = price_targets(mine, theirs, eligibility=anything(n, m), vacancies=np.ones(m, dtype=np.int32))
    assert isinstance(found, Prices)
    assert found.price.tolist() == [0.0] * m


def test_zero_and_a_million_vacancies():
    mine, theirs = skewed(300, 10)
    none = price_targets(mine, theirs, eligibility=anything(300, 10), vacancies=np.zeros(10, dtype=np.int32))
    plenty = price_targets(mine, theirs, eligibility=anything(300, 10), vacancies=np.full(10, 1_000_000))
    assert none.price.max() == 0
    assert plenty.price.max() == 0
    assert plenty.overload_before == 0


def test_the_sample_is_everybody_in_a_small_place_and_a_fiftieth_of_a_large_one():
    assert sample_rows(3000, seed=1).tolist() == list(range(3000))
    large = sample_rows(1_000_000, seed=1)
    assert len(large) == 20_000
    assert (np.diff(large) > 0).all()
    assert (large == sample_rows(1_000_000, seed=1)).all()
    assert (large != sample_rows(1_000_000, seed=2)).any()


def test_a_sample_sees_vacancies_scaled_down_alike():
    mine, theirs = skewed(20_000, 50)
    vacancies = np.full(50, 500)
    prices = price_targets(mine, theirs, eligibility=anything(20_000, 50), vacancies=vacancies)
    assert prices.sampled == 4000
    free = np.zeros(50, dtype=np.float32)
    assert crowding(mine, theirs, vacancies, prices.price) < crowding(mine, theirs, vacancies, free) / 3
