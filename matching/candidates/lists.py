"""The candidates of each person: the best by score, and the best by score less what the crowd makes a target cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.candidates.kernel import merge_rows
from matching.candidates.search import Best, search
from matching.prices import CHOICES, Prices, learn_prices, sample_rows
from matching.records import Float32, Int32, Int64
from matching.rules import Eligibility


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates of n people, flat; targets ascend within a person, each once.

    Attributes
    ----------
    indptr
        Of shape (n + 1,).
    target_row, score
        Target and additive score of each candidate, the price not taken off.
    prices
        What the second list was ordered by, beside the score.
    """

    indptr: Int64
    target_row: Int32
    score: Float32
    prices: Prices

    @property
    def person_row(self) -> Int32:
        """Person of each candidate."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))

    def __len__(self) -> int:
        return len(self.target_row)


def candidates(
    people: Float32,
    targets: Float32,
    *,
    eligibility: Eligibility,
    vacancies: NDArray[np.integer],
    k_score: int = 10,
    k_priced: int = 40,
    seed: int = 0,
    prices: Prices | None = None,
) -> Candidates:
    """The ``k_score`` best eligible targets of each person by score and the ``k_priced`` best by score less price.

    Parameters
    ----------
    people, targets
        Factors of the additive score, of shapes (n, D) and (m, D); see :func:`matching.features.additive`.
    eligibility
        Of these people and targets.
    vacancies
        Of shape (m,); a target without any is nobody's candidate.
    seed
        Of the sample that prices are learnt on.
    prices
        Learnt before (on the whole province, for a part of it); learnt here when None.
    """
    usable = vacancies > 0
    if prices is None:
        prices = price_targets(people, targets, eligibility=eligibility, vacancies=vacancies, seed=seed)
    best, best_priced = search(
        people, targets, k_score=k_score, k_priced=k_priced, eligibility=eligibility, prices=prices.price, usable=usable
    )
    indptr, target_row, score = merge_lists(best, best_priced)
    return Candidates(indptr, target_row, score, prices)


def price_targets(
    people: Float32, targets: Float32, *, eligibility: Eligibility, vacancies: NDArray[np.integer], seed: int = 0
) -> Prices:
    """Congestion prices, learnt on a sample of the people."""
    rows = sample_rows(len(people), seed=seed)
    some, theirs, usable = people[rows], eligibility.take(rows), vacancies > 0

    def demand(price: Float32) -> tuple[Int64, Int32, Float32]:
        _, best = search(some, targets, k_score=0, k_priced=CHOICES, eligibility=theirs, prices=price, usable=usable)
        return best.flat()

    return learn_prices(demand, vacancies=vacancies, n_people=len(people), n_sampled=len(rows))


def merge_lists(best: Best, more: Best) -> tuple[Int64, Int32, Float32]:
    """Two lists of each person as one: ``indptr``, target rows ascending within a person, scores without prices."""
    n = len(best.size)
    width = best.target.shape[1] + more.target.shape[1]
    target, score = np.empty((n, width), dtype=np.int32), np.empty((n, width), dtype=np.float32)
    counts = np.zeros(n, dtype=np.int64)
    merge_rows(best.target, best.score, best.size, more.target, more.score, more.size, target, score, counts)
    used = np.arange(width)[None, :] < counts[:, None]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), target[used], score[used]
