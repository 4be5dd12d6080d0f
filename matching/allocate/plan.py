"""The whole plan: fixed offers, priorities, the household's quota of welfare posts, programme seats.

The quota crosses people's arcs, so it is no plain network. The plan is solved without it; where a household got more
posts than it may hold, the member to whom the post is worth most keeps the right to one and the others lose theirs, and
the plan is solved again. The relaxed plan bounds the optimum, so the gap is known. A household that the relaxed plan
serves is still servable after the repair, by the member who kept the right: the priority of households is not touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.allocate.flow import Arcs, check_arcs, solve_flow
from matching.records import Bool, Int8, Int32, Int64


@dataclass(frozen=True, slots=True)
class Priorities:
    """Households and the tiers of their priority.

    Attributes
    ----------
    household
        Dense household of each person, of shape (n_people,).
    tiers
        Of shape (n_households, n_tiers), highest first: zero employment, then monitored or of low income.
    """

    household: Int32
    tiers: NDArray[np.bool_]

    @classmethod
    def of(cls, household_id: Int64, *, zero_employment: Int8, monitored: Int8, low_income: Int8) -> Priorities:
        """From the columns of people. Someone without a known household is a household of their own."""
        n = len(household_id)
        # Negative keys, one a person, cannot meet a real household's.
        keys = np.where(household_id > 0, household_id, -1 - np.arange(n, dtype=np.int64))
        _, household = np.unique(keys, return_inverse=True)
        n_households = int(household.max()) + 1 if n else 0
        tiers = np.zeros((n_households, 2), dtype=np.bool_)
        np.logical_or.at(tiers[:, 0], household, zero_employment == 1)
        np.logical_or.at(tiers[:, 1], household, (monitored == 1) | (low_income == 1))
        return cls(household.astype(np.int32), tiers)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who gets what.

    Attributes
    ----------
    target_of
        Target row of each person, of shape (n_people,); -1 gets nothing.
    first_job
        Whether it is the job that ends the zero employment of the person's household; one a household.
    surplus, bound
        Sum of surpluses of the plan, and what no plan within the quota could exceed at the same priorities.
    repairs
        Rounds the quota took; 0 when the first plan kept it.
    households_placed
        Households with somebody placed, by tier; a household in two tiers counts in both.
    """

    target_of: Int32
    first_job: Bool
    surplus: float
    bound: float
    repairs: int
    households_placed: tuple[int, ...]

    @property
    def gap(self) -> float:
        """Share of the bound that is missing, at least 0."""
        return max(self.bound - self.surplus, 0.0) / self.bound if self.bound > 0 else 0.0


def allocate(
    arcs: Arcs,
    *,
    priorities: Priorities,
    capacity: Int64,
    is_post: Bool,
    posts_per_household: int | None = None,
    fixed: Int32 | None = None,
    posts_held: Int32 | None = None,
) -> Plan:
    """Jobs and welfare posts in one plan: one person at most one of them.

    Parameters
    ----------
    arcs
        Candidates and the witness of :func:`max_servable`, over openings and posts numbered through.
    capacity
        Vacancies still open, fixed offers already taken off, of shape (n_targets,).
    is_post
        Whether a target is a welfare post, of shape (n_targets,).
    posts_per_household
        Most welfare posts a household may hold; None sets no limit.
    fixed
        Target that each person has already accepted, -1 none; such a person is placed there whatever else.
    posts_held
        Posts that each household holds already, of shape (n_households,).

    Raises
    ------
    FlowInputError
        When the arcs cannot be a network.
    """
    household, tiers = priorities.household, priorities.tiers
    check_arcs(arcs, n_people=len(household), capacity=capacity)
    n_households = len(tiers)
    fixed = np.full(len(household), -1, dtype=np.int32) if fixed is None else fixed
    is_fixed = fixed >= 0
    served = np.zeros(n_households, dtype=np.bool_)
    served[household[is_fixed]] = True
    room = np.full(n_households, np.iinfo(np.int64).max)
    if posts_per_household is not None:
        held = np.zeros(n_households, np.int64) if posts_held is None else posts_held.astype(np.int64)
        held = held + np.bincount(household[is_fixed], weights=is_post[fixed[is_fixed]], minlength=n_households).astype(
            np.int64
        )
        room = np.maximum(posts_per_household - held, 0)
    usable = arcs.where(~is_fixed[arcs.person]) if len(arcs) else arcs
    if len(usable):
        usable = usable.where(~(is_post[usable.target] & (room[household[usable.person]] == 0)))

    flow = solve_flow(usable, household=household, tiers=tiers, capacity=capacity, served=served)
    bound, repairs = flow.surplus + flow.rounding, 0
    while True:
        losers = _over_quota(flow.target_of, usable, household=household, is_post=is_post, room=room)
        if not losers.any():
            break
        usable = usable.where(~(is_post[usable.target] & losers[usable.person]))
        flow = solve_flow(usable, household=household, tiers=tiers, capacity=capacity, served=served)
        repairs += 1

    target_of = np.where(is_fixed, fixed, flow.target_of).astype(np.int32)
    if not repairs:
        bound = flow.surplus + flow.rounding
    return Plan(
        target_of,
        first_jobs(target_of, usable, priorities=priorities, fixed=is_fixed),
        flow.surplus,
        bound,
        repairs,
        households_placed(target_of, priorities),
    )


