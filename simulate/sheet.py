"""A file's rows before they are written: columns of cells, who each row speaks of, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulate.columns import edit
from simulate.faults import BAD_CODES, BAD_DATES, ErrorRates, Record
from simulate.history import World
from simulate.marginals import Bool, Dice, Int


@dataclass(frozen=True, slots=True)
class Register:
    """What departments draw on: the world, and what people are called and numbered."""

    world: World
    names: pa.Array
    numbers: pa.Array
    phones: pa.Array
    employer: Int
    employer_names: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of one file.

    ``columns`` maps headings to cells in the order of the file; ``person`` is the row of the person each line speaks
    of; ``number_cells`` holds, by heading, the rows whose text a spreadsheet keeps as a number; ``cut`` the rows with a
    wrong count of columns; ``merged`` the headings of a household's columns, whose ``group`` numbers the households.
    """

    columns: dict[str, pa.Array]
    person: Int
    record: Record
    number_cells: dict[str, Bool] = field(default_factory=dict)
    cut: Int = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    merged: tuple[str, ...] = ()
    group: Int = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.person)


def with_duplicates(person: Int, rates: ErrorRates, dice: Dice) -> tuple[Int, Bool]:
    """The rows of a file, some of them twice, and which are the second of two."""
    twice = dice.chance(rates.duplicate, len(person))
    rows = np.repeat(person, 1 + twice)
    second = np.concatenate([[False], rows[1:] == rows[:-1]]) if len(rows) else np.zeros(0, dtype=bool)
    return rows, second


def break_rows(
    columns: dict[str, pa.Array],
    *,
    dates: tuple[str, ...],
    codes: tuple[str, ...],
    rates: ErrorRates,
    record: Record,
    dice: Dice,
) -> dict[str, pa.Array]:
    """Days that no calendar has and words where a code should stand."""
    columns = dict(columns)
    count = len(record.bits)
    for kind, headings, words, rate in (
        ("broken_date", dates, BAD_DATES, rates.broken_date),
        ("broken_code", codes, BAD_CODES, rates.broken_code),
    ):
        which = dice.split(count, 0, max(len(headings), 1) - 1)
        word = dice.split(count, 0, len(words) - 1)
        throw = dice.chance(rate, count)
        for position, heading in enumerate(headings):
            rows = np.flatnonzero(throw & (which == position) & np.asarray(pc.is_valid(columns[heading])))
            record.add(kind, rows)
            columns[heading] = edit(columns[heading], rows, partial(_word, words, word))
    return columns


def _word(words: tuple[str, ...], which: Int, _text: str, row: int) -> str:
    return words[int(which[row])]


def cut_rows(rates: ErrorRates, record: Record, dice: Dice) -> Int:
    """Rows that will lack or gain a column in a format of lines."""
    rows = np.flatnonzero(dice.chance(rates.broken_columns, len(record.bits)))
    record.add("broken_columns", rows)
    return rows
