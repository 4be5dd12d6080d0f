"""Keyset pages: a cursor holds the order's value and the key, so a page is found by an index, not by counting.

A cursor gives nothing away and opens nothing: it holds an open field and a key of a row its reader was shown, and the
page after a made-up one is bound by the same predicates as any other.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.errors import InvalidInput, LimitExceeded
from hub.query.arguments import Arguments
from hub.query.binding import Source
from hub.query.refusals import invalid_value
from schema.filters import KEY_TYPES, ORDERS, Order

#: Most items of one page.
MOST = 500


@dataclass(frozen=True, slots=True)
class Page:
    """How a list is cut: which order, from which end, how many, and after which row."""

    entity: str
    order: Order | None
    backward: bool
    size: Source
    at_value: Source | None  # with an order and a cursor
    at_key: Source | None  # with a cursor

    @property
    def tag(self) -> str:
        """What a cursor says it is a cursor of."""
        return f"{self.entity}.{self.order.name if self.order else 'key'}"

    @property
    def descending(self) -> bool:
        """Whether rows are read from the high end, the direction of the page included."""
        return (self.order is not None and self.order.descending) != self.backward


def plan_page(entity: str, arguments: Arguments) -> Page:
    """The page that a list's arguments ask for.

    Raises
    ------
    InvalidInput
        ``page_size_missing`` or ``page_two_ends``. What is wrong with values shows when the statement is run.
    """
    first, last = arguments.given("first"), arguments.given("last")
    if first is None and last is None:
        raise InvalidInput(
            "page_size_missing", "A list needs first or last.", hint=f"Ask for up to {MOST}, e.g. first: 20."
        )
    if first is not None and last is not None:
        raise InvalidInput("page_two_ends", "A list is read from one end.", hint="Give first or last, not both.")
    backward = last is not None
    if arguments.given("after" if backward else "before") is not None:
        raise InvalidInput("page_two_ends", "first goes with after, last with before.")
    name = arguments.given("order")
    order = next((item for item in ORDERS.get(entity, ()) if item.name == name), None)
    page = Page(entity, order, backward, arguments.source("last" if backward else "first", convert=_size), None, None)
    at = "before" if backward else "after"
    if arguments.given(at) is None:
        return page

    def value_of(text: str, _: date) -> Any:
        return read_cursor(text, page)[0]

    def key_of(text: str, _: date) -> Any:
        return read_cursor(text, page)[1]

    at_value = arguments.source(at, convert=value_of) if order is not None else None
    return Page(entity, order, backward, page.size, at_value, arguments.source(at, convert=key_of))


def cursor_sql(page: Page, value: str, key: str) -> str:
    """SQL of a row's cursor; base64 without the line breaks that PostgreSQL puts in."""
    text = f"json_build_array('{page.tag}', {value if page.order else 'NULL'}, {key})::text"
    return f"translate(encode(convert_to({text}, 'UTF8'), 'base64'), E'\\n', '')"


def read_cursor(text: str, page: Page) -> tuple[Any, Any]:
    """The order's value (None for an unknown one) and the key in a cursor.

    Raises
    ------
    InvalidInput
        ``cursor_invalid``: not a cursor of such a list in this order.
    """
    try:
        tag, value, key = json.loads(base64.b64decode(text.encode("ascii"), validate=True))
        if tag != page.tag:
            raise ValueError("another list or order")
        key = _typed(key, KEY_TYPES.get(page.entity, "bigint"))
        if page.order is None or value is None:
            if value is not None or (page.order is not None and not page.order.nullable):
                raise ValueError("a value where none is, or none where one is")
            return None, key
        return _typed(value, page.order.sql_type), key
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidInput(
            "cursor_invalid", "This is no cursor of a list in this order.", hint="Use endCursor as it came."
        ) from error


def _size(value: int, _: date) -> int:
    if value < 0 or value > MOST:
        raise LimitExceeded("page_too_large", f"A page has 0 to {MOST} items.", hint="Ask for less and page on.")
    return value


_RANGE = {"bigint": 2**63, "integer": 2**31}


def _typed(value: Any, sql_type: str) -> Any:
    if sql_type in _RANGE:
        if isinstance(value, bool) or not isinstance(value, int) or not -_RANGE[sql_type] <= value < _RANGE[sql_type]:
            raise TypeError("integer expected")
        return value
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("text expected")
    value.encode()  # half a character is no text
    if sql_type == "date":
        return date.fromisoformat(value)
    if sql_type == "timestamptz":
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a moment without its zone")
        return moment
    return value


def check_text(value: Any, _: date) -> Any:
    """Text that PostgreSQL can hold.

    Raises
    ------
    InvalidInput
        ``text_invalid``: a NUL or half a character.
    """
    for item in value if isinstance(value, list) else (value,):
        if item is not None and ("\0" in item or not _whole(item)):
            raise invalid_value("text", "A text holds a character that no text can hold.")
    return value


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
