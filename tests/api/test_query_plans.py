"""Answers do not depend on the plan that PostgreSQL chooses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.audit import AuditLog
from hub.access.barrier import NO_CLAIMS
from hub.access.claimed import ClaimPool, open_claimed
from hub.api.service import GraphQLService
from hub.clock import FixedClock
from hub.settings import Settings

Make = Callable[..., Awaitable[Actor]]

DOCUMENTS = (
    "{ persons(first: 50, order: NAME) { nodes { name household { householdKind } } } }",
    """{ persons(first: 50, order: YOUNGEST_FIRST) { pageInfo { endCursor } edges { cursor node { name
        household { householdKind members(first: 1) { nodes { name } } } } } } }""",
    "{ persons(last: 3, order: LAST_CHANGED) { nodes { name household { householdKind } } } }",
    """{ referrals(first: 50, order: NEWEST_FIRST) { nodes { id person { name household { zeroEmployment } }
        target { ... on Opening { title referrals(first: 9) { nodes { id person { name } } } } } } } }""",
)
PLANS = {
    "loops": ("enable_hashjoin = off", "enable_mergejoin = off"),
    "hashes": ("enable_nestloop = off", "enable_mergejoin = off", "enable_memoize = off"),
    "merges": ("enable_nestloop = off", "enable_hashjoin = off", "enable_memoize = off"),
}


@pytest.fixture
async def planned(
    settings: Settings, register: None, owner: asyncpg.Pool, clock: FixedClock
) -> AsyncIterator[ClaimPool]:
    """A single connection of the hub, to a register with referrals out of the order of their keys."""
    await owner.execute(
        "INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)"
        " SELECT p, 'opening', 1 + p % 4, 'shown', 1, '2026-01-01'::date + 7 * p % 10, now()"
        " FROM generate_series(3, 10) p"
    )
    async with open_claimed(settings, clock, max_size=1) as opened:
        yield opened


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_the_order_is_the_same_under_every_plan(
    planned: ClaimPool, pool: asyncpg.Pool, actors: Make, clock: FixedClock, document: str
) -> None:
    county = await actors("county", region_code="530627000000")
    service = GraphQLService(planned, AuditLog(pool), clock)
    answers = {}
    for name, switches in PLANS.items():
        async with planned.acquire(NO_CLAIMS) as connection:
            for switch in switches:
                await connection.execute(f"SET {switch}")
        reply = await service.execute(actor=county, purpose="employment_service", document=document)
        answers[name] = json.loads(reply.body)
        assert "errors" not in answers[name], answers[name]
        async with planned.acquire(NO_CLAIMS) as connection:
            for switch in switches:
                await connection.execute(f"RESET {switch.partition(' ')[0]}")
    assert answers["hashes"] == answers["loops"]
    assert answers["merges"] == answers["loops"]
    assert len(next(iter(answers["loops"]["data"].values()))) >= 1
