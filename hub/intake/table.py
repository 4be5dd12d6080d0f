"""What every reader gives: the first rows to find headings in, then the records in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Head:
    """First rows of one table of a file: a worksheet, or the file split at one delimiter."""

    where: str  # names it for people; empty when the file holds only one
    rows: list[list[str]]
    ends: list[int]  # 1-based line on which each row ends; 0 where headings are keys, not a line
    key: str = ""  # the reader's own name of it


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that could not be split into the table's columns."""

    line: int
    code: str
    cells: list[str]


@dataclass(slots=True)
class Chunk:
    """Some records, in the file's order, each as wide as the headings."""

    headings: tuple[str, ...]  # keys of the record; for tables with heading rows empty
    lines: list[int] = field(default_factory=list)  # 1-based line on which a record begins
    rows: list[list[str]] = field(default_factory=list)
    broken: list[BrokenRow] = field(default_factory=list)
    done: float = 0.0  # share of the file read so far


class Table(Protocol):
    """An open file."""

    def heads(self) -> list[Head]:
        """The tables it may hold."""
        ...

    def chunks(self, head: Head, *, after: int, width: int) -> Iterator[Chunk]:
        """Records of ``head`` after line ``after``, ``width`` columns each."""
        ...


def fit(row: list[str], width: int) -> bool:
    """Make ``row`` as wide as the headings where only blank cells stand beyond; False when it cannot be."""
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        del row[width:]
    return len(row) == width
