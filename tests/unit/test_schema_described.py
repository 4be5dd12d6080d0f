"""Everything in the schema is described in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
)

SCHEMA = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text(encoding="utf-8"))
_CHINESE, _ENGLISH = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2}")


def described() -> Iterator[tuple[str, str | None]]:
    """Every element of ours with its description."""
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{item}", value.description) for item, value in kind.values.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", item.description) for field, item in kind.fields.items())
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            for field, item in kind.fields.items():
                yield f"{name}.{field}", item.description
                yield from ((f"{name}.{field}({argument})", a.description) for argument, a in item.args.items())


ELEMENTS = dict(described())


def test_there_is_a_schema_to_describe() -> None:
    assert len(ELEMENTS) > 500


@pytest.mark.parametrize("language", [_CHINESE, _ENGLISH], ids=["Chinese", "English"])
def test_every_element_is_described(language: re.Pattern[str]) -> None:
    missing = [name for name, text in ELEMENTS.items() if not text or not language.search(text)]
    assert missing == []
