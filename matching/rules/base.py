"""What every kind of rule is: columns in, three-valued verdicts out.

A kind boils people and targets down to a few small integers each (``person_key``, ``target_key``) and decides on those
(``decide``). Whatever a kind reads, few combinations occur: ages in years, steps of schooling, townships. So verdicts
are decided once for every combination and looked up for every pair (:mod:`matching.rules.eligibility`), and the verdict
of one pair and of a hundred million come from the same line of code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.records import Bool, Dates, Evidence, Int8, Int64, Kind, People, Targets, Verdict

#: Integer columns of one kind, each of one length; a constant may have shape (1,) and is broadcast.
Key = tuple[Int64, ...]
Detail = dict[str, str | int | float | None]
#: Stands for "not known" in keys whose values are at least 0.
NOT_KNOWN = -1


@dataclass(frozen=True, slots=True)
class Context:
    """What verdicts depend on beside the columns: the day, and evidence that the program itself put on record."""

    today: np.datetime64
    evidence: Evidence


class RuleKind(Protocol):
    """One kind of rule; an instance carries the parameters of one entry of the rule set."""

    name: ClassVar[str]
    judges: ClassVar[tuple[Kind, ...]]  # the targets that have what it reads

    def person_key(self, people: People, context: Context) -> Key:
        """What of people decides, one value a person in each column."""

    def target_key(self, targets: Targets) -> Key:
        """What of targets decides, one value a target in each column."""

    def decide(self, person: Key, target: Key) -> Int8:
        """Verdicts of broadcastable keys; ``ASK`` where a field that decides is not known."""

    def detail(self, person: tuple[int, ...], target: tuple[int, ...]) -> Detail:
        """What a reader needs to understand the verdict of one pair."""


def verdict(fails: Any, unknown: Any) -> Int8:
    """``FAIL`` where it certainly fails, else ``ASK`` where it cannot be known, else ``PASS``."""
    fails, unknown = np.broadcast_arrays(np.asarray(fails, dtype=np.bool_), np.asarray(unknown, dtype=np.bool_))
    return np.where(fails, Verdict.FAIL, np.where(unknown, Verdict.ASK, Verdict.PASS)).astype(np.int8)


def whole(column: NDArray[Any]) -> Int64:
    """A column as 64-bit integers."""
    return column.astype(np.int64)


def flags(column: Int8 | None, length: int) -> Int64:
    """Flags as they stand; all unknown where there is no such column."""
    return np.full(length, NOT_KNOWN, dtype=np.int64) if column is None else column.astype(np.int64)


def asked(targets: Targets, column: str) -> Int64:
    """A column of the targets that every target the kind judges has."""
    return whole(getattr(targets, column))


def condition(targets: Targets, column: str) -> Int64:
    """A flag of the targets' conditions; 0 where targets have no such condition (a post has no night shift)."""
    values = getattr(targets, column, None)
    return np.zeros(len(targets), dtype=np.int64) if values is None else whole(values)


#: The key of a side that a kind does not read.
NOTHING: Key = (np.zeros(1, dtype=np.int64),)


def ages(born_on: Dates, today: np.datetime64 | Dates) -> Int64:
    """Full years of age; -1 where the day of birth is unknown or to come.

    Parameters
    ----------
    today
        One day, or one for each person.
    """
    born = born_on.astype("datetime64[D]")
    day = np.broadcast_to(np.asarray(today, dtype="datetime64[D]"), born.shape)
    months = day.astype("datetime64[M]").astype(np.int64) - born.astype("datetime64[M]").astype(np.int64)
    day_of_month = (day - day.astype("datetime64[M]")).astype(np.int64)
    born_day = (born - born.astype("datetime64[M]")).astype(np.int64)
    years = (months - (day_of_month < born_day)) // 12
    return np.where(np.isnat(born) | np.isnat(day) | (years < 0), NOT_KNOWN, np.minimum(years, 150)).astype(np.int64)


def known(column: Int64) -> Bool:
    """Where a key that is at least 0 is known."""
    return np.asarray(column > NOT_KNOWN)
