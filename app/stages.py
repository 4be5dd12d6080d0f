"""Stages put together, for the command line and the demo alike."""

from __future__ import annotations

import asyncpg

from hub.access.actor import Actor
from hub.access.actors import ensure_actor, fetch_actor
from hub.casework.history import publish_history
from hub.clock import Clock
from hub.identity.resolve import resolve
from hub.recommend.run import MatchReport, match
from hub.registry.market import publish_market
from hub.registry.publish import publish
from hub.telemetry import Progress

#: Purpose that a matching run states when nobody says another.
MATCHING_PURPOSE = "employment_service"


async def resolve_and_publish(pool: asyncpg.Pool, *, clock: Clock, progress: Progress) -> dict[str, object]:
    """Identity, register, market, history: all that follows from the records landed so far.

    Each part may be stopped anywhere and run again. The register is published whole: what an interrupted run resolved
    but did not publish is published by the next.
    """
    identity = await resolve(pool, clock=clock, progress=progress)
    register = await publish(pool, clock=clock, progress=progress)
    market = await publish_market(pool, clock=clock, progress=progress)
    history = await publish_history(pool, clock=clock, progress=progress)
    return {"identity": identity, "register": register, "market": market, "history": history}


async def match_region(
    pool: asyncpg.Pool,
    *,
    region_code: str,
    actor_id: int | None,
    purpose: str,
    clock: Clock,
    progress: Progress,
    seed: int,
) -> MatchReport:
    """Match a region on behalf of an actor; of its county office where nobody is named."""
    actor: Actor
    if actor_id is not None:
        actor = await fetch_actor(pool, actor_id)
    else:
        actor = await ensure_actor(pool, kind="county", name="县级调度", region_code=region_code, clock=clock)
    return await match(
        pool, region_code=region_code, actor=actor, purpose=purpose, clock=clock, progress=progress, seed=seed
    )
