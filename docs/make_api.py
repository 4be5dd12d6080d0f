"""Writes docs/api.md: every type, field, argument of the schema, with its words, and the examples of docs/examples.

python docs/make_api.py            writes it
python docs/make_api.py --check    says whether it is up to date
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    is_specified_scalar_type,
)

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api.md"
_HEAD = """# The GraphQL schema

Made by `python docs/make_api.py` from [schema.graphql](../schema/schema.graphql); do not edit. How to ask: POST to
`/graphql` with a bearer token and the purpose in `X-Purpose` ([README](../README.md)). Errors: [errors.md](errors.md).

本页由程序从模式文件生成，请勿手工修改。查询方法：携带令牌和用途（`X-Purpose`）向 `/graphql` 提交 POST 请求。
"""


def write_page(schema: GraphQLSchema) -> str:
    """The page."""
    parts = [_HEAD, "## Examples（示例）\n", *_examples()]
    for name in ("Query", "Mutation", "Subscription"):
        kind = schema.get_type(name)
        if isinstance(kind, GraphQLObjectType):
            parts.append(_fields_of(kind))
    kinds = [
        kind
        for name, kind in sorted(schema.type_map.items())
        if not name.startswith("__") and name not in ("Query", "Mutation", "Subscription")
    ]
    sections: list[tuple[str, Callable[[GraphQLNamedType], bool]]] = [
        ("Things（对象）", lambda k: isinstance(k, GraphQLObjectType) and not _is_list(k)),
        ("Interfaces and unions（接口与联合）", lambda k: isinstance(k, (GraphQLInterfaceType, GraphQLUnionType))),
        ("Inputs（输入）", lambda k: isinstance(k, GraphQLInputObjectType)),
        ("Codes（枚举）", lambda k: isinstance(k, GraphQLEnumType)),
        ("Scalars（标量）", lambda k: isinstance(k, GraphQLScalarType) and not is_specified_scalar_type(k)),
    ]
    for title, belongs in sections:
        parts.append(f"# {title}\n")
        parts.extend(_type_of(kind) for kind in kinds if belongs(kind))
    parts.append(
        "# Lists（列表）\n\nEvery list of a thing `X` is an `XConnection`: `nodes`, `edges { cursor node }`, "
        "`totalCount` and\n`pageInfo`. `first` (with `after`) or `last` (with `before`) is needed, at most 500.\n"
    )
    return "\n".join(parts).rstrip() + "\n"


def _is_list(kind: GraphQLNamedType) -> bool:
    return kind.name.endswith(("Connection", "Edge"))


def _examples() -> Iterator[str]:
    for path in sorted((ROOT / "docs" / "examples").glob("*.graphql")):
        text = path.read_text(encoding="utf-8").strip()
        head = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
        body = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
        yield f"### {head[0]}\n\n{' · '.join(f'`{line}`' for line in head[1:])}\n\n```graphql\n{body.strip()}\n```\n"


def _fields_of(kind: GraphQLObjectType | GraphQLInterfaceType) -> str:
    lines = [f"## {kind.name}\n", f"{kind.description}\n", "| field | type | what |", "| --- | --- | --- |"]
    for name, field in kind.fields.items():
        lines.append(f"| `{name}` | `{field.type}` | {_cell(field.description)} |")
        for argument, given in field.args.items():
            lines.append(f"| · `{argument}` | `{given.type}` | {_cell(given.description)} |")
    return "\n".join(lines) + "\n"


def _type_of(kind: GraphQLNamedType) -> str:
    if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
        return _fields_of(kind)
    head = f"## {kind.name}\n\n{kind.description}\n"
    if isinstance(kind, GraphQLUnionType):
        return head + "\n" + ", ".join(f"`{member.name}`" for member in kind.types) + "\n"
    rows: Mapping[str, tuple[str, str | None]] = {}
    if isinstance(kind, GraphQLEnumType):
        rows = {name: ("", value.description) for name, value in kind.values.items()}
    elif isinstance(kind, GraphQLInputObjectType):
        rows = {name: (f"`{field.type}`", field.description) for name, field in kind.fields.items()}
    if not rows:
        return head
    table = [f"| `{name}` | {of} | {_cell(words)} |" for name, (of, words) in rows.items()]
    return head + "\n| name | type | what |\n| --- | --- | --- |\n" + "\n".join(table) + "\n"


def _cell(text: str | None) -> str:
    return (text or "").replace("\n", " ").replace("|", "\\|")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    page = write_page(build_schema((ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8")))
    if parser.parse_args().check:
        sys.exit(
            0 if PAGE.read_text(encoding="utf-8") == page else "docs/api.md is out of date: python docs/make_api.py"
        )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
