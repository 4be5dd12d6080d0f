"""Exact top-K of a dot product under rules, of many people over many targets.

People fall into groups by the rules that rule out most; the targets that a group can have at all are gathered once,
and only their scores are computed, tile by tile with one BLAS thread a worker. What the other rules allow a person is a
line of bits, the lines of the rules' classes taken together, and only scores that beat the worst of the person's list
are looked up in it. So the work is about the share of pairs that the first rules leave.

Equal scores: the lower target row. On factors that lie on the grid of :func:`matching.features.on_grid` scores are
exact, and the lists are the same to the bit for any tiling, number of threads or machine.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from matching.candidates.kernel import BLOCK, and_lines, pack_lines, scan_tile, sort_lists
from matching.records import Bool, Float32, Int32, Int64, Verdict
from matching.rules import Eligibility

_THREADS = 2
#: People and targets of one tile of scores, which stays in a core's cache between product and scan; the targets are
#: whole blocks of bits.
_TILE_PEOPLE, _TILE_TARGETS = 256, 2048
#: People of a group that one worker takes at a time.
_TASK_PEOPLE = 8192
#: A group should have this many people, or gathering its targets costs more than it saves.
_GROUP_PEOPLE = 512
_GROUPS_LEAST = 4
#: A rule that lets more than this share of the pairs pass is not worth grouping by.
_PASSES_MOST = 0.95


@dataclass(frozen=True, slots=True)
class Best:
    """Lists of n people, best first; entries beyond a list's size hold leftovers.

    Attributes
    ----------
    key
        What the list is ordered by, of shape (n, k): the score, less the price where there is one.
    target
        Target rows, of shape (n, k).
    score
        The score without any price, of shape (n, k).
    size
        Length of each list, of shape (n,).
    """

    key: Float32
    target: Int32
    score: Float32
    size: Int32

    @classmethod
    def empty(cls, n: int, k: int) -> Best:
        """Room for n lists of up to k entries."""
        return cls(
            np.zeros((n, k), dtype=np.float32),
            np.zeros((n, k), dtype=np.int32),
            np.zeros((n, k), dtype=np.float32),
            np.zeros(n, dtype=np.int32),
        )

    def flat(self) -> tuple[Int64, Int32, Float32]:
        """``indptr`` of shape (n + 1,), target rows and keys, one list after another."""
        used = np.arange(self.key.shape[1])[None, :] < self.size[:, None]
        indptr = np.concatenate([[0], np.cumsum(self.size, dtype=np.int64)]).astype(np.int64)
        return indptr, self.target[used], self.key[used]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule that is looked up in bits: whether classes go together, and the classes of people and of targets."""

    allows: Bool
    mine: Int32
    theirs: Int32


@dataclass(frozen=True, slots=True)
class _Plan:
    """How rules are divided: ``group`` of each person, ``columns`` each group can have, and the rules left over."""

    group: Int32
    columns: tuple[Int32, ...]
    rules: tuple[_Rule, ...]


def top_k(
    people: Float32,
    targets: Float32,
    *,
    k: int,
    eligibility: Eligibility | None = None,
    prices: Float32 | None = None,
    usable: Bool | None = None,
) -> tuple[Int64, Int32, Float32]:
    """The k best eligible targets of each person by ``people @ targets.T``, less prices where given.

    Parameters
    ----------
    people, targets
        Factors, of shapes (n, D) and (m, D), finite.
    eligibility
        Of these people and targets; None allows every pair.
    prices
        Taken off the score of each target, of shape (m,).
    usable
        Targets that may be listed at all, of shape (m,).

    Returns
    -------
    ``indptr`` of shape (n + 1,); target rows and the values they are ordered by, best first within a person, of equal
    ones the lower row first.

    Raises
    ------
    ValueError
        Shapes do not fit together, or k is negative.
    """
    priced = prices is not None
    best, best_priced = search(
        people,
        targets,
        k_score=0 if priced else k,
        k_priced=k if priced else 0,
        eligibility=eligibility,
        prices=prices,
        usable=usable,
    )
    return (best_priced if priced else best).flat()


