"""Bound values: where each ``$n`` of a statement comes from when the statement is run.

A statement's text is made once and kept; its values come from the arguments, the claims and the constants of each run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, LiteralString

from graphql import FieldNode, GraphQLField
from graphql.execution.values import VariableValues, get_argument_values

from hub.access.policy import Claims

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class FromArgument:
    """A value out of a field's arguments: ``path`` leads to it, ``convert`` makes it what SQL needs."""

    field: int
    path: tuple[str, ...]
    convert: Convert


@dataclass(frozen=True, slots=True)
class FromClaim:
    """A claim of whoever asks."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that belongs to the statement."""

    value: Any


Source = FromArgument | FromClaim | Constant


@dataclass(slots=True)
class Bindings:
    """Sources of a statement's values, gathered while its text is made."""

    sources: list[Source] = field(default_factory=list)
    fields: list[tuple[GraphQLField, FieldNode]] = field(default_factory=list)
    checks: list[Callable[[Sequence[Mapping[str, Any]]], None]] = field(default_factory=list)
    _claims: dict[str, str] = field(default_factory=dict)

    _CLAIM_TYPES: ClassVar[dict[str, str]] = {
        "region_low": "text",
        "region_high": "text",
        "partner_code": "text",
        "person_id": "bigint",
        "born_before": "date",
    }

    def add_field(self, definition: GraphQLField, node: FieldNode) -> int:
        """Remember a field whose arguments are read at each run; returns its number."""
        self.fields.append((definition, node))
        return len(self.fields) - 1

    def bind(self, source: Source, sql_type: LiteralString) -> str:
        """The placeholder of a new value."""
        self.sources.append(source)
        return f"${len(self.sources)}::{sql_type}"

    def claim(self, name: str) -> str:
        """The placeholder of a claim; the same one each time."""
        if name not in self._claims:
            self.sources.append(FromClaim(name))
            self._claims[name] = f"${len(self.sources)}::{self._CLAIM_TYPES[name]}"
        return self._claims[name]


def read_arguments(fields: Sequence[tuple[GraphQLField, FieldNode]], variables: VariableValues) -> list[dict[str, Any]]:
    """Coerced arguments of each field."""
    return [get_argument_values(definition, node, variables) for definition, node in fields]


def values_of(sources: Sequence[Source], arguments: Sequence[Mapping[str, Any]], claims: Claims) -> list[Any]:
    """The values of one run, in the order of their placeholders."""
    values: list[Any] = []
    for source in sources:
        if isinstance(source, FromClaim):
            values.append(getattr(claims, source.name))
        elif isinstance(source, Constant):
            values.append(source.value)
        else:
            found: Any = arguments[source.field]
            for step in source.path:
                found = found[step]
            values.append(source.convert(found))
    return values
