"""Who used my data: a signed-in person's own ledger."""

from __future__ import annotations

from starlette.responses import Response

from app.pages.visit import Visit

_PAGE = 25


async def show(visit: Visit) -> Response:
    """The uses of the visitor's data, newest first; with the visitor's own visits when they ask."""
    query = visit.request.query_params
    own = query.get("own") == "1"
    found = await visit.ask("AccessLedger", first=_PAGE, after=query.get("after") or None, own=own)
    return visit.page("ledger.html", ledger=found["accessLedger"], own=own)