def search(
    people: Float32,
    targets: Float32,
    *,
    k_score: int,
    k_priced: int,
    eligibility: Eligibility | None = None,
    prices: Float32 | None = None,
    usable: Bool | None = None,
) -> tuple[Best, Best]:
    """The lists by score and by score less price, in one pass; see :func:`top_k`."""
    n, m = len(people), len(targets)
    _check(people, targets, k_score, k_priced, eligibility, prices, usable)
    by_score, by_priced = Best.empty(n, min(k_score, m)), Best.empty(n, min(k_priced, m))
    if not n or not m:
        return by_score, by_priced
    price = np.zeros(m, dtype=np.float32) if prices is None else np.ascontiguousarray(prices, dtype=np.float32)
    may_use = np.ones(m, dtype=np.bool_) if usable is None else usable
    plan = _plan(anything(n, m) if eligibility is None else eligibility, may_use)
    order = np.argsort(plan.group, kind="stable")
    starts = np.searchsorted(plan.group[order], np.arange(len(plan.columns) + 1))
    tasks = [
        (group, order[start : min(start + _TASK_PEOPLE, int(starts[group + 1]))])
        for group in range(len(plan.columns))
        for start in range(int(starts[group]), int(starts[group + 1]), _TASK_PEOPLE)
        if len(plan.columns[group])
    ]

    def run(task: tuple[int, Int64]) -> None:
        _search_group(plan, task[0], task[1], people, targets, price, by_score, by_priced)

    # One BLAS thread a worker: nested ones fight over the cores.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(run, tasks))
    return by_score, by_priced


