"""Scored pairs → one list a person, best first, with what was allotted in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.records import Bool, Float32, Int32, Kind, Ranking


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scored pairs of people and targets of one kind, any order, each pair once."""

    person: Int32
    target: Int32
    score: Float32
    probability: Float32

    def __len__(self) -> int:
        return len(self.person)

    def where(self, rows: Bool | NDArray[np.intp]) -> Pairs:
        """Only these pairs."""
        return Pairs(self.person[rows], self.target[rows], self.score[rows], self.probability[rows])

    def more(self, others: Pairs) -> Pairs:
        """These and others that are not among them."""
        return Pairs(
            np.concatenate([self.person, others.person]),
            np.concatenate([self.target, others.target]),
            np.concatenate([self.score, others.score]),
            np.concatenate([self.probability, others.probability]),
        )


def build_lists(
    kind: Kind, pairs: Pairs, *, n_people: int, most: int, allotted: Int32
) -> tuple[Ranking, NDArray[np.intp]]:
    """The ``most`` best targets of each person by score; ties by target row, so that runs repeat.

    Parameters
    ----------
    allotted
        Target row that each person was allotted, -1 none. It is in the person's list, in the last place where its score
        alone would not bring it there. Every allotted pair must be among ``pairs``.

    Returns
    -------
    The lists, and for each entry the row of ``pairs`` it came from.
    """
    order = np.lexsort((pairs.target, -pairs.score, pairs.person))
    person, target = pairs.person[order], pairs.target[order]
    starts = np.searchsorted(person, np.arange(n_people))
    place = np.arange(len(order)) - starts[person] if len(order) else np.zeros(0, dtype=np.intp)
    is_allotted = allotted[person] == target
    late = np.zeros(n_people, dtype=np.bool_)
    late[person[is_allotted & (place >= most)]] = True
    # Whoever's allotted target comes late gives it the last place.
    kept = is_allotted | (place < most - late[person])
    rows = order[kept]
    counts = np.bincount(person[kept], minlength=n_people) if len(order) else np.zeros(n_people, dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    ranking = Ranking(
        kind=kind,
        indptr=indptr,
        target_row=pairs.target[rows].astype(np.int32),
        score=pairs.score[rows].astype(np.float32),
        probability=pairs.probability[rows].astype(np.float32),
        allocated=is_allotted[kept],
    )
    return ranking, rows
