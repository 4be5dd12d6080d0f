"""Congestion prices: what an opening costs a candidate because others want it too.

Lists by score alone send everybody to the same few openings. A price on each, high where more people would come than
there are vacancies, spreads the lists; an allocator over them fills the vacancies that lists by score never reach. The
prices are the multipliers of the vacancies in the dual of the assignment, found by ascent: demand at the present prices
is counted, prices of openings with too much of it rise, those with too little fall.

They are learnt on a sample of people with the vacancies scaled down alike. A price steers candidates apart and is no
part of a score.

Source: Bertsekas, Auction algorithms (1992), for prices that rise with bids; Galichon, Optimal transport methods in
economics (2016), ch. 7, for the smoothed dual; Riedmiller and Braun, A direct adaptive method (RPROP, 1993), for steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.features import SCORE_UNIT
from matching.records import Float32, Int32, Int64

#: People whose choices are looked at: all of a small place, no more than a fiftieth of a large one.
_SAMPLE_LEAST = 4_000
_SAMPLE_SHARE = 0.02
#: Targets among which each of them chooses, and how sharply: the scale of the noise in a choice, in units of score.
CHOICES = 12
_SHARPNESS = 0.15
_ROUNDS = 30
#: Steps of the ascent, in units of score. Each price has its own: longer while it keeps its direction, shorter when it
#: turns.
_STEP_FIRST, _STEP_LEAST, _STEP_MOST = 0.4, 0.01, 1.0
_LONGER, _SHORTER = 1.3, 0.5
#: No price is higher: whoever could pay more takes the target whatever it costs.
_PRICE_MAX = 8.0

#: The best targets at given prices: ``indptr`` by person, target rows, and scores less prices.
Demand = Callable[[Float32], tuple[Int64, Int32, Float32]]


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices and how they were found.

    Attributes
    ----------
    price
        In units of the additive score and on its grid, at least 0, of shape (n_targets,).
    overload_before, overload_after
        Share of the sample's demand beyond the vacancies, without prices and with them.
    sampled
        People the prices were learnt on.
    """

    price: Float32
    overload_before: float
    overload_after: float
    sampled: int


def sample_rows(n_people: int, *, seed: int) -> Int64:
    """Rows of the people that prices are learnt on, ascending: everybody in a small place."""
    size = max(_SAMPLE_LEAST, int(n_people * _SAMPLE_SHARE))
    if n_people <= size:
        return np.arange(n_people, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(n_people, size, replace=False)).astype(np.int64)


def learn_prices(demand: Demand, *, vacancies: NDArray[np.integer], n_people: int, n_sampled: int) -> Prices:
    """Prices at which the sample's demand fits the vacancies as well as it can.

    Parameters
    ----------
    demand
        Answers with the best :data:`CHOICES` targets of each person of the sample at given prices.
    vacancies
        Of shape (n_targets,); a target without any has price 0, since nobody is led to it.
    n_people, n_sampled
        People in all and in the sample; vacancies are scaled down by their ratio.
    """
    room = np.maximum(vacancies.astype(np.float64), 0.0) * (n_sampled / n_people if n_people else 0.0)
    total = room.sum()
    price = np.zeros(len(room), dtype=np.float64)
    if not n_sampled or not total:
        return Prices(price.astype(np.float32), 0.0, 0.0, n_sampled)
    # With fewer vacancies than people nothing balances: every price would rise for ever. The crowd is then spread in
    # proportion to the vacancies.
    room *= max(1.0, n_sampled / total)
    kept, wanted = price, _wanted(demand, price)
    first = best = _overload(wanted, room)
    step, before = np.full(len(room), _STEP_FIRST), np.zeros(len(room))
    for _ in range(_ROUNDS):
        # From -1 to 1, whatever the size; a target without vacancies stays out of it.
        excess = np.where(room > 0, (wanted - room) / np.maximum(wanted + room, 1e-12), 0.0)
        turned = excess * before
        step *= np.where(turned > 0, _LONGER, np.where(turned < 0, _SHORTER, 1.0))
        step = np.clip(step, _STEP_LEAST, _STEP_MOST)
        price = np.clip(price + step * excess, 0.0, _PRICE_MAX)
        before = excess
        wanted = _wanted(demand, price)
        overload = _overload(wanted, room)
        if overload < best:
            best, kept = overload, price
    return Prices(_on_grid(kept), first, best, n_sampled)


def _wanted(demand: Demand, price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected demand for each target when everybody of the sample chooses once."""
    indptr, target, priced = demand(_on_grid(price))
    counts = np.diff(indptr)
    chooser = np.repeat(np.arange(len(counts)), counts)
    if not len(target):
        return np.zeros(len(price))
    # The first entry of a list is its best; differences to it cannot overflow.
    weight = np.exp((priced.astype(np.float64) - priced[indptr[chooser]]) / _SHARPNESS)
    weight /= np.bincount(chooser, weights=weight, minlength=len(counts))[chooser]
    return np.bincount(target, weights=weight, minlength=len(price)).astype(np.float64)


def _overload(wanted: NDArray[np.float64], room: NDArray[np.float64]) -> float:
    total = wanted.sum()
    return float(np.maximum(wanted - room, 0.0).sum() / total) if total else 0.0


def _on_grid(price: NDArray[np.float64]) -> Float32:
    grid: Float32 = (np.rint(price / SCORE_UNIT) * SCORE_UNIT).astype(np.float32)
    return grid
