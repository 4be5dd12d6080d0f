"""The tables that the made-up population is drawn from, and how to draw from them.

The figures live in ``simulate/data``; each table names its source.
"""

from __future__ import annotations

import csv
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Int8 = NDArray[np.int8]
Bool = NDArray[np.bool_]
Dates = NDArray[np.datetime64]


@lru_cache(maxsize=4)
def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("simulate").joinpath("data", name).read_text(encoding="utf-8"))


def load_marginals() -> dict[str, dict[str, Any]]:
    """Every table of ``marginals.toml`` by its name."""
    return _load("marginals.toml")


def load_names() -> dict[str, dict[str, Any]]:
    """Pools, styles and mixtures of ``names.toml``."""
    return _load("names.toml")


@lru_cache(maxsize=1)
def load_jobs() -> tuple[dict[str, str], ...]:
    """Occupations that the market knows, one row of ``jobs.csv`` each."""
    text = resources.files("simulate").joinpath("data", "jobs.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


class Dice:
    """The one seeded source of chance, with the few kinds of throw that the simulator needs."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.Generator(np.random.PCG64(seed))

    def chance(self, probability: float | Float, size: int | tuple[int, ...] | None = None) -> Bool:
        """True with ``probability``; of the shape of ``probability``, or of ``size``."""
        shape = np.shape(probability) if size is None else size
        return cast(Bool, np.less(self.rng.random(shape), probability))

    def pick(self, shares: ArrayLike, size: int) -> Int:
        """``size`` positions in ``shares``, each as often as its share says."""
        weights = np.asarray(shares, dtype=np.float64)
        edges = np.cumsum(weights) / weights.sum()
        return np.searchsorted(edges[:-1], self.rng.random(size), side="right")

    def pick_rows(self, shares: Float) -> Int:
        """One position a row of ``shares``, of shape (n, k); rows need not sum to one."""
        edges = np.cumsum(shares, axis=1)
        throw = self.rng.random(len(shares)) * edges[:, -1]
        return np.asarray(np.minimum((throw[:, None] >= edges).sum(axis=1), shares.shape[1] - 1))

    def pick_banded(self, upto: ArrayLike, shares: ArrayLike, values: NDArray[Any]) -> Int:
        """One position a value: ``shares`` has a row for each band of ``values``, band i ending below ``upto[i]``."""
        return self.pick_rows(np.asarray(shares, dtype=np.float64)[band_of(upto, values)])

    def clipped_normal(
        self, mean: float | Float, sd: float | Float, low: float | Float, high: float | Float, size: int
    ) -> Float:
        """Normal, pulled in to ``low`` and ``high`` by folding so that no heap stands at either end."""
        low_, high_ = np.broadcast_to(low, size).astype(float), np.broadcast_to(high, size).astype(float)
        value = self.rng.normal(mean, sd, size)
        value = np.where(value < low_, 2 * low_ - value, value)
        value = np.where(value > high_, 2 * high_ - value, value)
        return np.clip(value, low_, high_)

    def split(self, count: int, low: int, high: int) -> Int:
        """``count`` whole numbers from ``low`` to ``high``, both included."""
        return self.rng.integers(low, high + 1, count)


def band_of(upto: ArrayLike, values: NDArray[Any]) -> Int:
    """Position of the band that each value falls in; the last band is open."""
    edges = np.asarray(upto)
    return np.minimum(np.searchsorted(edges, values, side="right"), len(edges) - 1)


def banded(upto: ArrayLike, share: ArrayLike, values: NDArray[Any]) -> Float:
    """The share that belongs to each value's band."""
    return np.asarray(share, dtype=np.float64)[band_of(upto, values)]
