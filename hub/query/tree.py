"""The plan of an operation: what is asked of which rows, with the decisions on it. Between selection and SQL.

A plan holds no value of any request, only where values come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.policy import FieldDecision
from hub.query.binding import Source, SqlType
from hub.query.paging import Page
from schema.catalog import Entity, Field, Link
from schema.grants import CountRule


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that was asked for and is not shown, or not in full; ``name`` is its ``entity.field``, for the audit."""

    path: str
    access: str
    reason: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a type: ``__typename``."""

    text: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Null, whatever the row."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """The global id of the row."""


@dataclass(frozen=True, slots=True)
class Value:
    """A field of the row. Of reasons, only the codes in ``told`` are, where it is not None."""

    field: Field
    decision: FieldDecision
    told: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A coded field of the row in words."""

    field: Field
    decision: FieldDecision
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """What is asked of a row of an entity: response keys in their order."""

    entity: Entity
    items: tuple[tuple[str, Item], ...]


@dataclass(frozen=True, slots=True)
class One:
    """At most one row that a link leads to."""

    link: Link
    row: Row


@dataclass(frozen=True, slots=True)
class Target:
    """One of several entities; the row's column ``kind`` says which."""

    link: Link
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter: its SQL, and the values its places are bound to. ``via`` leads to the rows it speaks of."""

    text: str
    values: tuple[tuple[str, Source, SqlType], ...]
    via: Link | None


@dataclass(frozen=True, slots=True)
class Count:
    """``totalCount``; masked by a rule, where there is one."""

    rule: CountRule | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor of a row."""


@dataclass(frozen=True, slots=True)
class PageFact:
    """A field of ``pageInfo``."""

    name: str


@dataclass(frozen=True, slots=True)
class PageFacts:
    """``pageInfo``."""

    items: tuple[tuple[str, PageFact | Name], ...]


@dataclass(frozen=True, slots=True)
class Nodes:
    """``nodes``."""

    row: Row


@dataclass(frozen=True, slots=True)
class Edges:
    """``edges``."""

    items: tuple[tuple[str, Row | Cursor | Name], ...]


Part = Nodes | Edges | PageFacts | Count | Name


@dataclass(frozen=True, slots=True)
class Paged:
    """A list: of a link, or (``link`` None) of all that may be seen. ``seen`` is false where nothing may."""

    entity: Entity
    link: Link | None
    page: Page
    conditions: tuple[Condition, ...]
    parts: tuple[tuple[str, Part], ...]
    seen: bool


Item = Name | Nothing | Identifier | Value | Label | One | Target | Paged


@dataclass(frozen=True, slots=True)
class ById:
    """A row by its key."""

    row: Row
    key: Source


@dataclass(frozen=True, slots=True)
class ByIds:
    """Rows of any entity by their ids, in the order of the ids. ``ids`` gives type names and keys."""

    rows: tuple[Row, ...]
    kinds: Source
    keys: Source


Root = Name | Nothing | ById | ByIds | Paged


@dataclass(frozen=True, slots=True)
class Plan:
    """All compiled root fields of an operation.

    Attributes
    ----------
    withheld
        What is not shown, or not in full, with the reason.
    fields
        ``entity.field`` of all that is read, filters and orders included.
    cost
        How many values a full answer has, by the sizes of its pages.
    counts
        Paths of the counts that are null where they are too small to be shown.
    """

    roots: tuple[tuple[str, Root], ...]
    withheld: tuple[Withheld, ...]
    fields: tuple[str, ...]
    cost: Cost
    counts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """Values of one row, or of the whole: its own, and those of the lists below by their sizes."""

    own: int
    lists: tuple[tuple[Source, Cost], ...]
