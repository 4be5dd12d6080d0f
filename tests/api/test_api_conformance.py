"""The endpoint beside its specification and beside strangers' tools: audits of GraphQL over HTTP."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from hub.access.actor import Actor
from hub.settings import Settings
from tests.npm import run
from tests.served import served

COUNTY = "530627000000"


async def test_the_audits_of_graphql_over_http_find_no_error(
    settings: Settings, actors: Callable[..., Awaitable[Actor]]
) -> None:
    actor = await actors("county", region_code=COUNTY)
    with served(settings) as server:
        results = json.loads(run("http", "audit.mjs", f"{server.url}/graphql", server.token(actor), actor.purposes[0]))
    assert len(results) > 60
    of = {
        status: [f"{r['id']} {r['name']}: {r.get('reason')}" for r in results if r["status"] == status]
        for status in ("error", "warn")
    }
    assert of["error"] == []
    assert len(of["warn"]) <= 2, of["warn"]
