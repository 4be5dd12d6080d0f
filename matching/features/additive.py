"""The additive score: a sum of terms that is one dot product, so that the best of many targets can be found exactly.

Terms that are products of something of the person and something of the target take one dimension each. Closeness of
places and of occupations are tables of utilities between classes; their best approximation of low rank takes a few
dimensions. The sum finds candidates; how they rank is the ranker's business.

Both sides are rounded to a grid of powers of two and kept short enough that every product and partial sum is a whole
number of :data:`SCORE_UNIT` below 2**24. ``float32`` adds such numbers exactly, so a score is the same to the bit
however the multiplication is cut into tiles, threads or machines, and ties are ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.features.columns import as_openings, level_distances, middle_wage, prefecture_distances, weakness
from matching.features.text import TextVectors
from matching.records import Float32, Int32, Int64, People, Targets
from matching.rules.geography import DIVISOR
from matching.rules.wish_scope import SCOPE_OF_CHANNEL

#: Steps of the grid of one side, and of a score.
_SIDE_UNIT = 2.0**-9
SCORE_UNIT = _SIDE_UNIT**2
#: Interpolation weights of wishes are this much longer, and utilities of wages shorter: both sides' rows stay short.
_BALANCE = 1.5
#: Greatest length of a row, so that a score stays within ±16: 2**22 units, with room to take a price off.
_LENGTH_MAX = 4.0
#: Wishes (yuan a month) between which the utility of a wage is interpolated.
_WISH_KNOTS = np.array([2000.0, 3000.0, 4200.0, 6000.0, 9000.0])
_REGION_RANK, _OCCUPATION_RANK = 8, 10
#: More classes than this of places are counted by counties instead of townships.
_PLACES_MAX = 400

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AdditiveWeights:
    """What each term is worth at its full extent, against each other: hand-set, none of them law."""

    text: float = 1.2
    wage: float = 1.6
    distance: float = 0.45
    scope: float = 0.6
    wish_occupation: float = 0.9
    former_occupation: float = 0.6
    lodging_away: float = 0.35
    insurance: float = 0.2
    night: float = 0.8
    heavy: float = 0.8
    tied: float = 0.8
    typical_wish_yuan: float = 3500.0


def additive(
    people: People, targets: Targets, *, vectors: TextVectors, weights: AdditiveWeights | None = None
) -> tuple[Float32, Float32]:
    """Factors whose product is the additive score.

    Parameters
    ----------
    vectors
        Of the texts of these people and these targets.

    Returns
    -------
    ``P`` of shape (n, D) and ``O`` of shape (m, D), on the grid; ``P @ O.T`` is exact. D is the dimensions of the
    text and 31 more.

    Raises
    ------
    ValueError
        The vectors are not those of these people and targets.
    """
    if len(vectors.people) != len(people) or len(vectors.targets) != len(targets):
        raise ValueError("the text vectors are of other people or targets")
    w = weights or AdditiveWeights()
    openings = as_openings(targets)
    n = len(people)
    places = _places(people.living_region, openings.region, w)
    occupations = _occupations(people, openings.occupation, w)
    away = (openings.channel > 0).astype(np.float64)
    needed = SCOPE_OF_CHANNEL[openings.channel]
    scope = people.wish_scope.astype(np.int64)
    person = [
        np.sqrt(w.text) * vectors.people.astype(np.float64),
        _wish_shares(people, w),
        places[0],
        occupations[0],
        # One column a channel's scope: how much further it is than the wish.
        np.where(scope[:, None] < 0, 0.0, -w.scope * np.maximum(np.arange(3)[None, :] - scope[:, None], 0)),
        np.stack(
            [
                np.ones(n),
                np.where(people.accepts_night_shift < 0, 0.3, people.accepts_night_shift == 0),
                np.nan_to_num(weakness(people).astype(np.float64), nan=0.2),
                (people.cannot_leave_home == 1).astype(np.float64),
                (np.nan_to_num(people.away_months, nan=0.0) > 0).astype(np.float64),
            ],
            axis=1,
        ),
    ]
    target = [
        np.sqrt(w.text) * vectors.targets.astype(np.float64),
        _wage_utilities(middle_wage(openings), w),
        places[1],
        occupations[1],
        (needed[:, None] == np.arange(3)[None, :]).astype(np.float64),
        np.stack(
            [
                w.lodging_away * (openings.lodging == 1) * away + w.insurance * (openings.social_insurance == 1),
                -w.night * (openings.night_shift == 1),
                -w.heavy * (openings.heavy_labour == 1),
                -w.tied * away,
                0.15 * away,
            ],
            axis=1,
        ),
    ]
    return on_grid(np.concatenate(person, axis=1)), on_grid(np.concatenate(target, axis=1))


def on_grid(rows: NDArray[np.floating]) -> Float32:
    """Rows rounded to the grid, ones that are too long shortened; what is no number counts as nothing."""
    clean = np.nan_to_num(rows.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    length = np.linalg.norm(clean, axis=1, keepdims=True)
    clean = clean * np.minimum(1.0, _LENGTH_MAX / np.maximum(length, _LENGTH_MAX))
    # Towards zero: rounding never lengthens a row.
    grid: Float32 = (np.trunc(clean / _SIDE_UNIT) * _SIDE_UNIT).astype(np.float32)
    return grid


def _wish_shares(people: People, w: AdditiveWeights) -> Table:
    """Place of each wish between the knots, as interpolation weights, of shape (n, n_knots)."""
    wish = np.where(people.wish_wage > 0, people.wish_wage, w.typical_wish_yuan).astype(np.float64)
    at = np.interp(wish, _WISH_KNOTS, np.arange(len(_WISH_KNOTS), dtype=np.float64))
    shares: Table = np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(len(_WISH_KNOTS))[None, :]))
    return _BALANCE * shares


def _wage_utilities(wage: Float32, w: AdditiveWeights) -> Table:
    """Utility of each wage to somebody with the wish of each knot, of shape (m, n_knots): the log of wage over wish."""
    ratio = np.log(np.where(np.isfinite(wage), wage, np.nan)[:, None] / _WISH_KNOTS[None, :])
    utility: Table = np.nan_to_num(np.clip(ratio, -0.9, 0.6), nan=-0.3)
    return w.wage / _BALANCE * utility


def _places(home: Int64, place: Int64, w: AdditiveWeights) -> tuple[Table, Table]:
    """Closeness by distance, -log of kilometres, as factors of low rank."""
    level = "township" if max(_distinct(home), _distinct(place)) <= _PLACES_MAX else "county"
    mine, mine_at = np.unique(home // DIVISOR[level] * DIVISOR[level], return_inverse=True)
    theirs, theirs_at = np.unique(place // DIVISOR[level] * DIVISOR[level], return_inverse=True)
    (here, there), km = prefecture_distances(mine, theirs)
    near = level_distances().astype(np.float64)
    distance = km[here[:, None], there[None, :]].astype(np.float64)
    coarser = 10**12
    for shared, nearer in (("prefecture", near[3]), ("county", near[2]), ("township", near[1])):
        divisor = DIVISOR[shared]
        same = (mine // divisor)[:, None] == (theirs // divisor)[None, :]
        # A code that ends here in zeros is known no nearer, and shares this level with nobody.
        distance = np.where(same & (mine % coarser >= divisor)[:, None], nearer, distance)
        coarser = divisor
    utility = -w.distance * np.log1p(distance / 20.0)
    typical = float(np.nanmean(utility)) if np.isfinite(utility).any() else 0.0
    left, right = _low_rank(np.nan_to_num(utility, nan=typical), _REGION_RANK)
    return left[mine_at.reshape(-1)], right[theirs_at.reshape(-1)]


def _distinct(region: Int64) -> int:
    return len(np.unique(region // DIVISOR["township"]))


def _occupations(people: People, occupation: Int32, w: AdditiveWeights) -> tuple[Table, Table]:
    """Closeness in the occupational tree of an occupation to the wish and to former work, as factors of low rank."""
    codes = np.unique(np.concatenate([people.wish_occupation, people.former_occupation]))
    offered, offered_at = np.unique(occupation, return_inverse=True)
    utility = np.zeros((len(codes), len(offered)))
    for divisor, worth in ((1_000_000, 0.1), (10_000, 0.2), (100, 0.4), (1, 0.3)):
        utility += worth * ((codes // divisor)[:, None] == (offered // divisor)[None, :])
    utility[codes == 0, :] = 0.0
    utility[:, offered == 0] = 0.0
    left, right = _low_rank(utility, _OCCUPATION_RANK)
    wish = left[np.searchsorted(codes, people.wish_occupation)]
    former = left[np.searchsorted(codes, people.former_occupation)]
    return w.wish_occupation * wish + w.former_occupation * former, right[offered_at.reshape(-1)]


def _low_rank(table: Table, rank: int) -> tuple[Table, Table]:
    """Factors of shapes (a, rank) and (b, rank) whose product is the nearest to ``table`` of that rank.

    Source: Eckart and Young, The approximation of one matrix by another of lower rank (1936).
    """
    left, right = np.zeros((table.shape[0], rank)), np.zeros((table.shape[1], rank))
    if table.size:
        u, s, v = np.linalg.svd(table, full_matrices=False)
        kept = min(rank, len(s))
        # A direction and its opposite are as good; the first large entry decides, so that runs repeat.
        sign = np.where(u[np.abs(u).argmax(axis=0), np.arange(len(s))] < 0, -1.0, 1.0)[:kept]
        size = np.sqrt(s[:kept])
        # Entries of the side with more rows would be the smaller ones; balanced, rows of both stay short.
        balance = (table.shape[0] / table.shape[1]) ** 0.25
        left[:, :kept] = u[:, :kept] * sign * size * balance
        right[:, :kept] = v[:kept].T * sign * size / balance
    return left, right
