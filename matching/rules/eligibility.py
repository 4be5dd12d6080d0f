"""Verdicts of every pair as look-ups: the tables that a set of rules comes down to for given people and targets.

For each rule, people and targets fall into few classes; a table holds the verdict of every class of people on every
class of targets. Verdicts of single pairs, the whole graph of eligible pairs as bits, and the lazy checks inside the
search for candidates all read the same tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matching.records import Bool, Int8, Int32, Int64, Verdict
from matching.rules.base import Key

Rows = NDArray[np.integer]
Bits = NDArray[np.uint8]

#: Largest span of a combined key that is numbered by a look-up table instead of by sorting.
_DENSE = 1 << 22
#: Bytes of eligibility bits held at once while the graph is walked.
_CHUNK_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Which people may have which targets, and which rule says so.

    Attributes
    ----------
    codes
        Codes of the rules, in the order of the rule set.
    rule_of
        Place in ``codes`` of each table; a rule with regional versions has several.
    person_class, target_class
        Classes by table, of shapes (n_tables, n_people) and (n_tables, n_targets).
    tables
        Verdicts, each of shape (classes of people, classes of targets).
    """

    codes: tuple[str, ...]
    rule_of: tuple[int, ...]
    person_class: Int32
    target_class: Int32
    tables: tuple[Int8, ...]

    @property
    def n_people(self) -> int:
        """People judged."""
        return int(self.person_class.shape[1])

    @property
    def n_targets(self) -> int:
        """Targets judged."""
        return int(self.target_class.shape[1])

    def take(self, person_rows: Rows) -> Eligibility:
        """The same rules for these people only."""
        return replace(self, person_class=np.ascontiguousarray(self.person_class[:, person_rows]))

    def verdicts(self, person_rows: Rows, target_rows: Rows) -> Int8:
        """Verdict of each rule on each pair, of shape (n_rules, n_pairs)."""
        out = np.full((len(self.codes), len(person_rows)), Verdict.PASS, dtype=np.int8)
        for number, (rule, table) in enumerate(zip(self.rule_of, self.tables, strict=True)):
            said = table[self.person_class[number, person_rows], self.target_class[number, target_rows]]
            # A version that does not bind the person passes, so at most one of a rule's versions says otherwise.
            out[rule] = np.where(said != Verdict.PASS, said, out[rule])
        return out

    def eligible(self, person_rows: Rows, target_rows: Rows) -> Bool:
        """Whether no rule fails, of shape (n_pairs,); what has to be asked counts as eligible meanwhile."""
        out = np.ones(len(person_rows), dtype=np.bool_)
        for number, table in enumerate(self.tables):
            out &= table[self.person_class[number, person_rows], self.target_class[number, target_rows]] != Verdict.FAIL
        return out

    def bits(self, person_rows: Rows) -> Bits:
        """Eligible targets of each person as ``numpy.packbits`` packs them, of shape (n_rows, ceil(n_targets / 8))."""
        return self._bits(person_rows, self._lines())

    def iter_bits(self, person_rows: Rows) -> Iterator[tuple[Rows, Bits]]:
        """The rows in chunks of bounded memory, each with its bits."""
        lines = self._lines()
        step = max(1, _CHUNK_BYTES // max(1, (self.n_targets + 7) // 8))
        for start in range(0, len(person_rows), step):
            part = person_rows[start : start + step]
            yield part, self._bits(part, lines)

    def counts(self, person_rows: Rows | None = None, *, among: Bool | None = None) -> Int64:
        """Number of eligible targets of each person, of all or of those ``among`` holds true."""
        rows = np.arange(self.n_people) if person_rows is None else person_rows
        mask = None if among is None else np.packbits(among)
        counts = [
            np.bitwise_count(bits if mask is None else bits & mask).sum(axis=1, dtype=np.int64)
            for _, bits in self.iter_bits(rows)
        ]
        return np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)

    def pairs(self, person_rows: Rows) -> tuple[Int64, Int32]:
        """All eligible pairs: ``indptr`` of shape (n_rows + 1,) and the target rows, ascending within a person."""
        indptr = np.zeros(len(person_rows) + 1, dtype=np.int64)
        found: list[Int32] = []
        done = 0
        for part, bits in self.iter_bits(person_rows):
            # One person's line at a time would be slow, all lines unpacked at once eight times as large as the bits.
            for start in range(0, len(part), 4096):
                dense = np.unpackbits(bits[start : start + 4096], axis=1, count=self.n_targets)
                rows, targets = np.nonzero(dense)
                indptr[done + 1 : done + 1 + len(dense)] = np.bincount(rows, minlength=len(dense))
                found.append(targets.astype(np.int32))
                done += len(dense)
        return np.cumsum(indptr), np.concatenate(found) if found else np.zeros(0, dtype=np.int32)

    def share(self) -> float:
        """Share of all pairs that are eligible."""
        pairs = self.n_people * self.n_targets
        return float(self.counts().sum()) / pairs if pairs else 0.0

    def _lines(self) -> list[tuple[int, Bits]]:
        """For each table that fails somebody: the eligible targets of each of its classes of people, packed."""
        return [
            (number, np.packbits((table != Verdict.FAIL)[:, self.target_class[number]], axis=1))
            for number, table in enumerate(self.tables)
            if (table == Verdict.FAIL).any()
        ]

    def _bits(self, person_rows: Rows, lines: list[tuple[int, Bits]]) -> Bits:
        out = np.broadcast_to(
            np.packbits(np.ones(self.n_targets, dtype=np.bool_)), (len(person_rows), (self.n_targets + 7) // 8)
        ).copy()
        for number, line in lines:
            out &= line[self.person_class[number, person_rows]]
        return out


def classes_of(key: Key, length: int) -> tuple[Int32, Key]:
    """Number the distinct rows of a key.

    Parameters
    ----------
    key
        Columns of one length, or of length 1 to be broadcast.
    length
        Number of rows.

    Returns
    -------
    The class of each row, of shape (length,), and the key of each class.
    """
    if length == 0:
        return np.zeros(0, dtype=np.int32), tuple(np.zeros(0, dtype=np.int64) for _ in key)
    combined = np.zeros(length, dtype=np.int64)
    span = 1
    for column in key:
        values = np.broadcast_to(column, (length,))
        low, high = int(values.min()), int(values.max())
        if (high - low + 1) * span < _DENSE:
            place, size = values - low, high - low + 1
        else:
            distinct, place = np.unique(values, return_inverse=True)
            size = len(distinct)
        if span * size > _DENSE:  # renumber what there is, so that the product never overflows
            combined, span = _renumber(combined)
        combined, span = combined * size + place, span * size
    classes, n_classes = _renumber(combined, span)
    first = np.full(n_classes, length, dtype=np.int64)
    first[classes[::-1]] = np.arange(length - 1, -1, -1)
    return classes.astype(np.int32), tuple(np.broadcast_to(column, (length,))[first] for column in key)


def _renumber(values: Int64, span: int | None = None) -> tuple[Int64, int]:
    """Dense numbers in the order of the values, and how many there are."""
    if span is None or span > _DENSE:
        distinct, place = np.unique(values, return_inverse=True)
        return place.astype(np.int64), len(distinct)
    there = np.zeros(span, dtype=np.bool_)
    there[values] = True
    return (np.cumsum(there) - 1)[values].astype(np.int64), int(there.sum())
