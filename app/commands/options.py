"""What commands share: their options, how they read days, how they run on the event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, cast

import typer

from app.output import plain
from hub.clock import SystemClock
from hub.errors import InvalidInput

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Region = Annotated[str, typer.Option(help="Division code of 12 digits.")]
Scenario = Annotated[
    str, typer.Option(help="plenty, scarce (vacancies half the willing) or skewed (most unlovely or far).")
]
AsOf = Annotated[
    str | None, typer.Option(help="Day the made-up files speak of, like 2026-06-01; this month's first when left out.")
]


def this_month() -> date:
    """The first of this month: openings of made-up files are open today, and the same for a month."""
    return SystemClock().today().replace(day=1)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop."""
    import uvloop

    return uvloop.run(work)


def parse_day(text: str | None) -> date | None:
    """A day from ``2026-06-01``."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("day_unreadable", f"{text!r} is no day.", hint="Write it like 2026-06-01.") from error


def parse_mode(text: str | None) -> Literal["full", "delta"] | None:
    """How a file counts: all there is, or changes alone."""
    if text not in (None, "full", "delta"):
        raise InvalidInput("mode_unknown", f"{text!r} is no mode.", hint="Use full or delta.")
    return cast(Literal["full", "delta"] | None, text)


def scalars(report: Any) -> dict[str, object]:
    """What of a report fits a table: all but its long lists."""
    fields = plain(report)
    assert isinstance(fields, dict)  # noqa: S101 - reports are dataclasses
    return {name: value for name, value in fields.items() if not isinstance(value, (list, dict)) or len(value) <= 12}
