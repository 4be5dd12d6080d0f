"""Why an offer stands where it stands: the score taken apart into terms that add up to it.

A pair is built up from a typical one, a group of features at a time; what the score moves by is the group's
contribution. The groups enter in the order of policy and once more in reverse, and the mean of both counts, since a
group's effect depends on what is there already. Features of the person alone stay at the person's own from the start:
they explain nothing about one offer against another. So ``base + sum of contributions = score``, to rounding.

Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions (2017), for contributions as steps along
a path; two opposite paths are the least sample that treats first and last alike.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.model import Model
from matching.records import Float32, Reason

#: Reason code of features that are held at the person's own.
PERSON = "person"
_CHUNK = 16_384
_THREADS = 2
#: A term below this share of the score is not worth a line.
_NEGLIGIBLE = 0.01


@dataclass(frozen=True, slots=True)
class Contributions:
    """The scores of n pairs taken apart; ``base + values.sum(axis=1)`` is the score.

    Attributes
    ----------
    base
        Score of a typical offer for the same person, yuan.
    codes
        Reason codes, of length n_codes.
    values
        Yuan, of shape (n, n_codes).
    """

    base: NDArray[np.float64]
    codes: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TopReasons:
    """The leading terms of n pairs, compact: what is stored beside a list.

    Attributes
    ----------
    codes
        The codes that ``code`` points into.
    code
        Of shape (n, most), leading term first; -1 where there are fewer.
    value
        Contribution in yuan, of shape (n, most).
    figure
        What the wording quotes (yuan of wage, kilometres), of shape (n, most); NaN where it quotes nothing.
    """

    codes: tuple[str, ...]
    code: NDArray[np.int8]
    value: Float32
    figure: Float32


def typical_pair(x: Float32) -> Float32:
    """Median of each column among the pairs, of shape (n_features,); NaN where a column is never known."""
    typical = np.full(x.shape[1], np.nan, dtype=np.float32)
    for column in range(x.shape[1]):
        known = x[:, column][~np.isnan(x[:, column])]
        if len(known):
            typical[column] = np.median(known)
    return typical


def contributions(model: Model, x: Float32, *, typical: Float32) -> Contributions:
    """Take the scores of pairs apart.

    Parameters
    ----------
    x
        Features of the pairs as the model has them, of shape (n, n_features).
    typical
        The pair that all are compared with, of shape (n_features,); see :func:`typical_pair`.
    """
    codes = tuple(dict.fromkeys(code for code in model.reasons if code != PERSON))
    columns = [np.array([i for i, reason in enumerate(model.reasons) if reason == code]) for code in codes]
    own = np.array([i for i, reason in enumerate(model.reasons) if reason == PERSON], dtype=np.intp)
    base, values = np.empty(len(x)), np.zeros((len(x), len(codes)))

    def run(start: int) -> None:
        part = np.ascontiguousarray(x[start : start + _CHUNK])
        stop = start + len(part)
        full = model.score(part)
        for order in (range(len(codes)), range(len(codes) - 1, -1, -1)):
            pair = np.tile(typical, (len(part), 1))
            pair[:, own] = part[:, own]
            before = model.score(pair) if order.step > 0 else base[start:stop]
            base[start:stop] = before
            for step, group in enumerate(order):
                pair[:, columns[group]] = part[:, columns[group]]
                after = full if step == len(codes) - 1 else model.score(pair)
                values[start:stop, group] += (after - before) / 2
                before = after

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(run, range(0, len(x), _CHUNK)))
    return Contributions(base, codes, values)


def top_reasons(parts: Contributions, *, most: int, figures: dict[str, Float32] | None = None) -> TopReasons:
    """The ``most`` terms that move each score most, either way; negligible ones are left out.

    Parameters
    ----------
    figures
        Figure to quote by reason code, each of shape (n,).
    """
    n, width = parts.values.shape
    kept = min(most, width)
    size = np.abs(parts.values)
    order = np.argsort(-size, axis=1, kind="stable")[:, :kept]
    value = np.take_along_axis(parts.values, order, axis=1)
    score = parts.base + parts.values.sum(axis=1)
    dull = np.abs(value) < _NEGLIGIBLE * np.abs(score)[:, None]
    code = np.where(dull, -1, order).astype(np.int8)
    figure = np.full((n, kept), np.nan, dtype=np.float32)
    for name, numbers in (figures or {}).items():
        if name in parts.codes:
            quoted = code == parts.codes.index(name)
            figure = np.where(quoted, numbers[:, None], figure)
    value = np.where(dull, 0, value)
    return TopReasons(parts.codes, code, value.astype(np.float32), figure.astype(np.float32))


#: Name in the wording (schema.reasons) of the figure that a code quotes.
FIGURE_NAMES = {
    "wage": "wage",
    "distance": "km",
    "crowding": "people",
    "unlocks": "openings",
    "raises_chance": "points",
}


def reason_of(code: str, contribution: float, figure: float) -> Reason:
    """One reason with its figure under the name that the wording uses."""
    name = FIGURE_NAMES.get(code)
    detail: dict[str, str | int | float | None] = {}
    if name is not None and np.isfinite(figure):
        told = float(round_figures(code, np.array([figure]))[0])
        detail[name] = int(told) if told.is_integer() else told
    return Reason(code, float(contribution), detail)


def round_figures(code: str, figure: NDArray[np.float64]) -> NDArray[np.float64]:
    """As precise as the thing is known: wages to 50 yuan, most to whole ones, small shares to a tenth."""
    if code == "wage":
        return np.rint(figure / 50) * 50
    if code in ("crowding", "raises_chance"):
        return np.where(np.abs(figure) < 10, np.round(figure, 1), np.rint(figure))
    return np.rint(figure)
