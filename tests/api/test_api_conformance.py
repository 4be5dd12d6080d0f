"""The endpoint beside strangers' tools: the audits of its specification, and a storm of whatever its schema allows."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub.access.actor import Actor
from hub.settings import Settings
from tests.node import run_script
from tests.served import ROOT, Served, served

COUNTY = "530627000000"


async def test_the_audits_of_graphql_over_http_find_no_error(
    settings: Settings, actors: Callable[..., Awaitable[Actor]]
) -> None:
    actor = await actors("county", region_code=COUNTY)
    with served(settings) as server:
        results = run_script(
            ROOT / "tests" / "node" / "http",
            "audit.mjs",
            {"url": f"{server.url}/graphql", "token": server.token(actor), "purpose": actor.purposes[0]},
        )
    assert len(results) > 60
    of = {
        status: [f"{r['id']} {r['name']}: {r.get('reason')}" for r in results if r["status"] == status]
        for status in ("error", "warn")
    }
    assert of["error"] == []
    assert len(of["warn"]) <= 2, of["warn"]


#: What PostgreSQL, the driver or Python would say of themselves.
_LEAK = re.compile(
    r"asyncpg|psycopg|Traceback|File \"|syntax error at|violates|relation \"|column \"|pg_catalog|SELECT |UPDATE ",
)
_OPERATIONS = [
    found.ok() for found in schemathesis.graphql.from_path(ROOT / "schema" / "schema.graphql").get_all_operations()
]


@pytest.fixture
def stormy(settings: Settings, register: None) -> Iterator[Served]:
    """A server on the small register."""
    with served(settings) as server:
        yield server


async def test_no_operation_that_the_schema_allows_breaks_the_server(
    stormy: Served, actors: Callable[..., Awaitable[Actor]]
) -> None:
    headers = [
        stormy.headers_of(actor, purpose)
        for actor in (
            await actors("administrator", region_code="530000000000"),
            await actors("county", region_code=COUNTY),
            await actors("partner", partner_code="SH01"),
        )
        for purpose in actor.purposes
    ]
    await asyncio.to_thread(_storm, stormy, headers)
    assert '"level": "ERROR"' not in stormy.words()
    assert "ERROR" not in stormy.words()


def _storm(server: Served, headers: list[dict[str, str]]) -> None:
    answered: Counter[int] = Counter()
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for operation in _OPERATIONS:

            @hypothesis_settings(
                max_examples=int(os.environ.get("YUNQIAO_STORM", "12")),
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(), asking=st.sampled_from(headers))
            def one(case: schemathesis.Case, asking: dict[str, str]) -> None:
                answer = client.post("/graphql", headers=asking, json={"query": case.body})
                answered[answer.status_code] += 1
                assert answer.status_code < 500, f"{answer.text}\n{case.body}"
                assert _LEAK.search(answer.text) is None, f"{answer.text}\n{case.body}"
                assert set(answer.json()) <= {"data", "errors", "extensions"}

            one()
    assert answered[200] > len(_OPERATIONS)
