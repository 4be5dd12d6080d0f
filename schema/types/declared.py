"""Fields without resolvers of their own.

Registry fields are compiled: by the time an executor sees an object (behind a mutation or a computed root only),
it is a dictionary by response key, and a declared field reads its own place in it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.types import Info


def declared(name: str, returns: Any, description: str, arguments: Mapping[str, tuple[Any, bool]] | None = None) -> Any:
    """A field that reads what the compiler has fetched.

    Parameters
    ----------
    returns
        Type annotation.
    arguments
        Name -> annotation and whether it is required; the compiler reads them, nothing else does.
    """

    def read(root: Any, info: Info, **_: Any) -> Any:
        return root[info.path.key]

    parameters = [
        inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Parent[Any]),  # type: ignore[misc]  # an annotation made at run time
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
    ]
    for argument, (annotation, required) in (arguments or {}).items():
        default = inspect.Parameter.empty if required else strawberry.UNSET
        parameters.append(
            inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        )
    read.__signature__ = inspect.Signature(parameters, return_annotation=returns)  # type: ignore[attr-defined]  # read by Strawberry
    read.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": returns}
    read.__name__ = name
    return strawberry.field(resolver=read, description=description)
