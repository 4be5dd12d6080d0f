"""How good a ranking is: within what was shown, on offers later than those it was learnt from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching.records import Bool, Int64


def area_under_curve(score: NDArray[np.floating], placed: Bool) -> float:
    """Chance that a placement outranks a refusal; NaN without both."""
    positives = int(placed.sum())
    negatives = len(placed) - positives
    if not positives or not negatives:
        return float("nan")
    from scipy.stats import rankdata

    return float((rankdata(score)[placed].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def ndcg_within_lists(score: NDArray[np.floating], placed: Bool, lists: Int64, *, at: int = 10) -> float:
    """Mean NDCG@``at`` over lists with two or more offers and at least one placement; NaN without any.

    Parameters
    ----------
    lists
        List that each offer was shown in, of shape (n,). Ties in the score count as the mean of their orders would.
    """
    if not len(score):
        return float("nan")
    order = np.lexsort((-score, lists))
    group, hit, value = lists[order], placed[order], score[order]
    starts = np.flatnonzero(np.r_[True, np.diff(group) != 0])
    sizes = np.diff(np.r_[starts, len(group)])
    place = np.arange(len(group)) - np.repeat(starts, sizes)
    discount = np.where(place < at, 1 / np.log2(place + 2), 0.0)
    # Offers of equal score share the discounts of their places.
    ties = np.flatnonzero(np.r_[True, (np.diff(group) != 0) | (np.diff(value) != 0)])
    tie_sizes = np.diff(np.r_[ties, len(group)])
    shared = np.repeat(np.add.reduceat(discount, ties) / tie_sizes, tie_sizes)
    gained = np.add.reduceat(shared * hit, starts)
    hits = np.add.reduceat(hit.astype(np.int64), starts)
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(at) + 2))])
    counted = (sizes > 1) & (hits > 0)
    if not counted.any():
        return float("nan")
    return float((gained[counted] / ideal[np.minimum(hits[counted], at)]).mean())


def calibration_table(chance: NDArray[np.floating], placed: Bool, *, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean chance told, share placed and number of offers, in ``bins`` of equal size by chance."""
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(chance[part].mean()), float(placed[part].mean()), len(part)) for part in parts]


def calibration_error(chance: NDArray[np.floating], placed: Bool, *, bins: int = 10) -> float:
    """Mean distance of the chance told from the share placed, weighted by bin; NaN without offers."""
    table = calibration_table(chance, placed, bins=bins)
    total = sum(count for _, _, count in table)
    return sum(abs(told - seen) * count for told, seen, count in table) / total if total else float("nan")
