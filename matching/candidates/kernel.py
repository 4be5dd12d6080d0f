"""The compiled parts of the search: a scan of scores with two heaps a person, and the tidying of its lists.

Compiled code is kept beside this file, or, where that may not be written (an installed wheel), in the user's cache
directory; ``NUMBA_CACHE_DIR`` names another.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Scores compared together, one bit each of a word of eligibility. Comparing them all into a mask, then looking at the
#: mask's words, keeps the processor's vector units busy; a loop that branches on each score is ten times slower.
BLOCK = 64
_WORD = 8


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
def pack_lines(rows, theirs, lines):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """Bits of the columns that each row of a table allows.

    Parameters
    ----------
    rows
        Whether classes of targets are allowed, of shape (rows, classes).
    theirs
        Class of each column.
    lines
        Filled here, of shape (rows, words); bits beyond the last column stay 0.
    """
    for r in range(rows.shape[0]):
        for word in range(lines.shape[1]):
            bits = np.uint64(0)
            start = word * BLOCK
            for c in range(start, min(start + BLOCK, theirs.shape[0])):
                bits |= np.uint64(rows[r, theirs[c]]) << np.uint64(c - start)
            lines[r, word] = bits


@njit(cache=True, nogil=True)
def and_lines(bits, lines, mine):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """Take from each person's bits what the line of the person's class does not allow."""
    for b in range(bits.shape[0]):
        mine_bits, line = bits[b], lines[mine[b]]
        for word in range(line.shape[0]):
            mine_bits[word] &= line[word]


@njit(cache=True, nogil=True)
def scan_tile(tile, columns, price, bits, by_score, by_priced):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """Offer a tile of scores to the heaps of its people.

    Parameters
    ----------
    tile
        Scores, of shape (people, columns).
    columns, price
        Target row and price of each column; rows ascend, so that of equal keys the first one stays.
    bits
        Which columns each person may have, of shape (people, words).
    by_score, by_priced
        Heaps: keys, targets, scores of shape (people, k), sizes of shape (people,).
    """
    keys, targets, scores, sizes = by_score
    keys_priced, targets_priced, scores_priced, sizes_priced = by_priced
    mask = np.zeros(BLOCK, dtype=np.uint8)
    words = mask.view(np.uint64)
    for b in range(tile.shape[0]):
        row, allowed = tile[b], bits[b]
        bar, bar_priced = _bar(keys, b, sizes[b]), _bar(keys_priced, b, sizes_priced[b])
        for block in range(allowed.shape[0]):
            here = allowed[block]
            if here == 0:
                continue
            start = block * BLOCK
            size = min(BLOCK, tile.shape[1] - start)
            part, cost = row[start : start + size], price[start : start + size]
            for c in range(size):
                mask[c] = (part[c] > bar) | (part[c] - cost[c] > bar_priced)
            for word in range(BLOCK // _WORD):
                if words[word] == 0 or (here >> np.uint64(word * _WORD)) & np.uint64(0xFF) == 0:
                    continue
                for c in range(word * _WORD, min((word + 1) * _WORD, size)):
                    if (here >> np.uint64(c)) & np.uint64(1) == 0:
                        continue
                    # Asked again: the bars may have risen since.
                    score, priced = part[c], part[c] - cost[c]
                    if score > bar:
                        sizes[b] = _push(keys[b], targets[b], scores[b], sizes[b], score, columns[start + c], score)
                        bar = _bar(keys, b, sizes[b])
                    if priced > bar_priced:
                        sizes_priced[b] = _push(
                            keys_priced[b], targets_priced[b], scores_priced[b], sizes_priced[b], priced,
                            columns[start + c], score,
                        )  # fmt: skip
                        bar_priced = _bar(keys_priced, b, sizes_priced[b])


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
