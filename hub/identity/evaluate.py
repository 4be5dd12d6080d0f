"""How well clusters agree with the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairwise precision, recall and F1; ``exact``: share of true people whose records are exactly one cluster."""

    precision: float
    recall: float
    f1: float
    exact: float


def score_clusters(predicted: NDArray[np.int64], true: NDArray[np.int64]) -> Quality:
    """Compare two partitions of the same records, each of shape (n,).

    Without any pair on a side its measure is 1: nothing was claimed, or nothing was there to be found.
    """
    _, predicted = np.unique(predicted, return_inverse=True)
    _, true = np.unique(true, return_inverse=True)
    if not len(true):
        return Quality(1.0, 1.0, 1.0, 1.0)
    joint, sizes = np.unique(predicted * (true.max() + 1) + true, return_counts=True)
    of_predicted, of_true = np.bincount(predicted), np.bincount(true)
    together = _pairs(sizes)
    precision = together / claimed if (claimed := _pairs(of_predicted)) else 1.0
    recall = together / there if (there := _pairs(of_true)) else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    cell_predicted, cell_true = joint // (true.max() + 1), joint % (true.max() + 1)
    exact = np.sum((sizes == of_predicted[cell_predicted]) & (sizes == of_true[cell_true])) / len(of_true)
    return Quality(float(precision), float(recall), float(f1), float(exact))


def _pairs(sizes: NDArray[np.int64]) -> float:
    return float(np.sum(sizes * (sizes - 1) // 2))