def households_placed(target_of: Int32, priorities: Priorities) -> tuple[int, ...]:
    """Households with somebody placed, by tier."""
    placed = np.zeros(len(priorities.tiers), dtype=np.bool_)
    placed[priorities.household[target_of >= 0]] = True
    return tuple(int(count) for count in (priorities.tiers & placed[:, None]).sum(axis=0))


def _over_quota(target_of: Int32, arcs: Arcs, *, household: Int32, is_post: Bool, room: Int64) -> Bool:
    """People who lose the right to a post: members of households over their quota, beyond those who keep it."""
    losers = np.zeros(len(target_of), dtype=np.bool_)
    holders = np.flatnonzero(target_of >= 0)
    holders = holders[is_post[target_of[holders]]]
    if not len(holders):
        return losers
    counts = np.bincount(household[holders], minlength=len(room))
    over = counts > room
    if not over.any():
        return losers
    worth = _worth(target_of, arcs)
    # Within a household the holder to whom the post is worth most first; ties by row, so that runs repeat.
    holders = holders[over[household[holders]]]
    holders = holders[np.lexsort((holders, -worth[holders], household[holders]))]
    house = household[holders]
    starts = np.flatnonzero(np.r_[True, np.diff(house) > 0])
    place = np.arange(len(holders)) - np.repeat(starts, np.diff(np.r_[starts, len(holders)]))
    keepers = holders[place < room[house]]
    losers[over[household]] = True
    losers[keepers] = False
    return losers


def _worth(target_of: Int32, arcs: Arcs) -> NDArray[np.float32]:
    """Surplus of what each person got, 0 for nothing."""
    worth = np.zeros(len(target_of), dtype=np.float32)
    chosen = target_of[arcs.person] == arcs.target
    worth[arcs.person[chosen]] = arcs.surplus[chosen]
    return worth


def first_jobs(target_of: Int32, arcs: Arcs, *, priorities: Priorities, fixed: Bool) -> Bool:
    """The one person in each zero-employment household whose placement ends it: an accepted offer, else the best."""
    first = np.zeros(len(target_of), dtype=np.bool_)
    household = priorities.household
    rows = np.flatnonzero(target_of >= 0)
    rows = rows[priorities.tiers[household[rows], 0]]
    if not len(rows):
        return first
    worth = _worth(target_of, arcs)
    rows = rows[np.lexsort((rows, -worth[rows], ~fixed[rows], household[rows]))]
    first[rows[np.r_[True, np.diff(household[rows]) > 0]]] = True
    return first


def allocate_seats(arcs: Arcs, *, priorities: Priorities, seats: Int64, barred: Bool | None = None) -> Plan:
    """Programme seats, one a person, by expected gain under the same priorities.

    Parameters
    ----------
    barred
        People who may not have a seat, for instance because the rules let nobody hold a seat beside a job.
    """
    check_arcs(arcs, n_people=len(priorities.household), capacity=seats)
    usable = arcs.where(~barred[arcs.person]) if barred is not None and len(arcs) else arcs
    flow = solve_flow(usable, household=priorities.household, tiers=priorities.tiers, capacity=seats)
    return Plan(
        flow.target_of,
        np.zeros(len(flow.target_of), dtype=np.bool_),  # a seat is no job
        flow.surplus,
        flow.surplus + flow.rounding,
        0,
        households_placed(flow.target_of, priorities),
    )