def _search_group(
    plan: _Plan,
    group: int,
    rows: Int64,
    people: Float32,
    targets: Float32,
    price: Float32,
    by_score: Best,
    by_priced: Best,
) -> None:
    columns = plan.columns[group]
    cost = price[columns]
    rules = [_lines(rule, rows, columns) for rule in plan.rules]
    # One tile after another, as they are multiplied.
    parts = [slice(start, start + _TILE_TARGETS) for start in range(0, len(columns), _TILE_TARGETS)]
    factors = [np.ascontiguousarray(targets[columns[part]].T, dtype=np.float32) for part in parts]
    buffer = np.empty(_TILE_PEOPLE * _TILE_TARGETS, dtype=np.float32)
    for start in range(0, len(rows), _TILE_PEOPLE):
        some = rows[start : start + _TILE_PEOPLE]
        bits = np.tile(_all_bits(len(columns)), (len(some), 1))
        for lines, mine in rules:
            and_lines(bits, lines, mine[start : start + _TILE_PEOPLE])
        factor = np.ascontiguousarray(people[some], dtype=np.float32)
        heaps = Best.empty(len(some), by_score.key.shape[1])
        heaps_priced = Best.empty(len(some), by_priced.key.shape[1])
        first = (heaps.key, heaps.target, heaps.score, heaps.size)
        second = (heaps_priced.key, heaps_priced.target, heaps_priced.score, heaps_priced.size)
        for part, other in zip(parts, factors, strict=True):
            tile = buffer[: len(some) * other.shape[1]].reshape(len(some), other.shape[1])
            np.matmul(factor, other, out=tile)
            words = bits[:, part.start // BLOCK : part.stop // BLOCK]
            scan_tile(tile, columns[part], cost[part], words, first, second)
        for found, best in ((heaps, by_score), (heaps_priced, by_priced)):
            sort_lists(found.key, found.target, found.score, found.size)
            best.key[some], best.target[some], best.score[some] = found.key, found.target, found.score
            best.size[some] = found.size


def _all_bits(length: int) -> NDArray[np.uint64]:
    """Words with one bit set for each column."""
    line = np.zeros((1, -(-length // BLOCK)), dtype=np.uint64)
    pack_lines(np.ones((1, 1), dtype=np.uint8), np.zeros(length, dtype=np.int32), line)
    bits: NDArray[np.uint64] = line[0]
    return bits


def _lines(rule: _Rule, rows: Int64, columns: Int32) -> tuple[NDArray[np.uint64], Int64]:
    """Columns that each class among some people allows, as bits, and the line of each of the people."""
    classes, line_of = np.unique(rule.mine[rows], return_inverse=True)
    lines = np.zeros((len(classes), -(-len(columns) // BLOCK)), dtype=np.uint64)
    pack_lines(rule.allows[classes].astype(np.uint8), rule.theirs[columns], lines)
    return lines, line_of.astype(np.int64)


def _check(
    people: Float32,
    targets: Float32,
    k_score: int,
    k_priced: int,
    eligibility: Eligibility | None,
    prices: Float32 | None,
    usable: Bool | None,
) -> None:
    n, m = len(people), len(targets)
    if people.ndim != 2 or targets.ndim != 2 or people.shape[1] != targets.shape[1]:
        raise ValueError(f"factors of shapes {people.shape} and {targets.shape} do not fit together")
    if eligibility is not None and (eligibility.n_people, eligibility.n_targets) != (n, m):
        raise ValueError("the eligibility is of other people or targets")
    if (prices is not None and len(prices) != m) or (usable is not None and len(usable) != m):
        raise ValueError("prices or usable targets are of another length than the targets")
    if k_score < 0 or k_priced < 0:
        raise ValueError("a list has at least 0 entries")


def anything(n_people: int, n_targets: int) -> Eligibility:
    """The eligibility of a world without rules."""
    none = np.zeros((0, n_people), dtype=np.int32), np.zeros((0, n_targets), dtype=np.int32)
    return Eligibility((), (), *none, ())


def _plan(eligibility: Eligibility, usable: Bool) -> _Plan:
    """Group people by the rules that rule out most, as long as groups stay large."""
    n, m = eligibility.n_people, eligibility.n_targets
    allowed = [table != Verdict.FAIL for table in eligibility.tables]
    strict: list[tuple[float, int]] = []
    for number, table in enumerate(allowed):
        of_people = np.bincount(eligibility.person_class[number], minlength=table.shape[0])
        of_targets = np.bincount(eligibility.target_class[number], minlength=table.shape[1])
        passes = float(of_people @ table @ of_targets) / (n * m)
        if passes < 1.0:
            strict.append((passes, number))
    group, grouping, rules = np.zeros(n, dtype=np.int64), [], []
    for passes, number in sorted(strict):
        finer, count = _numbered(group * allowed[number].shape[0] + eligibility.person_class[number])
        if passes <= _PASSES_MOST and count <= max(_GROUPS_LEAST, n // _GROUP_PEOPLE):
            group = finer
            grouping.append(number)
        else:
            rules.append(_Rule(allowed[number], eligibility.person_class[number], eligibility.target_class[number]))
    columns = _columns_of(eligibility, allowed, grouping, group, usable)
    return _Plan(group.astype(np.int32), columns, tuple(rules))


def _numbered(values: Int64) -> tuple[Int64, int]:
    distinct, place = np.unique(values, return_inverse=True)
    return place.astype(np.int64), len(distinct)


def _columns_of(
    eligibility: Eligibility, allowed: list[Bool], grouping: list[int], group: Int64, usable: Bool
) -> tuple[Int32, ...]:
    """Target rows that each group can have by the rules it is grouped by."""
    someone = np.zeros(int(group.max()) + 1, dtype=np.int64)
    someone[group] = np.arange(len(group))
    columns = []
    for person in someone.tolist():
        mask = usable.copy()
        for number in grouping:
            row = allowed[number][eligibility.person_class[number, person]]
            mask &= row[eligibility.target_class[number]]
        columns.append(np.flatnonzero(mask).astype(np.int32))
    return tuple(columns)
