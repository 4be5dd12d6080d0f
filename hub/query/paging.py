"""Keyset pages: a cursor holds the order's value and the key, so a page is found by an index, not by counting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.errors import InvalidInput, LimitExceeded
from schema.filters import KEY_TYPES, ORDERS, Order

#: Most items of one page.
MOST = 500


@dataclass(frozen=True, slots=True)
class Page:
    """How a list is cut: which order, from which end, and whether a cursor is given."""

    order: Order | None
    backward: bool
    cursor: bool
    key_type: str

    @property
    def descending(self) -> bool:
        """Whether rows are read from the high end, the direction of the page included."""
        return (self.order is not None and self.order.descending) != self.backward


def read_page(entity: str, arguments: Mapping[str, Any]) -> Page:
    """The shape of a page from a field's arguments.

    Raises
    ------
    InvalidInput
        ``page_size_missing`` or ``page_two_ends``.
    LimitExceeded
        ``page_too_large``.
    """
    first, last = arguments.get("first"), arguments.get("last")
    if (first is None) == (last is None):
        if first is None:
            raise InvalidInput(
                "page_size_missing", "A list needs first or last.", hint=f"Ask for up to {MOST}, e.g. first: 20."
            )
        raise InvalidInput("page_two_ends", "A list is read from one end.", hint="Give first or last, not both.")
    size: int = first if first is not None else arguments["last"]
    if size < 0 or size > MOST:
        raise LimitExceeded("page_too_large", f"A page has 0 to {MOST} items.", hint="Ask for less and page on.")
    backward = last is not None
    wrong = arguments.get("after" if backward else "before")
    if wrong is not None:
        raise InvalidInput("page_two_ends", "first goes with after, last with before.")
    name = arguments.get("order")
    name = getattr(name, "value", name)
    order = next((item for item in ORDERS.get(entity, ()) if name in (item.name, item.name.upper())), None)
    cursor = arguments.get("before" if backward else "after") is not None
    return Page(order, backward, cursor, KEY_TYPES.get(entity, "bigint"))


def read_cursor(text: str, page: Page, position: int) -> Any:
    """One value out of a cursor: 0 the order's, 1 the key's.

    Raises
    ------
    InvalidInput
        ``cursor_invalid``: not a cursor of a list in this order.
    """
    try:
        name, value, key = json.loads(text)
        if name != (page.order.name if page.order else "key"):
            raise ValueError("another order")
        if position == 0:
            return _typed(value, page.order.sql_type if page.order else "text")
        return _typed(key, page.key_type)
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            "cursor_invalid", "This is no cursor of a list in this order.", hint="Use endCursor as it came."
        ) from error


def _typed(value: Any, sql_type: str) -> Any:
    if sql_type in ("bigint", "integer"):
        return int(value)
    if sql_type == "date":
        return date.fromisoformat(value)
    if sql_type == "timestamptz":
        return datetime.fromisoformat(value)
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value
