"""Who may change what. What lies out of an actor's sight does not exist for them."""

from __future__ import annotations

import asyncpg

from hub.access.actor import Actor
from hub.db.sql import load_queries
from hub.errors import Forbidden, NotFound
from schema.regions import prefix_of

#: Kinds of actor by mutation. A test asserts that every mutation is named here.
MUTATION_KINDS: dict[str, frozenset[str]] = {
    "postOpening": frozenset({"partner", "station", "county"}),
    "changeOpening": frozenset({"partner", "station", "county"}),
    "closeOpening": frozenset({"partner", "station", "county"}),
    "editWish": frozenset({"station", "county", "person"}),
    "addPerson": frozenset({"station", "county"}),
    "editEmployment": frozenset({"station", "county"}),
    "referPerson": frozenset({"station", "county"}),
    "recordContact": frozenset({"station", "county"}),
    "recordOutcome": frozenset({"station", "county"}),
}


def check_kind(actor: Actor, mutation: str) -> None:
    """Raises Forbidden ``mutation_forbidden`` unless the actor's kind may do this at all."""
    if actor.kind not in MUTATION_KINDS[mutation]:
        raise Forbidden("mutation_forbidden", f"A {actor.kind} may not do this.", hint="Ask the station in charge.")


async def check_person(connection: asyncpg.Connection, actor: Actor, person_id: int) -> None:
    """Raises NotFound ``person_unknown`` unless the person is the actor, or lives in the actor's region."""
    place = await connection.fetchrow(load_queries("hub.api").fetch_person_place, person_id)
    if actor.kind == "person":
        seen = place is not None and actor.person_id == person_id
    else:
        code = place and (place["living_region_code"] or place["registered_region_code"])
        seen = bool(code and actor.region_code and code.startswith(prefix_of(actor.region_code)))
    if not seen:
        raise NotFound("person_unknown", "There is no such person.")


async def check_referral(connection: asyncpg.Connection, actor: Actor, referral_id: int) -> int:
    """The person of a referral; raises NotFound ``referral_unknown`` where the actor may not know of it."""
    person: int | None = await connection.fetchval(load_queries("hub.api").fetch_referral_person, referral_id)
    if person is None:
        raise NotFound("referral_unknown", "There is no such referral.")
    try:
        await check_person(connection, actor, person)
    except NotFound as error:
        raise NotFound("referral_unknown", "There is no such referral.") from error
    return person


async def check_opening(connection: asyncpg.Connection, actor: Actor, opening_id: int) -> None:
    """Raises NotFound ``opening_unknown`` unless it is the partner's own, or lies in the actor's region."""
    opening = await connection.fetchrow(load_queries("hub.api").fetch_opening_place, opening_id)
    if actor.kind == "partner":
        mine = opening is not None and opening["partner_code"] == actor.partner_code
    else:
        mine = (
            opening is not None
            and actor.region_code is not None
            and opening["partner_code"] is None
            and opening["region_code"].startswith(prefix_of(actor.region_code))
        )
    if not mine:
        raise NotFound("opening_unknown", "There is no such opening.")
