"""Lists: the best first, what was allotted always in them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.pipeline.lists import Pairs, build_lists


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    people=st.integers(1, 15),
    targets=st.integers(1, 20),
    most=st.integers(1, 6),
    density=st.floats(0, 1),
)
def test_lists_are_the_best_and_hold_what_was_allotted(seed, people, targets, most, density):
    rng = np.random.default_rng(seed)
    person, target = np.nonzero(rng.random((people, targets)) < density)
    shuffle = rng.permutation(len(person))
    person, target = person[shuffle].astype(np.int32), target[shuffle].astype(np.int32)
    score = rng.integers(0, 6, len(person)).astype(np.float32)  # ties
    pairs = Pairs(person, target, score, rng.random(len(person)).astype(np.float32))
    allotted = np.full(people, -1, dtype=np.int32)
    for p in range(people):
        own = target[person == p]
        if len(own) and rng.random() < 0.6:
            allotted[p] = rng.choice(own)
    ranking, rows = build_lists("opening", pairs, n_people=people, most=most, allotted=allotted)
    assert ranking.indptr.shape == (people + 1,)
    for p in range(people):
        part = slice(*ranking.indptr[p : p + 2])
        got = ranking.target_row[part]
        own = sorted(zip(-score[person == p], target[person == p], strict=True))
        assert len(got) == min(most, len(own))
        assert len(set(got.tolist())) == len(got)
        assert (np.diff(ranking.score[part]) <= 0).all()
        best = [int(t) for _, t in own[:most]]
        if allotted[p] >= 0 and allotted[p] not in best:
            best[-1] = int(allotted[p])
        assert sorted(got.tolist()) == sorted(best)
        assert ranking.allocated[part].sum() == (allotted[p] >= 0)
        if allotted[p] >= 0:
            assert got[ranking.allocated[part]] == allotted[p]
    np.testing.assert_array_equal(pairs.target[rows], ranking.target_row)
    np.testing.assert_array_equal(pairs.probability[rows], ranking.probability)
    np.testing.assert_array_equal(pairs.person[rows], np.repeat(np.arange(people), np.diff(ranking.indptr)))


def test_no_pairs_at_all():
    none = np.zeros(0, np.int32)
    pairs = Pairs(none, none, none.astype(np.float32), none.astype(np.float32))
    ranking, rows = build_lists("post", pairs, n_people=3, most=5, allotted=np.full(3, -1, np.int32))
    assert ranking.indptr.tolist() == [0, 0, 0, 0]
    assert len(rows) == 0
