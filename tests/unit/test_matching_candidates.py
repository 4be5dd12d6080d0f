"""Candidates equal those of a search that looks at every pair."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.candidates import candidates, top_k
from matching.candidates import search as search_module
from matching.features import SCORE_UNIT, on_grid
from matching.prices import Prices
from matching.rules import Eligibility, compile_rules
from schema.ruleset import load_ruleset
from tests.markets import random_openings, random_people

TODAY = date(2026, 6, 15)


def market(n: int, m: int, seed: int, *, dims: int = 7, levels: int = 5) -> tuple[Any, Any, Eligibility, Any]:
    """Factors with few distinct values, so that scores tie often, and the real rules."""
    rng = np.random.default_rng(seed)
    people, openings = random_people(n, seed), random_openings(m, seed)
    eligibility = compile_rules(load_ruleset(), today=TODAY).compile(people, openings)
    mine = on_grid(rng.integers(-levels, levels + 1, (n, dims)) / (2.0 * levels))
    theirs = on_grid(rng.integers(-levels, levels + 1, (m, dims)) / (2.0 * levels))
    return mine, theirs, eligibility, openings.vacancies


def brute_force(mine: Any, theirs: Any, k: int, *, allowed: Any, prices: Any = None) -> list[list[tuple[int, float]]]:
    """Every pair, in float64, which holds every sum on the grid exactly; equal values by target row."""
    value = mine.astype(np.float64) @ theirs.astype(np.float64).T
    if prices is not None:
        value = value - prices.astype(np.float64)[None, :]
    out = []
    for i in range(len(mine)):
        rows = np.flatnonzero(allowed[i])
        best = rows[np.lexsort((rows, -value[i, rows]))][:k]
        out.append([(int(j), float(value[i, j])) for j in best])
    return out


def lists(found: tuple[Any, Any, Any]) -> list[list[tuple[int, float]]]:
    indptr, rows, values = found
    return [
        [(int(j), float(v)) for j, v in zip(rows[a:b], values[a:b], strict=True)] for a, b in pairwise(indptr.tolist())
    ]


def all_pairs(eligibility: Eligibility) -> Any:
    bits = eligibility.bits(np.arange(eligibility.n_people))
    return np.unpackbits(bits, axis=1, count=eligibility.n_targets).astype(bool)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 40), st.integers(0, 150), st.integers(0, 60), st.integers(0, 10_000), st.sampled_from([1, 5, 400])
)
def test_equals_brute_force(n, m, k, seed, levels):
    mine, theirs, eligibility, vacancies = market(n, m, seed, levels=levels)
    prices = (np.random.default_rng(seed).integers(0, 200, m) * 1000 * SCORE_UNIT).astype(np.float32)
    usable = vacancies > 0
    allowed = all_pairs(eligibility) & usable[None, :]
    plain = top_k(mine, theirs, k=k, eligibility=eligibility, usable=usable)
    assert lists(plain) == brute_force(mine, theirs, k, allowed=allowed)
    priced = top_k(mine, theirs, k=k, eligibility=eligibility, usable=usable, prices=prices)
    assert lists(priced) == brute_force(mine, theirs, k, allowed=allowed, prices=prices)


def test_equals_brute_force_over_many_tiles_groups_and_blocks(monkeypatch):
    mine, theirs, eligibility, _ = market(700, 900, 4, dims=20)
    expected = brute_force(mine, theirs, 12, allowed=all_pairs(eligibility))
    assert lists(top_k(mine, theirs, k=12, eligibility=eligibility)) == expected
    for people, targets, task, group, least in ((3, 64, 50, 10_000, 1), (64, 128, 7, 1, 1000), (256, 2048, 8192, 5, 3)):
        monkeypatch.setattr(search_module, "_TILE_PEOPLE", people)
        monkeypatch.setattr(search_module, "_TILE_TARGETS", targets)
        monkeypatch.setattr(search_module, "_TASK_PEOPLE", task)
        monkeypatch.setattr(search_module, "_GROUP_PEOPLE", group)
        monkeypatch.setattr(search_module, "_GROUPS_LEAST", least)
        assert lists(top_k(mine, theirs, k=12, eligibility=eligibility)) == expected


def test_the_same_to_the_bit_for_any_part_of_the_people_and_any_order():
    mine, theirs, eligibility, _ = market(600, 500, 9, dims=30, levels=400)
    whole = lists(top_k(mine, theirs, k=20, eligibility=eligibility))
    rows = np.random.default_rng(0).permutation(600)[:97]
    assert lists(top_k(mine[rows], theirs, k=20, eligibility=eligibility.take(rows))) == [whole[row] for row in rows]


def test_all_equal_scores_give_the_lowest_rows():
    ones = on_grid(np.ones((5, 3)) / 2)
    found = top_k(ones, np.repeat(ones[:1], 200, axis=0), k=4)
    assert found[1].reshape(5, 4).tolist() == [[0, 1, 2, 3]] * 5


def test_without_rules_every_target_may_be_listed():
    mine, theirs, *_ = market(30, 90, 2)
    assert lists(top_k(mine, theirs, k=9)) == brute_force(mine, theirs, 9, allowed=np.ones((30, 90), dtype=bool))


@pytest.mark.parametrize(("n", "m"), [(0, 20), (20, 0), (0, 0)])
def test_nobody_or_nothing(n, m):
    mine, theirs, eligibility, vacancies = market(n, m, 1)
    found = candidates(mine, theirs, eligibility=eligibility, vacancies=vacancies)
    assert len(found) == 0
    assert found.indptr.tolist() == [0] * (n + 1)


def test_no_vacancies_no_candidates():
    mine, theirs, eligibility, vacancies = market(30, 40, 1)
    assert len(candidates(mine, theirs, eligibility=eligibility, vacancies=vacancies * 0)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_candidates_are_the_best_by_score_and_the_best_by_priced_score(seed):
    mine, theirs, eligibility, vacancies = market(200, 160, seed, dims=20, levels=300)
    price = (np.random.default_rng(seed).integers(0, 2**19, 160) * SCORE_UNIT).astype(np.float32)
    prices = Prices(price, 0.0, 0.0, 0)
    found = candidates(mine, theirs, eligibility=eligibility, vacancies=vacancies, k_score=3, k_priced=8, prices=prices)
    allowed = all_pairs(eligibility) & (vacancies > 0)[None, :]
    by_score = brute_force(mine, theirs, 3, allowed=allowed)
    by_priced = brute_force(mine, theirs, 8, allowed=allowed, prices=price)
    score = mine.astype(np.float64) @ theirs.astype(np.float64).T
    differ = 0
    for i in range(200):
        span = slice(int(found.indptr[i]), int(found.indptr[i + 1]))
        expected = sorted({j for j, _ in by_score[i]} | {j for j, _ in by_priced[i]})
        differ += len(expected) > 8
        assert found.target_row[span].tolist() == expected
        assert found.score[span].tolist() == score[i, expected].tolist()
    assert differ  # the two lists are not the same one
    assert (found.person_row == np.repeat(np.arange(200), np.diff(found.indptr))).all()


def test_candidates_are_the_same_twice():
    mine, theirs, eligibility, vacancies = market(300, 100, 7, dims=12, levels=50)
    one, other = (candidates(mine, theirs, eligibility=eligibility, vacancies=vacancies, seed=5) for _ in range(2))
    assert (one.target_row == other.target_row).all()
    assert (one.prices.price == other.prices.price).all()


def test_what_does_not_fit_together_is_refused():
    mine, theirs, eligibility, _ = market(10, 12, 0)
    for arguments in (
        {"people": mine[:, :3], "targets": theirs},
        {"people": mine[:4], "targets": theirs, "eligibility": eligibility},
        {"people": mine, "targets": theirs, "prices": np.zeros(3, dtype=np.float32)},
        {"people": mine, "targets": theirs, "usable": np.ones(3, dtype=bool)},
        {"people": mine, "targets": theirs, "k": -1},
    ):
        with pytest.raises(ValueError, match=r"fit together|other people|another length|at least 0"):
            top_k(**({"k": 2} | arguments))


def test_a_million_equal_people_share_one_search_each():
    # The same person many times over: one group, one list.
    mine, theirs, eligibility, _ = market(1, 300, 3)
    many = np.zeros(20_000, dtype=np.int64)
    found = lists(top_k(mine[many], theirs, k=3, eligibility=eligibility.take(many)))
    assert all(one == found[0] for one in found)
