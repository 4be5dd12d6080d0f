"""Columns of text for a file, built whole columns at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from simulate.marginals import Bool, Dates, Dice, Int

#: The five forms departments write a day in; the first is the plain one.
DATE_FORMS = 5
_FOUR = [f"{year:04d}" for year in range(2200)]
_PLAIN = [str(number) for number in range(32)]
_PADDED = [f"{number:02d}" for number in range(32)]


def labels_of(labels: Sequence[str], position: ArrayLike) -> pa.Array:
    """``labels[position]`` as a column; an empty cell where the position is negative."""
    rows = np.asarray(position, dtype=np.int64)
    return pa.array(labels, type=pa.string()).take(pa.array(rows, mask=rows < 0))


def whole_numbers(values: NDArray[np.integer], *, empty: Bool) -> pa.Array:
    """Whole numbers; an empty cell where ``empty``."""
    return pa.array(np.asarray(values, dtype=np.int64), mask=empty)


def flags(values: Bool, *, yes: str = "是", no: str = "否", empty: Bool | None = None) -> pa.Array:
    """Yes and no."""
    position = np.where(values, 1, 0)
    return labels_of([no, yes], position if empty is None else np.where(empty, -1, position))


def blank_where(column: pa.Array, mask: Bool) -> pa.Array:
    """The column with empty cells where ``mask``."""
    return pc.if_else(pa.array(mask), pa.scalar(None, column.type), column)


def join(*parts: pa.Array | str) -> pa.Array:
    """Text put together row by row; empty where a part is."""
    return pc.binary_join_element_wise(*[_text(part) for part in parts], "")


def _text(part: pa.Array | str) -> pa.Array | pa.Scalar:
    return pa.scalar(part, pa.string()) if isinstance(part, str) else part.cast(pa.string())


def day_column(days: Dates, form: Int) -> pa.Array:
    """Days, each in its own of the five forms; empty at NaT.

    0 ``2024-03-05``, 1 ``2024/3/5``, 2 ``20240305``, 3 ``2024年3月5日``, 4 ``2024.03.05``.
    """
    return _dates(days, form, with_day=True)


def month_column(days: Dates, form: Int) -> pa.Array:
    """Months in the same five forms: ``2024-03``, ``2024/3``, ``202403``, ``2024年3月``, ``2024.03``."""
    return _dates(days, form, with_day=False)


def _dates(days: Dates, form: Int, *, with_day: bool) -> pa.Array:
    missing = np.isnat(days)
    safe = np.where(missing, np.datetime64("2000-01-01"), days)
    year = safe.astype("datetime64[Y]").astype(np.int64) + 1970
    month = safe.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (safe - safe.astype("datetime64[M]")).astype(np.int64) + 1
    padded = np.isin(form, (0, 2, 4))
    parts = [
        labels_of(_FOUR, year),
        labels_of(["-", "/", "", "年", "."], form),
        labels_of(_PLAIN + _PADDED, month + 32 * padded),
    ]
    if with_day:
        parts += [
            labels_of(["-", "/", "", "月", "."], form),
            labels_of(_PLAIN + _PADDED, day + 32 * padded),
            labels_of(["", "", "", "日", ""], form),
        ]
    else:
        parts.append(labels_of(["", "", "", "月", ""], form))
    return blank_where(join(*parts), missing)


def date_forms(count: int, share: float, own: int, dice: Dice) -> Int:
    """A form a row: the sender's own, or with ``share`` any other of the five."""
    other = (own + dice.split(count, 1, DATE_FORMS - 1)) % DATE_FORMS
    return np.where(dice.chance(share, count), other, own)


def edit(column: pa.Array, rows: Int, change: Callable[[str, int], str | None]) -> pa.Array:
    """The column with ``change(text, row)`` at ``rows``; cells that are empty stay so."""
    if not len(rows):
        return column
    rows = np.sort(rows)
    before = column.take(pa.array(rows)).to_pylist()
    after = [None if text is None else change(text, row) for text, row in zip(before, rows.tolist(), strict=True)]
    mask = np.zeros(len(column), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(column.cast(pa.string()), pa.array(mask), pa.array(after, type=pa.string()))
