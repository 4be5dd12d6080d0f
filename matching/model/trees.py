"""Gradient-boosted trees as flat arrays, predicted by numba.

scikit-learn fits; its trees are then copied into arrays and its predictor is left behind. That makes ranking several
times faster, and a stored model is plain numbers: nothing has to be unpickled to use it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from matching.records import Bool, Float32

#: Rows walked through a tree side by side, so that one row's memory latency hides the others'.
_LANES = 16
#: Rows a thread takes at a time.
_CHUNK = 16_384
#: The machine's two cores; more threads would share the same caches.
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Forest:
    """Sum of regression trees over ``float32`` features.

    A node sends a row right when its feature exceeds the threshold, or is missing and ``missing_right`` is true. The
    right child follows the left one. A leaf is its own left child with an infinite threshold.

    Attributes
    ----------
    base
        What an empty sum starts from.
    roots
        First node of each tree, of shape (n_trees,).
    depths
        Steps after which every row has reached its leaf, of shape (n_trees,).
    """

    base: float
    roots: NDArray[np.uint32]
    depths: NDArray[np.int32]
    feature: NDArray[np.uint16]
    threshold: Float32
    missing_right: Bool
    left: NDArray[np.uint32]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.roots)

    def first(self, count: int) -> Forest:
        """Only the first ``count`` trees."""
        return Forest(
            self.base, self.roots[:count], self.depths[:count], self.feature, self.threshold, self.missing_right,
            self.left, self.value,
        )  # fmt: skip

    def predict(self, x: Float32) -> NDArray[np.float64]:
        """The sum for each row of ``x``, of shape (n,)."""
        x = np.ascontiguousarray(x, dtype=np.float32)
        out = np.full(len(x), self.base)

        def run(start: int) -> None:
            stop = start + _CHUNK
            _add_trees(
                x[start:stop], self.roots, self.depths, self.feature, self.threshold, self.missing_right, self.left,
                self.value, out[start:stop],
            )  # fmt: skip

        starts = range(0, len(x), _CHUNK)
        if len(starts) <= 1:
            for start in starts:
                run(start)
        else:
            with ThreadPoolExecutor(_THREADS) as threads:
                list(threads.map(run, starts))
        return out

    def staged(self, x: Float32) -> NDArray[np.float64]:
        """The sum after each tree, of shape (n_trees, n)."""
        steps = np.zeros((len(self), len(x)))
        x = np.ascontiguousarray(x, dtype=np.float32)
        for tree in range(len(self)):
            one = slice(tree, tree + 1)
            _add_trees(
                x, self.roots[one], self.depths[one], self.feature, self.threshold, self.missing_right, self.left,
                self.value, steps[tree],
            )  # fmt: skip
        return self.base + np.cumsum(steps, axis=0)


@njit(nogil=True, cache=True)
def _add_trees(x, roots, depths, feature, threshold, missing_right, left, value, out):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    # Unsigned indices spare the test for negative ones, and | and & instead of or and and spare branches: together a
    # factor of four. The lanes beyond the last row hold leftovers; what they reach is never read.
    n, width = x.shape
    node = np.empty(_LANES, dtype=np.uint32)
    total = np.empty(_LANES, dtype=np.float64)
    lines = np.zeros((width, _LANES), dtype=np.float32)
    for block in range(0, n, _LANES):
        lanes = min(_LANES, n - block)
        for lane in range(lanes):
            for column in range(width):
                lines[column, lane] = x[block + lane, column]
        total[:] = 0.0
        for tree in range(roots.shape[0]):
            for lane in range(_LANES):
                node[lane] = roots[tree]
            for _ in range(depths[tree]):
                for lane in range(_LANES):
                    at = node[lane]
                    v = lines[feature[at], np.uint32(lane)]
                    right = (v > threshold[at]) | ((v != v) & missing_right[at])  # noqa: PLR0124  # true of NaN alone
                    node[lane] = left[at] + np.uint32(right)
            for lane in range(_LANES):
                total[lane] += value[node[lane]]
        for lane in range(lanes):
            out[block + lane] += total[lane]


def export_forest(fitted: Any) -> Forest:
    """The trees of a fitted ``HistGradientBoosting{Classifier,Regressor}`` with one output.

    Thresholds become the largest ``float32`` that does not exceed them, which splits ``float32`` rows exactly as the
    ``float64`` threshold does.

    Raises
    ------
    ValueError
        The estimator has several outputs or categorical splits.
    """
    nodes: list[NDArray[Any]] = []
    for trees in fitted._predictors:
        if len(trees) != 1:
            raise ValueError("only one output can be exported")
        nodes.append(trees[0].nodes)
    if any(tree["is_categorical"].any() for tree in nodes):
        raise ValueError("categorical splits cannot be exported")
    sizes = np.array([len(tree) for tree in nodes], dtype=np.int64)
    total = int(sizes.sum())
    feature, threshold = np.zeros(total, np.uint16), np.full(total, np.inf, np.float32)
    missing_right, left = np.zeros(total, np.bool_), np.zeros(total, np.uint32)
    value = np.zeros(total)
    roots = (np.cumsum(sizes) - sizes).astype(np.uint32)
    for root, tree in zip(roots.tolist(), nodes, strict=True):
        # Renumbered breadth first, so that siblings are neighbours.
        order, place = [0], {0: 0}
        for at in order:
            if not tree["is_leaf"][at]:
                for child in (int(tree["left"][at]), int(tree["right"][at])):
                    place[child] = len(order)
                    order.append(child)
        for new, old in enumerate(order):
            node, at = tree[old], root + new
            value[at] = node["value"]
            if node["is_leaf"]:
                left[at] = at
                continue
            feature[at], threshold[at] = node["feature_idx"], _floor32(float(node["num_threshold"]))
            missing_right[at] = not node["missing_go_to_left"]
            left[at] = root + place[int(node["left"])]
    depths = np.array([int(tree["depth"].max()) for tree in nodes], dtype=np.int32)
    base = float(np.ravel(fitted._baseline_prediction)[0])
    return Forest(base, roots, depths, feature, threshold, missing_right, left, value)


def _floor32(value: float) -> np.float32:
    """Largest ``float32`` at most ``value``."""
    rounded = np.float32(value)
    return np.float32(np.nextafter(rounded, np.float32(-np.inf))) if float(rounded) > value else rounded
