"""Whom a provider's subject speaks for: linked by an administrator, or by a rule over its claims; nobody otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from hub.access.actor import Actor
from hub.access.actors import ActorCache, ensure_actor
from hub.access.signon.claims import ForeignClaims, scope_by_claims
from hub.access.signon.providers import Provider
from hub.access.signon.refusal import TokenRefused
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated


@dataclass(frozen=True, slots=True)
class Link:
    """One link in force. ``closed``: its actor was revoked, so that it opens nothing."""

    link_id: int
    issuer: str
    subject: str
    actor_id: int
    kind: str
    name: str
    closed: bool
    linked_at: datetime


async def store_link(pool: asyncpg.Pool, *, issuer: str, subject: str, actor_id: int, clock: Clock) -> int:
    """Let a subject speak for an actor; returns the link's key.

    Raises
    ------
    Conflict, NotFound
        ``link_taken``: it speaks for one already; ``actor_unknown``.
    """
    try:
        link_id: int = await pool.fetchval(
            load_queries("hub.access.signon").store_link, issuer, subject, actor_id, clock.now()
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            "link_taken", "This subject speaks for an actor already.", hint="Unlink it first: yunqiao access unlink."
        ) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("actor_unknown", f"There is no actor {actor_id}.", hint="yunqiao token makes one.") from error
    return link_id


async def store_unlinking(pool: asyncpg.Pool, *, issuer: str, subject: str, clock: Clock) -> int:
    """End a link, and all visits that began through it; returns the actor's key.

    Raises
    ------
    NotFound
        ``link_missing``.
    """
    async with pool.acquire() as connection, connection.transaction():
        actor_id = await connection.fetchval(
            load_queries("hub.access.signon").store_unlinking, issuer, subject, clock.now()
        )
        if actor_id is None:
            raise NotFound("link_missing", "This subject speaks for nobody.", hint="yunqiao access list shows all.")
        # A visit has a token of this hub's own, which knows nothing of the link.
        await store_tokens_revocation(connection, actor_id, clock=clock)
    return int(actor_id)


async def fetch_links(pool: asyncpg.Pool) -> list[Link]:
    """All links in force."""
    return [Link(**dict(row)) for row in await pool.fetch(load_queries("hub.access.signon").fetch_links)]


async def store_token_revocation(
    pool: asyncpg.Pool, *, issuer: str, token_id: str, expires_at: datetime, clock: Clock
) -> None:
    """Refuse one token from now on; kept until the token has expired anyway."""
    now = clock.now()
    await pool.execute(
        load_queries("hub.access.signon").store_token_revocation,
        issuer,
        token_id,
        now,
        max(expires_at, now) + timedelta(days=1),
    )


async def store_tokens_revocation(
    connection: asyncpg.Pool | asyncpg.Connection, actor_id: int, *, clock: Clock
) -> None:
    """Refuse all tokens of an actor issued until now; new ones are taken.

    Raises
    ------
    NotFound
        ``actor_unknown``.
    """
    try:
        await connection.execute(load_queries("hub.access.signon").store_tokens_revocation, actor_id, clock.now())
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("actor_unknown", f"There is no actor {actor_id}.", hint="yunqiao access list") from error


async def fetch_token_revoked(
    pool: asyncpg.Pool, *, issuer: str, token_id: str | None, actor_id: int, issued_at: datetime
) -> bool:
    """Whether a token is refused although it is in order."""
    revoked: bool = await pool.fetchval(
        load_queries("hub.access.signon").fetch_token_revoked, issuer, token_id, actor_id, issued_at
    )
    return revoked


async def fetch_linked_actor(
    pool: asyncpg.Pool, actors: ActorCache, *, provider: Provider, said: ForeignClaims, clock: Clock
) -> Actor:
    """The actor that a subject speaks for. A link comes before the rules.

    Raises
    ------
    Forbidden
        ``subject_unknown``: neither link nor rule.
    Unauthenticated
        ``actor_revoked``.
    TokenRefused
        ``scope_claim``: a rule fits, and its scope is missing, or there is no such place.
    """
    actor_id = await pool.fetchval(load_queries("hub.access.signon").fetch_link, said.issuer, said.subject)
    if actor_id is not None:
        return await actors.fetch(actor_id)
    scope = scope_by_claims(provider, said.claims)
    if scope is None:
        raise Forbidden(
            "subject_unknown",
            "The identity provider knows you, and this hub does not.",
            hint="Ask the hub's administrator to link you: yunqiao access link.",
        )
    kind = scope.pop("kind") or ""
    places = (scope.get("department"), scope.get("region_code"), scope.get("partner_code"))
    if await pool.fetchval(load_queries("hub.access.signon").fetch_scope_closed, kind, *places):
        # Made anew it would have another key, and a revocation would last until the next request.
        raise Unauthenticated("actor_revoked", "The account of this token was closed.", hint="Ask for a new one.")
    try:
        actor = await ensure_actor(
            pool,
            kind=kind,
            name=f"{provider.title['zh']} {kind}",
            department=places[0],
            region_code=places[1],
            partner_code=places[2],
            clock=clock,
        )
    except InvalidInput as error:
        raise TokenRefused("scope_claim") from error
    return actor


def narrowed(actor: Actor, said: ForeignClaims, provider: Provider) -> Actor:
    """The actor with the purposes that the token's scopes leave.

    Raises
    ------
    Forbidden
        ``scope_missing``: none is left.
    """
    allowed = said.purposes if said.purposes is not None or not provider.purpose_scopes_required else frozenset()
    if allowed is None:
        return actor
    purposes = tuple(purpose for purpose in actor.purposes if purpose in allowed)
    if not purposes:
        raise Forbidden(
            "scope_missing",
            "The token's scopes hold no purpose that you may state.",
            hint="Ask the provider for one of: " + ", ".join(f"purpose:{purpose}" for purpose in actor.purposes) + ".",
        )
    return replace(actor, purposes=purposes)
