"""The subgraph for a gateway: ``_service`` gives the schema with its keys; ``_entities`` is a compiled root.

Source: Apollo Federation subgraph specification, version 2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import strawberry
from strawberry.printer import print_schema
from strawberry.types import Info


@strawberry.type(name="_Service", description="The schema as a gateway composes it（子图）")
class Service:
    """The schema as a gateway composes it."""

    sdl: str = strawberry.field(description="Schema definition language, with Federation's directives（模式定义）")


async def read_service(info: Info[Any, Any]) -> Service:
    """The subgraph's schema. It is the same for everybody: it names what there is and nobody's data."""
    return Service(sdl=subgraph_sdl(info.schema))


@lru_cache(maxsize=4)
def subgraph_sdl(schema: strawberry.Schema) -> str:
    """Schema definition language with ``@link`` and ``@key``; printed once, for it takes a while."""
    return print_schema(schema)
