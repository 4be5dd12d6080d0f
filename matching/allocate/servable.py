"""How many households could be served at most, over every eligible pair.

All eligible pairs are too many for a network, but few of them matter. The flow is solved over a few arcs a household;
its minimum cut then says exactly which missing arcs could carry more. They are added and the flow solved again, until
no eligible pair crosses the cut. By the max-flow min-cut theorem the flow is then the maximum over all pairs.

Source: Ford and Fulkerson (1956); arcs generated as columns are in linear programming (Gilmore and Gomory, 1961).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.records import Int32, Int64

#: Arcs a group of households starts with, and is given in the first round; doubled each round.
_ARCS = 12
#: Rows of the bit matrix that are unpacked at once.
_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Servable:
    """The maximum flow and one way to reach it: pairs (person row, target row), one a household."""

    count: int
    person: Int32
    target: Int32
    rounds: int


def _spread(columns: Int64, most: int, offset: int) -> Int64:
    """At most ``most`` of ``columns``, evenly spread from ``offset`` on, so that groups do not all ask for the same."""
    if len(columns) <= most:
        return columns
    picked = (np.arange(most) * len(columns)) // most + offset % len(columns)
    return columns[picked % len(columns)]


def max_servable(eligible: NDArray[np.uint8], *, person: Int32, household: Int32, capacity: Int64) -> Servable:
    """How many households have a member who can get a target, all at the same time.

    Parameters
    ----------
    eligible
        Whether each person may have each target, packed along the targets by ``numpy.packbits``, of shape
        (n_rows, ceil(n_targets / 8)).
    person
        Row of the person that each row of ``eligible`` speaks of.
    household
        Household of that person, of shape (n_rows,).
    capacity
        Vacancies, of shape (n_targets,).
    """
    from ortools.graph.python import max_flow

    m = len(capacity)
    nothing = np.zeros(0, dtype=np.int32)
    if not len(person) or not m or not capacity.any():
        return Servable(0, nothing, nothing, 0)
    # One row a household: what any of its members may have and is still to be filled.
    houses, house = np.unique(household, return_inverse=True)
    order = np.argsort(house, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(house[order]) > 0])
    rows = np.bitwise_or.reduceat(eligible[order], starts, axis=0) & np.packbits(capacity > 0)
    # Households that may have exactly the same are one node.
    groups, group, sizes = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    g = len(groups)
    source, sink = 0, g + m + 1
    tails = [np.zeros(g, np.int64), np.arange(g + 1, g + m + 1)]
    heads = [np.arange(1, g + 1), np.full(m, sink)]
    capacities = [sizes.astype(np.int64), np.minimum(capacity, len(houses))]
    seen = np.zeros_like(groups)
    open_groups = np.ones(g, dtype=np.bool_)
    open_targets = np.ones(m, dtype=np.bool_)
    rounds, most = 0, _ARCS
    while True:
        new_groups, new_targets = _crossing(groups & ~seen, open_groups, open_targets, most)
        if rounds and not len(new_groups):
            break
        np.bitwise_or.at(seen, (new_groups, new_targets >> 3), (128 >> (new_targets & 7)).astype(np.uint8))
        tails.append(new_groups + 1)
        heads.append(new_targets + g + 1)
        capacities.append(np.minimum(sizes[new_groups], capacity[new_targets]))
        solver = max_flow.SimpleMaxFlow()
        solver.add_arcs_with_capacity(
            np.concatenate(tails).astype(np.int32),
            np.concatenate(heads).astype(np.int32),
            np.concatenate(capacities).astype(np.int64),
        )
        status = solver.solve(source, sink)
        if status != solver.OPTIMAL:
            raise RuntimeError(f"maximum flow ended with {status.name}")
        rounds, most = rounds + 1, most * 2
        near = np.zeros(g + m + 2, dtype=np.bool_)
        near[solver.get_source_side_min_cut()] = True
        open_groups, open_targets = near[1 : g + 1], ~near[g + 1 : g + m + 1]
    flows = np.asarray(solver.flows(np.arange(g + m, solver.num_arcs(), dtype=np.int32)))
    chosen = np.repeat(np.arange(len(flows)), flows)
    house_of, target_of = _units(
        np.concatenate(tails)[g + m :][chosen] - 1, np.concatenate(heads)[g + m :][chosen] - g - 1, group, sizes
    )
    # Any member who may have the target stands for the household.
    ends = np.r_[starts[1:], len(order)]
    who = np.empty(len(house_of), dtype=np.int64)
    for i, (h, t) in enumerate(zip(house_of.tolist(), target_of.tolist(), strict=True)):
        members = order[starts[h] : ends[h]]
        who[i] = members[np.argmax(eligible[members, t >> 3] & (128 >> (t & 7)) > 0)]
    return Servable(int(solver.optimal_flow()), person[who].astype(np.int32), target_of.astype(np.int32), rounds)


def _units(group_of: Int64, target_of: Int64, group: Int64, sizes: Int64) -> tuple[Int64, Int64]:
    """Hand the units that flowed through each group to its households, in their order."""
    by_unit = np.argsort(group_of, kind="stable")
    group_of, target_of = group_of[by_unit], target_of[by_unit]
    units = np.bincount(group_of, minlength=len(sizes))
    place = np.arange(len(group_of)) - np.repeat(np.cumsum(units) - units, units)
    first = np.cumsum(sizes) - sizes
    return np.argsort(group, kind="stable")[first[group_of] + place], target_of


def _crossing(
    bits: NDArray[np.uint8], rows: NDArray[np.bool_], columns: NDArray[np.bool_], most: int
) -> tuple[Int64, Int64]:
    """Set bits within ``rows`` × ``columns``, at most ``most`` a row."""
    mask = np.packbits(columns)
    found_rows: list[Int64] = []
    found_columns: list[Int64] = []
    chosen = np.flatnonzero(rows)
    for start in range(0, len(chosen), _BLOCK):
        part = chosen[start : start + _BLOCK]
        block = bits[part] & mask
        busy = block.any(axis=1)
        dense = np.unpackbits(block[busy], axis=1)
        for row, line in zip(part[busy].tolist(), dense, strict=True):
            picked = _spread(np.flatnonzero(line), most, row * 2_654_435_761)
            found_rows.append(np.full(len(picked), row, dtype=np.int64))
            found_columns.append(picked.astype(np.int64))
    if not found_rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(found_rows), np.concatenate(found_columns)
