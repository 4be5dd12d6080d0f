"""Who may change what: the permits of ``schema/access.toml``. What lies out of sight does not exist."""

from __future__ import annotations

import asyncpg

from hub.access.actor import Actor
from hub.access.policy import decide
from hub.access.sight import fetch_sight
from hub.api.context import RequestContext
from hub.db.sql import load_queries
from hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from schema.grants import Permit, load_grants
from schema.regions import load_regions, prefix_of


def check_permit(actor: Actor, purpose: str, mutation: str) -> Permit:
    """The permit to make a change; raises Forbidden ``mutation_forbidden`` where there is none."""
    permit = load_grants().permit(mutation, kind=actor.kind, purpose=purpose)
    if permit is None:
        raise Forbidden(
            "mutation_forbidden",
            f"A {actor.kind} may not do this for this purpose.",
            hint="Ask the station in charge, or state the purpose it is for.",
        )
    return permit


def check_question(actor: Actor, purpose: str, question: str) -> Permit:
    """The permit to ask what is computed about others; raises Forbidden ``question_forbidden`` where there is none."""
    permit = load_grants().question(question, kind=actor.kind, purpose=purpose)
    if permit is None:
        raise Forbidden(
            "question_forbidden", f"A {actor.kind} may not ask this for this purpose.", hint="Ask the administrator."
        )
    return permit


async def check_person(
    connection: asyncpg.Connection,
    context: RequestContext,
    mutation: str,
    person_id: int,
    *,
    version: int | None = None,
) -> None:
    """Let through who may be seen and lies within the permit.

    Raises
    ------
    NotFound, Conflict
        ``person_unknown``; ``version_stale`` when ``version`` is given and somebody changed the person since.
    """
    if not await _sees(connection, context, mutation, "person", person_id):
        raise NotFound("person_unknown", "There is no such person.")
    held = await connection.fetchval(load_queries("hub.api").fetch_person_version, person_id)
    if version is not None and held != version:
        raise Conflict("version_stale", "Somebody else changed this person meanwhile.", hint="Load it again and check.")


async def check_referral(
    connection: asyncpg.Connection, context: RequestContext, mutation: str, referral_id: int
) -> int:
    """The person of a referral; raises NotFound ``referral_unknown`` where the actor may not know of it."""
    if not await _sees(connection, context, mutation, "referral", referral_id):
        raise NotFound("referral_unknown", "There is no such referral.")
    person: int = await connection.fetchval(load_queries("hub.api").fetch_referral_person, referral_id)
    return person


async def check_target(connection: asyncpg.Connection, context: RequestContext, kind: str, target_id: int) -> None:
    """Raises NotFound ``target_unknown`` unless the actor may see what somebody is put forward for."""
    decisions = decide(context.actor, context.purpose, today=context.clock.today())
    if not await fetch_sight(
        connection,
        entity=kind,
        key=target_id,
        actor=context.actor,
        decisions=decisions,
        today=context.clock.today(),
    ):
        raise NotFound("target_unknown", "There is no such target.")


async def check_opening(
    connection: asyncpg.Connection, context: RequestContext, mutation: str, opening_id: int
) -> None:
    """Raises NotFound ``opening_unknown`` unless it is the partner's own, or a public one in the actor's region."""
    seen = await _sees(connection, context, mutation, "opening", opening_id)
    if seen and context.actor.kind != "partner":
        # A partner's openings are the partner's, wherever the work is.
        seen = await connection.fetchval(load_queries("hub.api").fetch_opening_public, opening_id)
    if not seen:
        raise NotFound("opening_unknown", "There is no such opening.")


def check_place(actor: Actor, permit: Permit, region_code: str | None) -> None:
    """Let through a region inside the actor's own, where the permit is bound to it; None is no region.

    Raises
    ------
    InvalidInput, Forbidden
        ``region_unknown``, ``region_out_of_scope``.
    """
    if region_code is None:
        return
    if region_code not in load_regions():
        raise InvalidInput("region_unknown", "This is no division code.", hint="Use twelve digits of the list.")
    scope = actor.region_code
    if permit.rows in ("region", "lives") and (scope is None or not region_code.startswith(prefix_of(scope))):
        raise Forbidden("region_out_of_scope", "The region lies outside yours.", hint="Ask the station there.")


async def _sees(connection: asyncpg.Connection, context: RequestContext, mutation: str, entity: str, key: int) -> bool:
    permit = check_permit(context.actor, context.purpose, mutation)
    today = context.clock.today()
    return await fetch_sight(
        connection,
        entity=entity,
        key=key,
        actor=context.actor,
        decisions=decide(context.actor, context.purpose, today=today),
        today=today,
        within=permit.rows,
    )
