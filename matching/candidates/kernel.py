"""The compiled parts of the search: a scan of scores with two heaps a person, and the tidying of its lists.

Compiled code is kept beside this file, or, where that may not be written (an installed wheel), in the user's cache
directory; ``NUMBA_CACHE_DIR`` names another.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Scores looked at together; a block without one that beats the threshold is left after one comparison each.
_BLOCK = 32


@njit(cache=True, inline="always")
def _worse(key, target, other_key, other_target):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    return key < other_key or (key == other_key and target > other_target)


@njit(cache=True, nogil=True)
def _push(keys, targets, scores, size, key, target, score):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """Put an entry into a heap with the worst on top, in the place of the worst when the heap is full; the new size."""
    if size < keys.shape[0]:
        at = size
        while at > 0:
            up = (at - 1) >> 1
            if not _worse(key, target, keys[up], targets[up]):
                break
            keys[at], targets[at], scores[at] = keys[up], targets[up], scores[up]
            at = up
        keys[at], targets[at], scores[at] = key, target, score
        return size + 1
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        if down + 1 < size and _worse(keys[down + 1], targets[down + 1], keys[down], targets[down]):
            down += 1
        if not _worse(keys[down], targets[down], key, target):
            break
        keys[at], targets[at], scores[at] = keys[down], targets[down], scores[down]
        at = down
    keys[at], targets[at], scores[at] = key, target, score
    return size


@njit(cache=True, inline="always")
def _bar(keys, b, size):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """What a key must exceed to enter the heap: nothing while there is room, everything when there is none at all."""
    if keys.shape[1] == 0:
        return np.float32(np.inf)
    return keys[b, 0] if size == keys.shape[1] else np.float32(-np.inf)


@njit(cache=True, nogil=True)
def _allowed(mine, theirs, tables, offset, width, b, c):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    for r in range(mine.shape[0]):  # noqa: SIM110  # numba cannot compile the generator
        if tables[offset[r] + mine[r, b] * width[r] + theirs[r, c]] == 0:
            return False
    return True


@njit(cache=True, nogil=True)
def scan_tile(  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    tile, columns, price, mine, theirs, tables, offset, width, by_score, by_priced
):
    """Offer a tile of scores to the heaps of its people.

    Parameters
    ----------
    tile
        Scores, of shape (people, columns).
    columns, price
        Target row and price of each column; rows ascend, so that of equal keys the first one stays.
    mine, theirs
        Class of each person and each column by table of a rule still to be tested, of shapes (tables, people) and
        (tables, columns).
    tables, offset, width
        Those tables one after another: 0 fails; where each begins, and its classes of targets.
    by_score, by_priced
        Heaps: keys, targets, scores of shape (people, k), sizes of shape (people,).
    """
    score_keys, score_targets, score_scores, score_sizes = by_score
    priced_keys, priced_targets, priced_scores, priced_sizes = by_priced
    for b in range(tile.shape[0]):
        size, size_priced = score_sizes[b], priced_sizes[b]
        bar, bar_priced = _bar(score_keys, b, size), _bar(priced_keys, b, size_priced)
        for start in range(0, tile.shape[1], _BLOCK):
            stop = min(start + _BLOCK, tile.shape[1])
            hits = 0
            for c in range(start, stop):
                hits += (tile[b, c] > bar) | (tile[b, c] - price[c] > bar_priced)
            if hits == 0:
                continue
            for c in range(start, stop):
                score = tile[b, c]
                priced = score - price[c]
                if score > bar or priced > bar_priced:
                    if not _allowed(mine, theirs, tables, offset, width, b, c):
                        continue
                    if score > bar:
                        size = _push(score_keys[b], score_targets[b], score_scores[b], size, score, columns[c], score)
                        bar = _bar(score_keys, b, size)
                    if priced > bar_priced:
                        size_priced = _push(
                            priced_keys[b], priced_targets[b], priced_scores[b], size_priced, priced, columns[c], score
                        )
                        bar_priced = _bar(priced_keys, b, size_priced)
        score_sizes[b], priced_sizes[b] = size, size_priced


@njit(cache=True, nogil=True)
def sort_lists(keys, targets, scores, sizes):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """Bring each list into order, best first; of equal keys the lower target row."""
    for b in range(keys.shape[0]):
        for at in range(1, sizes[b]):
            key, target, score = keys[b, at], targets[b, at], scores[b, at]
            to = at
            while to > 0 and _worse(keys[b, to - 1], targets[b, to - 1], key, target):
                keys[b, to], targets[b, to], scores[b, to] = keys[b, to - 1], targets[b, to - 1], scores[b, to - 1]
                to -= 1
            keys[b, to], targets[b, to], scores[b, to] = key, target, score


@njit(cache=True, nogil=True)
def merge_rows(  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    targets, scores, sizes, more_targets, more_scores, more_sizes, out_targets, out_scores, counts
):
    """Both lists of each person as one, each target once, by ascending target row."""
    for b in range(sizes.shape[0]):
        count = 0
        for step in range(sizes[b] + more_sizes[b]):
            if step < sizes[b]:
                target, score = targets[b, step], scores[b, step]
            else:
                target, score = more_targets[b, step - sizes[b]], more_scores[b, step - sizes[b]]
            to = count
            while to > 0 and out_targets[b, to - 1] > target:
                to -= 1
            if to > 0 and out_targets[b, to - 1] == target:
                continue
            for at in range(count, to, -1):
                out_targets[b, at], out_scores[b, at] = out_targets[b, at - 1], out_scores[b, at - 1]
            out_targets[b, to], out_scores[b, to] = target, score
            count += 1
        counts[b] = count
