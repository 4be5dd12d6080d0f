"""Actors in the database: made, found, revoked."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any, Protocol

import asyncpg

from hub.access.actor import KINDS, Actor
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import InvalidInput, NotFound, Unauthenticated
from schema.grants import load_grants


class Reader(Protocol):
    """What fetches a row: the driver's pool, or an actor's connections."""

    async def fetchrow(self, query: str, *arguments: object) -> Any:
        """The first row of one statement."""


def purposes_of(kind: str, department: str | None) -> tuple[str, ...]:
    """All purposes that some grant gives to a kind of actor."""
    found = {
        purpose
        for grant in load_grants().grants
        if grant.effect == "allow"
        and kind in grant.kinds
        and (not grant.departments or department in grant.departments)
        and len(grant.kinds) == 1
        for purpose in grant.purposes
    }
    return tuple(sorted(found))


async def ensure_actor(
    pool: asyncpg.Pool,
    *,
    kind: str,
    name: str,
    region_code: str | None = None,
    department: str | None = None,
    partner_code: str | None = None,
    person_id: int | None = None,
    clock: Clock,
) -> Actor:
    """The actor of this kind and scope, made where there is none.

    Raises
    ------
    InvalidInput
        ``actor_invalid``: an unknown kind, or a scope that the kind needs is missing or unknown.
    """
    purposes = purposes_of(kind, department)
    if kind not in KINDS or not purposes:
        raise InvalidInput("actor_invalid", f"There is no actor of kind {kind!r}.", hint="Use: " + ", ".join(KINDS))
    queries = load_queries("hub.access")
    scope = (department, region_code, partner_code, person_id)
    row = await pool.fetchrow(queries.fetch_actor_like, kind, *scope)
    if row is None:
        try:
            key = await pool.fetchval(queries.store_actor, kind, name, *scope, list(purposes), clock.now())
        except (asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError) as error:
            raise InvalidInput(
                "actor_invalid",
                f"An actor of kind {kind} needs its scope, and the scope must exist.",
                hint="department: a department and a region; station, county, administrator: a region; "
                "partner: a partner; person: a person.",
            ) from error
        return Actor(key, kind, name, *scope, purposes)
    return _actor(row)


async def fetch_actor(pool: asyncpg.Pool, actor_id: int) -> Actor:
    """An actor by key.

    Raises
    ------
    Unauthenticated
        ``actor_revoked``: there is none, or it was revoked.
    """
    row = await pool.fetchrow(load_queries("hub.access").fetch_actor, actor_id)
    if row is None:
        raise Unauthenticated("actor_revoked", "The account of this token was closed.", hint="Ask for a new one.")
    return _actor(row)


async def fetch_actor_even_revoked(pool: Reader, actor_id: int) -> tuple[Actor, bool]:
    """An actor by key, and whether it was revoked.

    Raises
    ------
    NotFound
        ``actor_unknown``.
    """
    row = await pool.fetchrow(load_queries("hub.access").fetch_actor_even_revoked, actor_id)
    if row is None:
        raise NotFound("actor_unknown", "There is no such actor.", hint="Use the number that the audit names.")
    values = dict(row)
    revoked: bool = values.pop("revoked")
    return Actor(**{**values, "purposes": tuple(values["purposes"])}), revoked


async def store_revocation(pool: asyncpg.Pool, actor_id: int, *, clock: Clock) -> None:
    """Refuse the actor's tokens from now on."""
    await pool.execute(load_queries("hub.access").store_revocation, actor_id, clock.now())


def _actor(row: asyncpg.Record) -> Actor:
    values = dict(row)
    return Actor(**{**values, "purposes": tuple(values["purposes"])})


class ActorCache:
    """Actors for a few seconds, so that a busy client does not cost a statement a request.

    A revocation made elsewhere is noticed within ``valid_s``; one made through :meth:`forget` at once.
    """

    def __init__(self, pool: asyncpg.Pool, *, valid_s: float = 5.0, most: int = 10_000) -> None:
        self._pool, self._valid_s, self._most = pool, valid_s, most
        self._held: OrderedDict[int, tuple[float, Actor]] = OrderedDict()

    async def fetch(self, actor_id: int) -> Actor:
        """An actor by key; raises as :func:`fetch_actor`."""
        held = self._held.get(actor_id)
        if held is not None and time.monotonic() < held[0]:
            return held[1]
        self._held.pop(actor_id, None)
        actor = await fetch_actor(self._pool, actor_id)
        self._held[actor_id] = (time.monotonic() + self._valid_s, actor)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return actor

    def forget(self, actor_id: int) -> None:
        """Ask the database again next time."""
        self._held.pop(actor_id, None)
