"""Pieces of dynamic SQL that carry their bound values with them.

A Fragment is made of trusted text and parameters. Text comes from literals in this program only; whatever comes from
outside goes in as a parameter. Composing renumbers nothing: places are kept until :meth:`Fragment.render`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound value and the SQL type it is cast to."""

    value: object
    sql_type: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """SQL text interleaved with parameters."""

    parts: tuple[str | Parameter, ...] = ()

    def __add__(self, other: Fragment) -> Fragment:
        return Fragment(self.parts + other.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def render(self) -> tuple[str, list[object]]:
        """Text with ``$1 …`` and the values, equal parameters of one object sharing a number."""
        values: list[object] = []
        numbers: dict[int, int] = {}
        text: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                text.append(part)
                continue
            number = numbers.get(id(part))
            if number is None:
                values.append(part.value)
                number = numbers[id(part)] = len(values)
            text.append(f"${number}::{part.sql_type}")
        return "".join(text), values


def sql(text: LiteralString) -> Fragment:
    """Trusted text. Literals only: the type checker refuses a computed string."""
    return Fragment((text,))


def bind(value: object, sql_type: LiteralString) -> Fragment:
    """A value from outside, bound, never in the text."""
    return Fragment((Parameter(value, sql_type),))


def identifier(name: str) -> Fragment:
    """A quoted identifier; only plain lower-case names are let through."""
    if not _IDENTIFIER.match(name):
        raise ValueError("not a plain identifier")
    return Fragment((f'"{name}"',))


def join(separator: LiteralString, fragments: Iterable[Fragment]) -> Fragment:
    """Fragments with text between them."""
    parts: list[str | Parameter] = []
    for position, fragment in enumerate(fragments):
        if position:
            parts.append(separator)
        parts.extend(fragment.parts)
    return Fragment(tuple(parts))


def all_of(fragments: Iterable[Fragment]) -> Fragment:
    """Conjunction; ``true`` when empty."""
    items = [sql("(") + fragment + sql(")") for fragment in fragments]
    return join(" AND ", items) if items else sql("true")


def any_of(fragments: Iterable[Fragment]) -> Fragment:
    """Disjunction; ``false`` when empty."""
    items = [sql("(") + fragment + sql(")") for fragment in fragments]
    return join(" OR ", items) if items else sql("false")
