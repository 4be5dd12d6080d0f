"""The measures against counting every pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.evaluate import Quality, score_clusters

labels = st.lists(st.tuples(st.integers(-3, 4), st.integers(0, 5)), max_size=25)


def by_hand(rows: list[tuple[int, int]]) -> Quality:
    claimed = {(a, b) for a, b in combinations(range(len(rows)), 2) if rows[a][0] == rows[b][0]}
    there = {(a, b) for a, b in combinations(range(len(rows)), 2) if rows[a][1] == rows[b][1]}
    precision = len(claimed & there) / len(claimed) if claimed else 1.0
    recall = len(claimed & there) / len(there) if there else 1.0
    clusters = [{row for row, (name, _) in enumerate(rows) if name == one} for one in {name for name, _ in rows}]
    people = [{row for row, (_, true) in enumerate(rows) if true == one} for one in {true for _, true in rows}]
    exact = sum(person in clusters for person in people) / len(people) if people else 1.0
    return Quality(
        precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0, exact
    )


@given(labels)
def test_counting_pairs_one_by_one_says_the_same(rows: list[tuple[int, int]]) -> None:
    predicted, true = (np.array([row[side] for row in rows], dtype=np.int64) for side in (0, 1))
    found, wanted = score_clusters(predicted, true), by_hand(rows)
    for name in ("precision", "recall", "f1", "exact"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name)), name


@given(labels)
def test_the_names_of_clusters_do_not_matter(rows: list[tuple[int, int]]) -> None:
    predicted, true = (np.array([row[side] for row in rows], dtype=np.int64) for side in (0, 1))
    assert score_clusters(predicted * 1_000_003 - 7, -true) == score_clusters(predicted, true)
    assert score_clusters(true, true) == Quality(1.0, 1.0, 1.0, 1.0)
