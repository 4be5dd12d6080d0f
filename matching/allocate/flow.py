"""The plan as a min-cost flow, solved by OR-Tools.

The network, from the source to the sink::

    source ──(1, −bonus)──▶ household ──(1)──▶ person ──(1, −surplus)──▶ target ──(vacancies)──▶ sink
           ──(n−1, 0)─────▶
    source ──(everybody, 0)──▶ sink                       whoever gets nothing

A household's first unit is worth its bonus, the others nothing, so a bonus counts once a household. Bonuses dominate
strictly (see :func:`_bonuses`), which makes the optimum lexicographic.

Source: Ahuja, Magnanti, Orlin, Network Flows (1993), ch. 9–11 (cost scaling; convex costs as parallel arcs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.records import Bool, Float32, Int32, Int64

#: Cost levels that a surplus is rounded to, when the range of 64-bit costs leaves room for them.
LEVELS = 10_000
#: OR-Tools multiplies costs by the number of nodes; what it can hold after that, with room for sums.
_COST_LIMIT = 2**61


class FlowInputError(ValueError):
    """The arcs or capacities cannot be a network: the message says which column and why."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """Eligible pairs that the plan may use, any order, each pair once.

    ``surplus`` is the expected surplus of the pair, at least 0.
    """

    person: Int32  # row of the person
    target: Int32  # row of the target
    surplus: Float32

    def __len__(self) -> int:
        return len(self.person)

    def sorted(self) -> Arcs:
        """By person, then target; of a pair that is there twice the higher surplus stays."""
        order = np.lexsort((-self.surplus, self.target, self.person))
        person, target = self.person[order], self.target[order]
        first = np.ones(len(person), dtype=np.bool_)
        first[1:] = (person[1:] != person[:-1]) | (target[1:] != target[:-1])
        keep = order[first]
        return Arcs(self.person[keep], self.target[keep], self.surplus[keep])

    def where(self, mask: Bool) -> Arcs:
        """Only the arcs that ``mask`` holds true."""
        return Arcs(self.person[mask], self.target[mask], self.surplus[mask])


@dataclass(frozen=True, slots=True)
class Flow:
    """An optimal assignment.

    Attributes
    ----------
    target_of
        Target row of each person, of shape (n_people,); -1 gets nothing.
    surplus
        Sum of the surpluses assigned, unrounded.
    rounding
        What the optimum of the unrounded surpluses could exceed ``surplus`` by, at most.
    """

    target_of: Int32
    surplus: float
    rounding: float


def check_arcs(arcs: Arcs, *, n_people: int, capacity: Int64) -> None:
    """Refuse what cannot be a network.

    Raises
    ------
    FlowInputError
        A row is out of range, a surplus is no number or negative, or a capacity is negative.
    """
    if not len(arcs.person) == len(arcs.target) == len(arcs.surplus):
        raise FlowInputError("person, target and surplus have different lengths")
    if len(arcs) and (arcs.person.min() < 0 or arcs.person.max() >= n_people):
        raise FlowInputError("person is out of range")
    if len(arcs) and (arcs.target.min() < 0 or arcs.target.max() >= len(capacity)):
        raise FlowInputError("target is out of range")
    if not np.isfinite(arcs.surplus).all() or (len(arcs) and arcs.surplus.min() < 0):
        raise FlowInputError("surplus has a value that is not a number of at least 0")
    if len(capacity) and capacity.min() < 0:
        raise FlowInputError("capacity has a negative value")


def _bonuses(n_tiers: int, path: int, n_nodes: int) -> tuple[list[int], int]:
    """Bonus of each tier, highest first, in cost units, and the number of cost levels of a surplus.

    Two assignments differ by cycles of the residual network that pass the source at most once. One such cycle changes
    the number of served households of a tier by at most one, and visits each person and each target at most once, so
    it moves surpluses by at most ``path × (levels + 1)``. A bonus above that, and above the lower bonuses together, is
    therefore enough: it need not exceed the sum of all surpluses.

    Parameters
    ----------
    path
        The smaller of the numbers of people and of targets.
    """
    levels = LEVELS
    while True:
        bonuses: list[int] = []
        for _ in range(n_tiers):
            bonuses.insert(0, path * (levels + 1) + sum(bonuses) + 1)
        if (sum(bonuses) + levels) * (n_nodes + 1) < _COST_LIMIT:
            return bonuses, levels
        if levels == 1:
            raise FlowInputError("more people than the range of costs can order; split by prefecture")
        levels = max(levels // 4, 1)


def solve_flow(
    arcs: Arcs, *, household: Int32, tiers: NDArray[np.bool_], capacity: Int64, served: Bool | None = None
) -> Flow:
    """The assignment that serves most households of the first tier, then of the second …, then the greatest surplus.

    Parameters
    ----------
    arcs
        Pairs that may be assigned.
    household
        Household of each person, dense from 0, of shape (n_people,).
    tiers
        Of shape (n_households, n_tiers), the highest tier first.
    capacity
        Vacancies of each target.
    served
        Households whose first job is already there (an accepted offer): they earn no bonus.

    Raises
    ------
    FlowInputError
        See :func:`check_arcs`.
    """
    from ortools.graph.python import min_cost_flow

    n_people = len(household)
    check_arcs(arcs, n_people=n_people, capacity=capacity)
    target_of = np.full(n_people, -1, dtype=np.int32)
    arcs = arcs.sorted()
    arcs = arcs.where(capacity[arcs.target] > 0)
    if not len(arcs):
        return Flow(target_of, 0.0, 0.0)

    people, person = np.unique(arcs.person, return_inverse=True)
    targets, target = np.unique(arcs.target, return_inverse=True)
    houses, house = np.unique(household[people], return_inverse=True)
    sizes = np.bincount(house)
    house_tiers = tiers[houses]
    if served is not None:
        house_tiers = house_tiers & ~served[houses, None]
    # A household of one, or one without a bonus, needs no node: its people hang on the source.
    grouped = (sizes > 1) & house_tiers.any(axis=1)
    n, m = len(people), len(targets)
    node_of_house = np.cumsum(grouped) + n + m + 1
    n_nodes = n + m + 2 + int(grouped.sum())
    source, sink = 0, n + m + 1
    # Node numbers: source 0, people 1..n, targets n+1..n+m, sink n+m+1, then the grouped households.
    bonuses, levels = _bonuses(house_tiers.shape[1], min(n, m), n_nodes)
    bonus = house_tiers.astype(np.int64) @ np.array(bonuses, dtype=np.int64)

    greatest = float(arcs.surplus.max())
    unit = greatest / levels if greatest > 0 else 1.0
    # One level more for each: a placement of next to no surplus is still better than none.
    cost = np.rint(arcs.surplus.astype(np.float64) / unit).astype(np.int64) + 1

    single = ~grouped[house]
    at_home = np.flatnonzero(~single)
    tails = [
        person + 1,
        np.arange(n + 1, n + m + 1),
        np.full(int(single.sum()), source),
        node_of_house[house[at_home]],
        np.full(int(grouped.sum()), source),
        np.full(int(grouped.sum()), source),
        np.array([source]),
    ]
    heads = [
        target + n + 1,
        np.full(m, sink),
        np.flatnonzero(single) + 1,
        at_home + 1,
        node_of_house[grouped],
        node_of_house[grouped],
        np.array([sink]),
    ]
    capacities = [
        np.ones(len(arcs)),
        np.minimum(capacity[targets], n),
        np.ones(int(single.sum())),
        np.ones(len(at_home)),
        np.ones(int(grouped.sum())),
        sizes[grouped] - 1,
        np.array([n]),
    ]
    costs = [
        -cost,
        np.zeros(m),
        # A household of one carries its bonus on its person's arc; a larger one without a bonus carries 0.
        -bonus[house[single]],
        np.zeros(len(at_home)),
        -bonus[grouped],
        np.zeros(int(grouped.sum())),
        np.zeros(1),
    ]
    solver = min_cost_flow.SimpleMinCostFlow()
    index = solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate(tails).astype(np.int32),
        np.concatenate(heads).astype(np.int32),
        np.concatenate(capacities).astype(np.int64),
        np.concatenate([part.astype(np.int64) for part in costs]),
    )
    solver.set_node_supply(source, n)
    solver.set_node_supply(sink, -n)
    status = solver.solve()
    if status != solver.OPTIMAL:
        # Supply can always take the bypass, so this is a defect and not an answer.
        raise RuntimeError(f"min-cost flow ended with {status.name}")
    used = solver.flows(index[: len(arcs)]) > 0
    target_of[arcs.person[used]] = arcs.target[used]
    assigned = int(used.sum())
    return Flow(target_of, float(arcs.surplus[used].sum(dtype=np.float64)), rounding=1.5 * unit * assigned)


def most_placed(person: Int32, target: Int32, *, n_people: int, capacity: Int64) -> Int32:
    """Target row of each person when as many people as can be are placed, whatever the surplus; -1 nothing.

    Much faster than :func:`solve_flow`: it tells which vacancies a set of arcs cannot fill.
    """
    from ortools.graph.python import max_flow

    target_of = np.full(n_people, -1, dtype=np.int32)
    if not len(person):
        return target_of
    m = len(capacity)
    source, sink = n_people + m, n_people + m + 1
    everybody = np.unique(person)
    solver = max_flow.SimpleMaxFlow()
    index = solver.add_arcs_with_capacity(
        np.concatenate([person, np.full(len(everybody), source), np.arange(n_people, n_people + m)]).astype(np.int32),
        np.concatenate([target + n_people, everybody, np.full(m, sink)]).astype(np.int32),
        np.concatenate([np.ones(len(person)), np.ones(len(everybody)), np.minimum(capacity, n_people)]).astype(
            np.int64
        ),
    )
    status = solver.solve(source, sink)
    if status != solver.OPTIMAL:
        raise RuntimeError(f"maximum flow ended with {status.name}")
    used = solver.flows(index[: len(person)]) > 0
    target_of[person[used]] = target[used]
    return target_of
