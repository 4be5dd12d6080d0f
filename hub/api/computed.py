"""Computed root fields cost statements of their own each: an operation has few of them."""

from __future__ import annotations

from collections.abc import Iterable

from hub.errors import LimitExceeded

#: Most computed root fields of one operation, aliases counted.
MOST = 20


def check_computed(names: Iterable[str]) -> None:
    """Refuse an operation with too many computed root fields; introspection's are none.

    Raises
    ------
    LimitExceeded
        ``too_many_computed``.
    """
    if sum(not name.startswith("__") for name in names) > MOST:
        raise LimitExceeded("too_many_computed", f"A query has at most {MOST} computed fields.", hint="Ask in two.")
