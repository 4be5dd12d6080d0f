"""One registry query is one statement, however deep it goes and however many rows there are."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.audit import AuditLog
from hub.access.barrier import NO_CLAIMS
from hub.access.claimed import open_claimed
from hub.api.service import GraphQLService
from hub.clock import FixedClock
from hub.db.pool import open_pool
from hub.settings import Settings

WUFENG = "530627001000"
Make = Callable[..., Awaitable[Actor]]

DOCUMENTS = {
    "flat": '{ person(id: "Person:1") { name } }',
    "list": "{ persons(first: 100) { totalCount nodes { name citizenNumber } pageInfo { hasNextPage endCursor } } }",
    "nested": """{ persons(first: 100) { nodes { name livingRegion { parent { name } } wish { scopeLabel }
        household { members(first: 10) { nodes { name employments(first: 3) { nodes { employerName } } } } } } } }""",
    "deep": """{ households(first: 20) { nodes { members(first: 5) { nodes { household { members(first: 5) { nodes {
        recommendations(first: 5) { nodes { target { ... on Opening { title referrals(first: 5) { nodes { state
        person { name } } } } } } } } } } } } } } }""",
    "several": """{ a: persons(first: 20) { totalCount } b: persons(last: 20) { nodes { id } } openings(first: 20) {
        nodes { title } } regions(first: 5) { nodes { name } } node(id: "Person:1") { id }
        nodes(ids: ["Person:3", "Opening:1", "Household:1"]) { id ... on Person { name } } }""",
    "sources": """{ persons(first: 50) { nodes { conflicts(first: 5) { nodes { field } }
        provenance(first: 5) { nodes { field department } } benefits(first: 5) { totalCount } } } }""",
    "not there": '{ person(id: "Person:999") { name household { members(first: 1) { nodes { name } } } } }',
}


#: What the driver sends of itself: once a connection to learn its types, and when one goes back to the pool.
_SESSION = re.compile(r"typeinfo_tree|set_config\(|^\s*(SELECT pg_advisory_unlock_all|CLOSE ALL|UNLISTEN|RESET)")


class Counted:
    """Statements as the driver sends them, apart: the register's, the audit's, and what sets a session up."""

    def __init__(self) -> None:
        self.register: list[str] = []
        self.audit: list[str] = []
        self.session: list[str] = []

    def __call__(self, record: Any) -> None:
        """Note one statement."""
        text = record.query
        if "audit.append(" in text:
            self.audit.append(text)
        elif _SESSION.search(text):
            self.session.append(text)
        else:
            self.register.append(text)

    def clear(self) -> None:
        """Forget all."""
        for statements in (self.register, self.audit, self.session):
            statements.clear()


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
async def watched(
    settings: Settings, register: None, clock: FixedClock, counted: Counted
) -> AsyncIterator[GraphQLService]:
    """The service on a single connection whose every statement is noted."""
    assert settings.app_database_url is not None
    async with (
        open_pool(settings.app_database_url, max_size=1) as pool,
        open_claimed(settings, clock, max_size=1) as claimed,
    ):
        async with pool.acquire() as connection, claimed.acquire(NO_CLAIMS) as other:
            connection.add_query_logger(counted)
            other.add_query_logger(counted)
        yield GraphQLService(claimed, AuditLog(pool), clock)


async def _answer(service: GraphQLService, actor: Actor, document: str) -> dict[str, Any]:
    reply = await service.execute(actor=actor, purpose="employment_service", document=document)
    answer = dict(json.loads(reply.body))
    assert "errors" not in answer, answer
    return answer


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_query_is_one_statement_and_one_audit_entry(
    watched: GraphQLService, counted: Counted, actors: Make, name: str
) -> None:
    station = await actors("station", region_code=WUFENG)
    counted.clear()
    for _ in range(2):  # compiled, and from the cache
        await _answer(watched, station, DOCUMENTS[name])
    assert len(counted.register) == 2, counted.register
    assert counted.register[0] == counted.register[1]
    assert len(counted.audit) == 2


async def test_more_rows_are_no_more_statements(
    watched: GraphQLService, counted: Counted, actors: Make, owner: asyncpg.Pool
) -> None:
    station = await actors("station", region_code=WUFENG)
    few = len((await _answer(watched, station, DOCUMENTS["nested"]))["data"]["persons"]["nodes"])
    await owner.execute(
        """
        INSERT INTO identity.person_key (created_at) SELECT now() FROM generate_series(1, 60);
        INSERT INTO registry.person (person_id, household_id, name, born_on, living_region_code, sources, updated_at)
        SELECT 10 + n, 1, '多' || n, '1990-01-01', '530627001000', '{}', now() FROM generate_series(1, 60) n;
        """
    )
    counted.clear()
    many = (await _answer(watched, station, DOCUMENTS["nested"]))["data"]["persons"]["nodes"]
    assert (few, len(many)) == (3, 63)
    assert all(len(node["household"]["members"]["nodes"]) in (1, 2, 10) for node in many)
    assert (len(counted.register), len(counted.audit)) == (1, 1)


async def test_who_only_asks_about_oneself_or_the_schema_reads_no_register(
    watched: GraphQLService, counted: Counted, actors: Make
) -> None:
    station = await actors("station", region_code=WUFENG)
    counted.clear()
    await _answer(watched, station, "{ __typename me { kind } }")
    await _answer(watched, station, '{ __type(name: "Person") { name } }')
    assert (counted.register, len(counted.audit)) == ([], 2)


async def test_computed_fields_beside_a_query_leave_it_one_statement(
    watched: GraphQLService, counted: Counted, actors: Make
) -> None:
    station = await actors("station", region_code=WUFENG)
    counted.clear()
    await _answer(watched, station, "{ me { kind } persons(first: 9) { nodes { name household { id } } } }")
    assert (len(counted.register), len(counted.audit)) == (1, 1)


async def test_what_is_refused_reads_nothing(watched: GraphQLService, counted: Counted, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    counted.clear()
    for document in ("{ persons { nodes { id } } }", "{ persons(first: 501) { nodes { id } } }", "{ nothing }"):
        reply = await watched.execute(actor=station, purpose="employment_service", document=document)
        assert not reply.has_data
    assert (counted.register, len(counted.audit)) == ([], 3)


async def test_a_change_appends_its_entry_last(watched: GraphQLService, actors: Make) -> None:
    """Whoever writes next waits from there to the commit, and for nothing else."""
    station, statements = await actors("station", region_code=WUFENG), []
    async with watched.pool.acquire(NO_CLAIMS) as connection:
        connection.add_query_logger(lambda record: statements.append(record.query))
    await _answer(
        watched,
        station,
        """mutation { editWish(personId: "Person:1", version: 1, idempotencyKey: "a key of mine",
             input: {wishesToWork: true}) { person { name household { members(first: 5) { nodes { name } } } } } }""",
    )
    at = next(place for place, text in enumerate(statements) if "audit.append(" in text)
    assert "COMMIT" in statements[at + 1]
    assert any("UPDATE registry.wish" in text or "registry.person" in text for text in statements[:at])
