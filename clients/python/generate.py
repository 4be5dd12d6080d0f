"""Writes src/yunqiao_client/types.py from the hub's schema: a TypedDict for every object and input.

python clients/python/generate.py
"""

from __future__ import annotations

import json
import keyword
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "schema" / "schema.graphql"
TARGET = HERE / "src" / "yunqiao_client" / "types.py"
_HEAD = '''"""Types of the hub's schema. Made by generate.py; do not edit. Days and moments are ISO 8601 text."""

from __future__ import annotations

from typing import Any, Literal, TypedDict
'''
_SCALARS = {
    "String": "str",
    "ID": "str",
    "Int": "int",
    "Float": "float",
    "Boolean": "bool",
    "Date": "str",
    "DateTime": "str",
}


def write_types(schema: GraphQLSchema) -> str:
    """The module's text."""
    enums, classes, unions = [], [], []
    for name, kind in sorted(schema.type_map.items()):
        if name.startswith(("_", "link__")) or name in ("Query", "Mutation", "Subscription"):
            continue
        if isinstance(kind, GraphQLEnumType):
            enums.append(f"{name} = Literal[{', '.join(json.dumps(value) for value in kind.values)}]")
        elif isinstance(kind, GraphQLUnionType):
            unions.append(f"{name} = {' | '.join(member.name for member in kind.types)}")
        elif isinstance(kind, (GraphQLObjectType, GraphQLInputObjectType)):
            classes.append(_class_of(kind))
    return "\n".join([_HEAD, *enums, "\n", "\n\n\n".join(classes), "\n", *unions]).rstrip() + "\n"


def _class_of(kind: GraphQLObjectType | GraphQLInputObjectType) -> str:
    fields = {name: _annotation(item.type) for name, item in kind.fields.items()}
    words = _first_line(kind.description)
    if any(keyword.iskeyword(name) for name in fields):
        # A field that is a word of Python's can stand in a dictionary alone.
        items = "".join(f"    {json.dumps(name)}: {json.dumps(told)},\n" for name, told in fields.items())
        name = json.dumps(kind.name)
        return f"# {words}\n{kind.name} = TypedDict(\n    {name},\n    {{\n{items}    }},\n    total=False,\n)"
    items = "\n".join(f"    {name}: {told}" for name, told in fields.items())
    return f'class {kind.name}(TypedDict, total=False):\n    """{words}"""\n\n{items}'


def _annotation(kind: object) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _annotation(kind.of_type).removesuffix(" | None")
    if isinstance(kind, GraphQLList):
        return f"list[{_annotation(kind.of_type)}] | None"
    name = str(kind)
    return f"{_SCALARS.get(name, 'Any' if name in ('JSON', 'Node') or name.startswith('_') else name)} | None"


def _first_line(text: str | None) -> str:
    line = (text or "").strip().splitlines()[0] if text else ""
    return line if len(line) <= 100 else line[:99] + "…"


if __name__ == "__main__":
    TARGET.write_text(write_types(build_schema(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8")
