"""Fields without resolvers of their own.

Registry fields are compiled: by the time an executor sees an object (behind a mutation or a computed root only),
it is a dictionary by response key, and a declared field reads its own place in it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry.types import Info


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a declared field; the compiler reads it, nothing else does."""

    annotation: Any
    description: str
    default: Any = strawberry.UNSET
    required: bool = False


def declared(
    name: str,
    returns: Any,
    description: str,
    arguments: Mapping[str, Argument] | None = None,
    *,
    graphql_name: str | None = None,
) -> Any:
    """A field that reads what the compiler has fetched; ``returns`` is its type annotation."""

    def read(root: Any, info: Info, **_: Any) -> Any:
        return root[info.path.key]

    parameters = [
        inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Parent[Any]),  # type: ignore[misc]  # an annotation made at run time
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
    ]
    for argument, given in (arguments or {}).items():
        annotation: Any = Annotated[given.annotation, strawberry.argument(description=given.description)]
        default = inspect.Parameter.empty if given.required else given.default
        parameters.append(
            inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        )
    read.__signature__ = inspect.Signature(parameters, return_annotation=returns)  # type: ignore[attr-defined]  # read by Strawberry
    read.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": returns}
    read.__name__ = name
    return strawberry.field(resolver=read, description=description, name=graphql_name)
