"""The plan against linear programming, brute force and an independent maximum flow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from matching.allocate import Arcs, FlowInputError, Priorities, allocate, allocate_seats, max_servable

SEEDS = st.integers(0, 2**32 - 1)


def _market(seed: int, *, people: int, targets: int, density: float, vacancies: int):
    """A random market: eligibility, surpluses, households, vacancies, which targets are posts."""
    rng = np.random.default_rng(seed)
    eligible = rng.random((people, targets)) < density
    surplus = (rng.random((people, targets)) * 5000).astype(np.float32)
    household_id = rng.integers(0, max(people * 2 // 3, 1), people).astype(np.int64)  # 0: none known
    flags = [(rng.random(people) < share).astype(np.int8) for share in (0.4, 0.3, 0.2)]
    priorities = Priorities.of(household_id, zero_employment=flags[0], monitored=flags[1], low_income=flags[2])
    capacity = rng.integers(0, vacancies + 1, targets).astype(np.int64)
    return eligible, surplus, priorities, capacity, rng.random(targets) < 0.3


def _arcs(eligible, surplus) -> Arcs:
    person, target = np.nonzero(eligible)
    return Arcs(person.astype(np.int32), target.astype(np.int32), surplus[person, target])


def _check_feasible(plan, eligible, capacity):
    placed = np.flatnonzero(plan.target_of >= 0)
    assert eligible[placed, plan.target_of[placed]].all()
    assert (np.bincount(plan.target_of[placed], minlength=len(capacity)) <= capacity).all()


def _integer_optimum(eligible, surplus, priorities, capacity, *, is_post, quota):
    """The lexicographic optimum by mixed-integer programming, one objective after the other."""
    person, target = np.nonzero(eligible)
    n_arcs, n_houses = len(person), len(priorities.tiers)
    house = priorities.household[person]
    size = n_arcs + n_houses  # assignment variables, then "this household has somebody placed"
    rows = [(np.flatnonzero(person == p), 1.0, 1) for p in np.unique(person)]
    rows += [(np.flatnonzero(target == t), 1.0, capacity[t]) for t in np.unique(target)]
    matrix, upper = np.zeros((len(rows) + 2 * n_houses, size)), np.zeros(len(rows) + 2 * n_houses)
    for i, (columns, value, limit) in enumerate(rows):
        matrix[i, columns], upper[i] = value, limit
    for h in range(n_houses):
        i = len(rows) + h
        matrix[i, n_arcs + h], matrix[i, np.flatnonzero(house == h)] = 1.0, -1.0
        j = len(rows) + n_houses + h
        matrix[j, np.flatnonzero((house == h) & is_post[target])] = 1.0
        upper[j] = quota if quota is not None else n_arcs + 1
    constraints = [LinearConstraint(matrix, -np.inf, upper)]
    results = []
    for goal in (*(np.r_[np.zeros(n_arcs), tier.astype(float)] for tier in priorities.tiers.T), None):
        weights = np.r_[surplus[person, target].astype(float), np.zeros(n_houses)] if goal is None else goal
        answer = milp(-weights, constraints=constraints, bounds=Bounds(0, 1), integrality=np.ones(size))
        assert answer.success
        results.append(-answer.fun)
        if goal is not None:
            constraints.append(LinearConstraint(goal, round(-answer.fun), np.inf))
    return results


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, people=st.integers(1, 12), targets=st.integers(1, 8), density=st.floats(0.05, 0.9))
def test_the_plan_is_the_lexicographic_optimum(seed, people, targets, density):
    eligible, surplus, priorities, capacity, is_post = _market(
        seed, people=people, targets=targets, density=density, vacancies=2
    )
    plan = allocate(_arcs(eligible, surplus), priorities=priorities, capacity=capacity, is_post=is_post)
    _check_feasible(plan, eligible, capacity)
    if not eligible.any():
        assert plan.surplus == 0
        return
    first, second, total = _integer_optimum(eligible, surplus, priorities, capacity, is_post=is_post, quota=None)
    assert plan.households_placed == (round(first), round(second))
    assert plan.surplus <= total + 1e-3
    assert plan.bound >= total - 1e-3
    assert plan.surplus >= total - 1.0 * people


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, people=st.integers(2, 12), targets=st.integers(1, 6), quota=st.integers(0, 2))
def test_the_household_quota_of_posts_holds_and_its_gap_is_true(seed, people, targets, quota):
    eligible, surplus, priorities, capacity, is_post = _market(
        seed, people=people, targets=targets, density=0.6, vacancies=3
    )
    plan = allocate(
        _arcs(eligible, surplus),
        priorities=priorities,
        capacity=capacity,
        is_post=is_post,
        posts_per_household=quota,
    )
    _check_feasible(plan, eligible, capacity)
    holders = np.flatnonzero((plan.target_of >= 0) & is_post[plan.target_of])
    assert np.bincount(priorities.household[holders], minlength=1).max() <= quota
    if not eligible.any():
        return
    first, second, total = _integer_optimum(eligible, surplus, priorities, capacity, is_post=is_post, quota=quota)
    assert plan.households_placed == (round(first), round(second))
    assert plan.surplus - 1e-3 <= total <= plan.bound + 1e-3
    assert 0 <= plan.gap <= 1


@pytest.mark.parametrize("scenario", ["plenty", "scarce", "skewed"])
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_zero_employment_households_placed_are_the_maximum_flow(scenario, seed):
    """Candidates are few and clustered; the witness makes up for what they miss."""
    rng = np.random.default_rng(seed)
    n, m = 300, 60
    eligible = rng.random((n, m)) < 0.15
    vacancies = {"plenty": 8, "scarce": 2, "skewed": 4}[scenario]
    capacity = rng.integers(0, vacancies + 1, m).astype(np.int64)
    lure = rng.random(m)
    if scenario == "skewed":  # everybody's best are the same few, and the vacancies are elsewhere
        capacity[lure > 0.8] = 1
    surplus = (lure[None, :] * 1000 + rng.random((n, m)) * 10).astype(np.float32)
    priorities = Priorities.of(
        rng.integers(1, 180, n).astype(np.int64),
        zero_employment=(rng.random(n) < 0.7).astype(np.int8),
        monitored=(rng.random(n) < 0.3).astype(np.int8),
        low_income=np.zeros(n, np.int8),
    )
    members = np.flatnonzero(priorities.tiers[priorities.household, 0]).astype(np.int32)
    servable = max_servable(
        np.packbits(eligible[members], axis=1),
        person=members,
        household=priorities.household[members],
        capacity=capacity,
    )
    assert servable.count == _scipy_servable(eligible[members], priorities.household[members], capacity)
    assert len(np.unique(priorities.household[servable.person])) == servable.count == len(servable.person)
    assert eligible[servable.person, servable.target].all()
    assert (np.bincount(servable.target, minlength=m) <= capacity).all()

    shown = np.zeros_like(eligible)  # three candidates a person, the alluring ones
    best = np.argsort(np.where(eligible, -surplus, np.inf), axis=1)[:, :3]
    np.put_along_axis(shown, best, True, axis=1)
    shown &= eligible
    alone = allocate(_arcs(shown, surplus), priorities=priorities, capacity=capacity, is_post=np.zeros(m, bool))
    assert alone.households_placed[0] <= servable.count
    shown[servable.person, servable.target] = True
    plan = allocate(_arcs(shown, surplus), priorities=priorities, capacity=capacity, is_post=np.zeros(m, bool))
    assert plan.households_placed[0] == servable.count
    assert plan.first_job.sum() == servable.count
    assert (plan.target_of[plan.first_job] >= 0).all()


def _scipy_servable(eligible, household, capacity) -> int:
    houses, house = np.unique(household, return_inverse=True)
    n, m = len(houses), len(capacity)
    matrix = np.zeros((n + m + 2, n + m + 2), dtype=np.int32)
    for row, h in zip(eligible, house, strict=True):
        matrix[1 + h, n + 1 : n + 1 + m] |= row
    matrix[0, 1 : n + 1] = 1
    matrix[n + 1 : n + 1 + m, -1] = capacity
    return int(maximum_flow(csr_matrix(matrix), 0, n + m + 1).flow_value)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, people=st.integers(1, 40), targets=st.integers(1, 30), density=st.floats(0.01, 0.6))
def test_max_servable_is_the_maximum_over_all_pairs(seed, people, targets, density):
    eligible, _, priorities, capacity, _ = _market(seed, people=people, targets=targets, density=density, vacancies=2)
    rows = np.arange(people, dtype=np.int32)
    got = max_servable(np.packbits(eligible, axis=1), person=rows, household=priorities.household, capacity=capacity)
    assert got.count == _scipy_servable(eligible, priorities.household, capacity)


def test_max_servable_needs_more_arcs_than_it_starts_with():
    """Everybody may have the same few hundred openings of one vacancy, and one of their own that the cut must find."""
    n, shared = 600, 300
    eligible = np.zeros((n, shared + n), dtype=bool)
    eligible[:, :shared] = True
    eligible[np.arange(n), shared + np.arange(n)] = True
    rows = np.arange(n, dtype=np.int32)
    got = max_servable(
        np.packbits(eligible, axis=1), person=rows, household=rows, capacity=np.ones(shared + n, dtype=np.int64)
    )
    assert got.count == n
    assert got.rounds > 1


def test_a_million_equal_people_are_one_node():
    n = 1_000_000
    rows = np.arange(n, dtype=np.int32)
    eligible = np.full((n, 1), 0b11000000, dtype=np.uint8)
    got = max_servable(eligible, person=rows, household=rows, capacity=np.array([10, 10**6], dtype=np.int64))
    assert got.count == n
    assert np.bincount(got.target).tolist() == [10, n - 10] or np.bincount(got.target)[0] <= 10


@pytest.mark.parametrize("vacancies", [0, 1, 10**6])
def test_vacancies_from_none_to_a_million(vacancies):
    n = 50
    rows = np.arange(n, dtype=np.int32)
    arcs = Arcs(rows, np.zeros(n, np.int32), np.ones(n, np.float32))
    priorities = Priorities.of(
        np.arange(1, n + 1), zero_employment=np.ones(n, np.int8), monitored=np.zeros(n, np.int8), low_income=np.zeros(n)
    )
    capacity = np.array([vacancies], dtype=np.int64)
    plan = allocate(arcs, priorities=priorities, capacity=capacity, is_post=np.array([False]))
    assert (plan.target_of >= 0).sum() == min(n, vacancies)
    servable = max_servable(np.full((n, 1), 128, np.uint8), person=rows, household=rows, capacity=capacity)
    assert servable.count == min(n, vacancies)


def test_nobody_and_nothing():
    none = Arcs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
    nobody = Priorities.of(
        np.zeros(0, np.int64), zero_employment=np.zeros(0), monitored=np.zeros(0), low_income=np.zeros(0)
    )
    no_target = np.zeros(0, np.int64)
    plan = allocate(none, priorities=nobody, capacity=no_target, is_post=no_target.astype(bool), posts_per_household=1)
    assert len(plan.target_of) == 0
    assert plan.households_placed == (0, 0)
    assert (
        max_servable(np.zeros((0, 0), np.uint8), person=none.person, household=none.person, capacity=no_target).count
        == 0
    )
    assert allocate_seats(none, priorities=nobody, seats=no_target).surplus == 0


def test_an_accepted_offer_stays_and_counts_as_the_first_job():
    arcs = Arcs(np.array([0, 1, 2], np.int32), np.array([1, 1, 1], np.int32), np.array([5, 9, 1], np.float32))
    priorities = Priorities.of(
        np.array([7, 7, 8]),
        zero_employment=np.ones(3, np.int8),
        monitored=np.zeros(3, np.int8),
        low_income=np.zeros(3, np.int8),
    )
    plan = allocate(
        arcs,
        priorities=priorities,
        capacity=np.array([0, 1]),
        is_post=np.array([False, False]),
        fixed=np.array([0, -1, -1], np.int32),
    )
    # Person 1 is worth more, but household 7 is served by the accepted offer, so the vacancy goes to household 8.
    assert plan.target_of.tolist() == [0, -1, 1]
    assert plan.first_job.tolist() == [True, False, True]
    assert plan.households_placed[0] == 2


def test_a_post_already_held_uses_up_the_quota():
    arcs = Arcs(np.array([0, 1], np.int32), np.array([0, 0], np.int32), np.array([1, 1], np.float32))
    priorities = Priorities.of(
        np.array([1, 2]), zero_employment=np.zeros(2), monitored=np.zeros(2), low_income=np.zeros(2)
    )
    plan = allocate(
        arcs,
        priorities=priorities,
        capacity=np.array([2]),
        is_post=np.array([True]),
        posts_per_household=1,
        posts_held=np.array([1, 0], np.int32),
    )
    assert plan.target_of.tolist() == [-1, 0]


def test_seats_go_where_the_gain_is_greatest():
    rng = np.random.default_rng(1)
    gain = rng.random((6, 3)).astype(np.float32)
    nobody = np.zeros(6, np.int8)
    priorities = Priorities.of(np.arange(1, 7), zero_employment=nobody, monitored=nobody, low_income=nobody)
    seats = np.array([1, 2, 1])
    plan = allocate_seats(_arcs(np.ones((6, 3), bool), gain), priorities=priorities, seats=seats)
    best = max(
        sum(gain[p, t] for p, t in zip(who, (0, 1, 1, 2), strict=True)) for who in itertools.permutations(range(6), 4)
    )
    assert plan.surplus == pytest.approx(best, rel=1e-3)
    barred = np.arange(6) < 5
    plan = allocate_seats(_arcs(np.ones((6, 3), bool), gain), priorities=priorities, seats=seats, barred=barred)
    assert (plan.target_of >= 0).tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("arcs", "capacity", "word"),
    [
        (Arcs(np.array([9]), np.array([0]), np.array([1.0])), [1], "person"),
        (Arcs(np.array([0]), np.array([9]), np.array([1.0])), [1], "target"),
        (Arcs(np.array([0]), np.array([0]), np.array([np.nan])), [1], "surplus"),
        (Arcs(np.array([0]), np.array([0]), np.array([-1.0])), [1], "surplus"),
        (Arcs(np.array([0]), np.array([0]), np.array([1.0])), [-1], "capacity"),
        (Arcs(np.array([0, 0]), np.array([0]), np.array([1.0])), [1], "length"),
    ],
)
def test_what_is_no_network_is_refused(arcs, capacity, word):
    one = np.ones(1, np.int8)
    priorities = Priorities.of(np.array([1]), zero_employment=one, monitored=one, low_income=one)
    with pytest.raises(FlowInputError, match=word):
        allocate(arcs, priorities=priorities, capacity=np.array(capacity), is_post=np.zeros(1, bool))


def test_order_of_the_arcs_does_not_matter():
    eligible, surplus, priorities, capacity, is_post = _market(3, people=40, targets=15, density=0.4, vacancies=2)
    arcs = _arcs(eligible, np.round(surplus, -2))  # many ties
    shuffled = arcs.where(np.random.default_rng(0).permutation(len(arcs)))
    plans = [
        allocate(a, priorities=priorities, capacity=capacity, is_post=is_post, posts_per_household=1)
        for a in (arcs, shuffled)
    ]
    assert plans[0].target_of.tolist() == plans[1].target_of.tolist()


def test_the_linear_program_agrees_on_a_larger_market():
    rng = np.random.default_rng(5)
    n, m = 120, 30
    surplus = (rng.random((n, m)) * 3000).astype(np.float32)
    eligible = rng.random((n, m)) < 0.4
    capacity = rng.integers(0, 4, m)
    none = np.zeros(n, np.int8)
    priorities = Priorities.of(np.arange(1, n + 1), zero_employment=none, monitored=none, low_income=none)
    plan = allocate(_arcs(eligible, surplus), priorities=priorities, capacity=capacity, is_post=np.zeros(m, bool))
    person, target = np.nonzero(eligible)
    arcs = np.arange(len(person))
    matrix = csr_matrix(
        (np.ones(2 * len(arcs)), (np.r_[person, n + target], np.r_[arcs, arcs])), shape=(n + m, len(arcs))
    )
    answer = linprog(-surplus[person, target], A_ub=matrix, b_ub=np.r_[np.ones(n), capacity], bounds=(0, 1))
    assert plan.surplus == pytest.approx(-answer.fun, rel=1e-4)
    assert plan.bound >= -answer.fun - 1e-3
