"""From scored pairs to people: connected components; where one is in doubt, the strongest evidence goes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Clusters:
    """``label`` of shape (n,): the lowest row of each record's cluster. ``held``: groups of rows a clerk should see.

    A group with two valid numbers is held until a clerk has said, for each two of its numbers, whose they are.
    """

    label: Int
    held: list[tuple[str, list[int]]]  # kind of review, rows


def cluster(
    count: int,
    a: Int,
    b: Int,
    score: NDArray[np.float64],
    *,
    numbers: Sequence[str | None],
    must: Iterable[tuple[int, int]] = (),
    cannot: Iterable[tuple[int, int]] = (),
) -> Clusters:
    """Cluster ``count`` records.

    Parameters
    ----------
    a, b, score
        Links of shape (n_links,): pairs that are one person by their score.
    numbers
        Valid citizen numbers, None where there is none. No score brings two different ones together.
    must, cannot
        Clerks' decisions, stronger than any score; ``cannot`` is the stronger of the two.
    """
    must, cannot = list(must), list(cannot)
    told = {frozenset((numbers[one], numbers[other])) for one, other in (*must, *cannot)}
    first = np.concatenate([a, np.array([pair[0] for pair in must], dtype=np.int64)])
    second = np.concatenate([b, np.array([pair[1] for pair in must], dtype=np.int64)])
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    label = _lowest_rows(component)
    doubtful = _doubtful(component, numbers, cannot)
    if not doubtful:
        return Clusters(label, [])
    held: list[tuple[str, list[int]]] = []
    rows_of: dict[int, list[int]] = {name: [] for name in doubtful}
    for row in np.flatnonzero(np.isin(component, list(doubtful))):
        rows_of[int(component[row])].append(int(row))
    links_of: dict[int, list[tuple[float, int, int]]] = {name: [] for name in doubtful}
    for one, other, bits in zip(first, second, np.concatenate([score, np.full(len(must), np.inf)]), strict=True):
        if int(component[one]) in links_of:
            links_of[int(component[one])].append((float(bits), int(one), int(other)))
    apart = {(min(pair), max(pair)) for pair in cannot}
    for name, rows in rows_of.items():
        for member, root in _strongest_first(rows, links_of[name], numbers, apart).items():
            label[member] = root
        different = sorted({number for row in rows if (number := numbers[row])})
        if any(frozenset(pair) not in told for pair in combinations(different, 2)):
            held.append(("two_numbers", rows))
    return Clusters(label, held)


def _lowest_rows(component: NDArray[np.int32]) -> Int:
    lowest = np.full(int(component.max(initial=-1)) + 1, len(component), dtype=np.int64)
    np.minimum.at(lowest, component, np.arange(len(component)))
    return lowest[component]


def _doubtful(component: NDArray[np.int32], numbers: Sequence[str | None], cannot: list[tuple[int, int]]) -> set[int]:
    seen: dict[int, str] = {}
    doubtful = {int(component[one]) for one, other in cannot if component[one] == component[other]}
    for row, number in enumerate(numbers):
        if number is not None and seen.setdefault(int(component[row]), number) != number:
            doubtful.add(int(component[row]))
    return doubtful


def _strongest_first(
    rows: list[int], links: list[tuple[float, int, int]], numbers: Sequence[str | None], apart: set[tuple[int, int]]
) -> dict[int, int]:
    """Union by falling score, refusing what would join two valid numbers or a pair that a clerk keeps apart."""
    members = {row: [row] for row in rows}
    root = {row: row for row in rows}
    # More than one only where a clerk brought them together.
    held = {row: {number} if (number := numbers[row]) else set() for row in rows}
    for bits, one, other in sorted(links, key=lambda link: (-link[0], link[1], link[2])):
        keep, drop = sorted((root[one], root[other]))
        if keep == drop:
            continue
        decided = bits == np.inf
        if not decided and held[keep] and held[drop] and not held[keep] & held[drop]:
            continue
        if any((min(x, y), max(x, y)) in apart for x in members[keep] for y in members[drop]):
            continue
        held[keep] |= held[drop]
        for row in members.pop(drop):
            root[row] = keep
            members[keep].append(row)
    return root
