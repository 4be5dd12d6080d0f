"""What a layout is: how one departmental form writes the canonical fields.

A layout is data: the departments change their forms, and a county changes its form on its own. Everything that differs
between two forms stands in the file; nothing about a form stands in the program.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schema.codes import fold_label

Mode = Literal["full", "delta"]


class LayoutError(ValueError):
    """A layout that cannot be used: which one, where in it, and what is wrong."""

    def __init__(self, layout: str, where: str, what: str) -> None:
        self.layout, self.where, self.what = layout, where, what
        super().__init__(f"layout {layout}: {where}: {what}" if where else f"layout {layout}: {what}")


@dataclass(frozen=True, slots=True)
class Field:
    """How a layout writes one canonical field."""

    name: str
    kind: str  # see schema.feeds.fields
    headings: tuple[str, ...]  # in order of preference, as a person would write them
    required: bool
    codes: Mapping[str, str]  # folded label -> code, besides the code list's own labels
    empty: frozenset[str]  # folded
    forms: tuple[str, ...]  # of dates and months
    partial: bool  # a date may lack its day; it then stands for the first of the month
    min: float | None
    max: float | None
    units: tuple[str, ...]  # words that may follow a number, longest first
    span: Literal["low", "high"] | None  # which end of "3000-4000" is meant; None: a range is no number
    flags: Mapping[str, bool]  # folded word -> what it means for this field


@dataclass(frozen=True, slots=True)
class Derivation:
    """A field worked out from another one's cell."""

    name: str
    source: str
    how: Literal["region_prefix", "region_of_address"]
    digits: int


@dataclass(frozen=True, slots=True)
class Layout:
    """One departmental form. ``sha256`` is that of the TOML text, kept with every batch."""

    name: str
    title: str
    entity: str
    department: str
    mode: Mode
    formats: tuple[str, ...]
    encodings: tuple[str, ...]
    heading_rows: int  # most rows a heading is spread over
    search_rows: int  # the heading begins within so many rows
    footers: tuple[str, ...]  # folded beginnings of rows that hold no record
    required_headings: tuple[str, ...]  # canonical fields
    record_key: tuple[tuple[str, ...], ...]  # alternatives, first whose fields are all filled
    fields: Mapping[str, Field]
    derive: tuple[Derivation, ...]
    fill_group: str | None
    fill_fields: tuple[str, ...]
    constants: Mapping[str, str | int | float | bool]
    rows_at: str  # NDJSON: dotted path of the array whose elements are the rows; empty = the line is the row
    sha256: bytes


def fold_heading(text: str) -> str:
    """A heading without width, case, blanks, brackets, marks of obligation and punctuation."""
    return "".join(ch for ch in fold_label(text) if unicodedata.category(ch)[0] in "LN")
