"""Bound values: where each ``$n`` of a statement comes from when the statement is run.

A statement's text is made once and kept; its values come from the variables, the claims and the literals of each run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from graphql import GraphQLInputType, ValueNode
from graphql.utilities.coerce_input_value import coerce_input_literal

from hub.access.policy import CLAIM_TYPES, Claims

#: From a GraphQL value, and the day of the run, to what SQL needs.
Convert = Callable[[Any, date], Any]
SqlType = Literal["text", "text[]", "bigint", "integer", "boolean", "date", "timestamptz"]


@dataclass(frozen=True, slots=True)
class Literally:
    """A value that stands in the document or belongs to the program."""

    value: Any
    convert: Convert | None = None


@dataclass(frozen=True, slots=True)
class FromVariable:
    """A variable of the operation; ``path`` leads into an input object."""

    name: str
    path: tuple[str, ...]
    convert: Convert | None = None


@dataclass(frozen=True, slots=True)
class FromNode:
    """A literal with variables inside."""

    node: ValueNode
    type: GraphQLInputType
    convert: Convert | None = None


@dataclass(frozen=True, slots=True)
class FromClaim:
    """A claim of whoever asks."""

    name: str


Source = Literally | FromVariable | FromNode | FromClaim


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a statement has. ``variables`` is graphql-core's record of them."""

    variables: Any
    claims: Claims
    today: date


def read_source(source: Source, run: Run) -> Any:
    """The value of one source."""
    if isinstance(source, FromClaim):
        return getattr(run.claims, source.name)
    if isinstance(source, FromVariable):
        value = run.variables.coerced.get(source.name)
        for step in source.path:
            value = value[step]
    elif isinstance(source, FromNode):
        value = coerce_input_literal(source.node, source.type, run.variables)
    else:
        value = source.value
    return value if source.convert is None else source.convert(value, run.today)


@dataclass(slots=True)
class Bindings:
    """Sources of a statement's values, gathered while its text is made."""

    sources: list[Source] = field(default_factory=list)
    _claims: dict[str, str] = field(default_factory=dict)

    def bind(self, source: Source, sql_type: SqlType) -> str:
        """The placeholder of a new value."""
        self.sources.append(source)
        return f"${len(self.sources)}::{sql_type}"

    def claim(self, name: str) -> str:
        """The placeholder of a claim; the same one each time."""
        if name not in self._claims:
            self.sources.append(FromClaim(name))
            self._claims[name] = f"${len(self.sources)}::{CLAIM_TYPES[name]}"
        return self._claims[name]


def values_of(sources: Sequence[Source], run: Run) -> list[Any]:
    """The values of one run, in the order of their placeholders."""
    return [read_source(source, run) for source in sources]
