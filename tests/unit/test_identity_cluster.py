"""Clusters are a partition that respects numbers and clerks, whatever the order in which the records come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.cluster import Clusters, cluster

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Case:
    numbers: list[str | None]
    links: dict[Pair, float]
    must: list[Pair]
    cannot: list[Pair]


@st.composite
def cases(draw: Callable[[Any], Any], *, clerk: bool = True) -> Case:
    count = draw(st.integers(1, 12))
    numbers = draw(st.lists(st.sampled_from([None, None, "A", "B", "C"]), min_size=count, max_size=count))
    pairs = list(combinations(range(count), 2))
    some = st.lists(st.sampled_from(pairs), unique=True, max_size=14) if pairs else st.just([])
    linked = draw(some)
    scores = draw(st.permutations(range(len(linked))))
    links = {pair: 2.0 + score for pair, score in zip(linked, scores, strict=True)}
    few = st.lists(st.sampled_from(pairs), unique=True, max_size=3) if pairs and clerk else st.just([])
    must = draw(few)
    return Case(numbers, links, must, [pair for pair in draw(few) if pair not in must])


def run(case: Case, *, must: Iterable[Pair] | None = None, cannot: Iterable[Pair] | None = None) -> Clusters:
    return cluster(
        len(case.numbers),
        np.array([a for a, _ in case.links], dtype=np.int64),
        np.array([b for _, b in case.links], dtype=np.int64),
        np.array(list(case.links.values()), dtype=np.float64),
        numbers=case.numbers,
        must=case.must if must is None else must,
        cannot=case.cannot if cannot is None else cannot,
    )


def groups(label: Sequence[int]) -> set[frozenset[int]]:
    return {frozenset(row for row, name in enumerate(label) if name == wanted) for wanted in set(label)}


def components(count: int, pairs: Iterable[Pair]) -> list[set[int]]:
    """Connected components, by merging until nothing changes."""
    found = [{row} for row in range(count)]
    for a, b in pairs:
        joined = set[int]().union(*(group for group in found if group & {a, b}))
        found = [group for group in found if not group & {a, b}] + [joined]
    return found


@given(cases())
def test_labels_are_the_lowest_row_of_each_part(case: Case) -> None:
    label = run(case).label.tolist()
    assert len(label) == len(case.numbers)
    for group in groups(label):
        assert {label[row] for row in group} == {min(group)}


@given(cases())
def test_nobody_is_joined_without_evidence(case: Case) -> None:
    whole = components(len(case.numbers), [*case.links, *case.must])
    parts = groups(run(case).label.tolist())
    assert all(any(part <= group for group in whole) for part in parts)
    # Where no number and no clerk objects, everything that hangs together is one person.
    for group in whole:
        objection = len({case.numbers[row] for row in group} - {None}) > 1 or any(set(c) <= group for c in case.cannot)
        assert objection or frozenset(group) in parts


@given(cases(clerk=False))
def test_one_person_never_holds_two_valid_numbers(case: Case) -> None:
    found = run(case)
    for group in groups(found.label.tolist()):
        assert len({case.numbers[row] for row in group} - {None}) <= 1
    # A clerk sees each group in which the numbers would have been brought together, once, with all its records.
    torn = [group for group in components(len(case.numbers), case.links)
            if len({case.numbers[row] for row in group} - {None}) > 1]  # fmt: skip
    assert all(kind == "two_numbers" and rows == sorted(rows) for kind, rows in found.held)
    assert sorted(rows for _, rows in found.held) == sorted(sorted(group) for group in torn)


@given(cases(clerk=False))
def test_what_is_refused_would_bring_two_numbers_together(case: Case) -> None:
    label = run(case).label.tolist()
    for a, b in case.links:
        if label[a] != label[b]:
            both = {case.numbers[row] for row, name in enumerate(label) if name in (label[a], label[b])} - {None}
            assert len(both) > 1


@given(cases())
def test_a_clerk_outweighs_any_score(case: Case) -> None:
    label = run(case).label.tolist()
    for a, b in case.cannot:
        assert label[a] != label[b]
    together = run(case, cannot=[]).label.tolist()
    for a, b in case.must:
        assert together[a] == together[b]


@given(cases(), st.data())
def test_the_order_of_the_rows_does_not_matter(case: Case, data: st.DataObject) -> None:
    place = data.draw(st.permutations(range(len(case.numbers))))
    moved: list[str | None] = [None] * len(place)
    for row, number in enumerate(case.numbers):
        moved[place[row]] = number
    links = data.draw(st.permutations([((place[a], place[b]), score) for (a, b), score in case.links.items()]))
    must = [(place[b], place[a]) for a, b in case.must]
    other = run(Case(moved, dict(links), must, []))
    parts = {frozenset(place[row] for row in group) for group in groups(run(case, cannot=[]).label.tolist())}
    assert groups(other.label.tolist()) == parts


def test_the_strongest_evidence_goes_first() -> None:
    # The middle record has no number; it goes to the side that speaks louder.
    for louder, parts in ((0, {frozenset({0, 1}), frozenset({2})}), (1, {frozenset({0}), frozenset({1, 2})})):
        scores = [5.0, 5.0]
        scores[louder] = 9.0
        case = Case(["A", None, "B"], {(0, 1): scores[0], (1, 2): scores[1]}, [], [])
        assert groups(run(case).label.tolist()) == parts


def test_a_clerk_may_bring_two_numbers_together_and_both_are_then_theirs() -> None:
    case = Case(["A", "B", "B", "A", "C"], {(0, 3): 4.0, (1, 2): 3.0, (2, 4): 9.0}, [(0, 1)], [])
    assert groups(run(case).label.tolist()) == {frozenset({0, 1, 2, 3}), frozenset({4})}


def test_nobody_at_all() -> None:
    assert run(Case([], {}, [], [])).label.tolist() == []
