"""Connections that carry claims: each is somebody's for as long as it is used, and says so to the database.

A connection whose claims already are the wanted ones is handed out as it is; another is told them first, in one
statement of its own. It is never inside a transaction then, so that no rollback undoes them; and whatever ends badly
(an error, a cancelled request, a transaction left open) goes back to the driver's pool and comes out of it as a
stranger's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.access.barrier import CLAIM_NAMES, ClaimSet, claim_set, claims_for
from hub.access.policy import Decisions, decide
from hub.access.rows import Scope
from hub.clock import Clock
from hub.db.pool import database_url, open_pool
from hub.db.sql import load_queries
from hub.settings import Settings
from schema.grants import load_grants

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


@dataclass(slots=True)
class _Held:
    """A connection out of the driver's pool, and the claims that it is known to carry."""

    connection: Any
    claims: ClaimSet | None = None


class ClaimPool:
    """Connections of the hub's role.

    Parameters
    ----------
    pool
        The driver's, which must not reset what it takes back; connects anew where a connection broke.
    """

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock
        self._size: int = pool.get_max_size()
        self._idle: list[_Held] = []  # the one given back last stands last
        self._taken = 0  # out of the driver's pool, idle here or in use
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._set = load_queries("hub.access").store_claims

    def of(self, actor: Actor, purpose: str) -> ActorPool:
        """Connections that see what the actor may for a purpose; nothing is asked of the database yet."""
        return ActorPool(self, actor, purpose, self._clock)

    @asynccontextmanager
    async def acquire(self, claims: ClaimSet) -> AsyncIterator[Any]:
        """A connection that carries these claims."""
        held = await self._take(claims)
        try:
            await self._claim(held, claims)
            yield held.connection
        except BaseException:
            await self._discard(held)
            raise
        else:
            await self._give_back(held)

    async def fetchrow(self, claims: ClaimSet, query: str, arguments: Sequence[object]) -> Any:
        """The first row of one statement under these claims; what :meth:`acquire` does, without a generator for it."""
        held = await self._take(claims)
        try:
            if held.claims != claims:
                await self._claim(held, claims)
            row = await held.connection.fetchrow(query, *arguments)
        except BaseException:
            await self._discard(held)
            raise
        await self._give_back(held)
        return row

    async def _claim(self, held: _Held, claims: ClaimSet) -> None:
        if held.claims != claims:
            held.claims = None
            await held.connection.execute(self._set, CLAIM_NAMES, claims.values)
            held.claims = claims

    async def _give_back(self, held: _Held) -> None:
        if held.connection.is_closed() or held.connection.is_in_transaction():
            await self._discard(held)
        else:
            self._idle.append(held)
            self._wake()

    async def close(self) -> None:
        """Hand all idle connections back to the driver's pool, which its owner closes."""
        while self._idle:
            await self._discard(self._idle.pop())

    async def _take(self, claims: ClaimSet) -> _Held:
        while True:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place].claims == claims:
                    return self._idle.pop(place)
            if self._taken < self._size:
                self._taken += 1
                try:
                    return _Held(await self._pool.acquire())
                except BaseException:
                    self._taken -= 1
                    self._wake()
                    raise
            if self._idle:
                return self._idle.pop(0)
            await self._turn()

    async def _turn(self) -> None:
        """Wait until a connection may be free."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:
                self._wake()  # the turn was ours: it is the next one's
            raise

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def _discard(self, held: _Held) -> None:
        """Back to the driver's pool: it rolls back what is open, waits for what was cancelled, drops what broke."""
        held.claims = None
        try:
            await self._pool.release(held.connection)
        finally:
            self._taken -= 1
            self._wake()


@dataclass(frozen=True, slots=True)
class ActorPool:
    """The hub's connections as one actor's, for one purpose; used like the driver's pool."""

    _pool: ClaimPool
    actor: Actor
    purpose: str
    _clock: Clock
    _mutation: str = ""
    _rows: Mapping[str, tuple[Scope, ...]] | None = None

    def for_change(self, mutation: str) -> ActorPool:
        """The same, allowed to make one change as far as its permit goes."""
        return replace(self, _mutation=mutation)

    def for_question(self, question: str, rows: Mapping[str, tuple[Scope, ...]]) -> ActorPool:
        """The same, for a computed question that a grant of its own opens: these rows are seen, and no others."""
        return replace(self, _mutation=question, _rows=rows)

    def claims(self) -> ClaimSet:
        """What the connections claim.

        Raises
        ------
        Forbidden
            ``purpose_not_granted``.
        """
        today = self._clock.today()
        if not self._mutation:
            return claims_for(self.actor, self.purpose, today=today)
        grants = load_grants()
        if self._rows is not None:
            return claim_set(
                self.actor,
                Decisions((), dict(self._rows), {}),
                today=today,
                closed_under_years=grants.closed_under_years,
                mutation=self._mutation,
            )
        permit = grants.permit(self._mutation, kind=self.actor.kind, purpose=self.purpose)
        if permit is None:
            return claims_for(self.actor, self.purpose, today=today)
        return claim_set(
            self.actor,
            decide(self.actor, self.purpose, today=today),
            today=today,
            closed_under_years=grants.closed_under_years,
            mutation=self._mutation,
            within=permit.rows,
        )

    @asynccontextmanager
    async def acquire(self, *, within_s: float | None = None) -> AsyncIterator[Any]:
        """One connection, for several statements or a transaction.

        Raises
        ------
        TimeoutError
            None was free ``within_s`` seconds.
        """
        async with AsyncExitStack() as stack:
            taking = stack.enter_async_context(self._pool.acquire(self.claims()))
            yield await (taking if within_s is None else asyncio.wait_for(taking, within_s))

    async def fetch(self, query: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """Rows of one statement."""
        async with self.acquire() as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows

    async def fetchrow(self, query: str, *arguments: object) -> Any:
        """The first row of one statement."""
        return await self._pool.fetchrow(self.claims(), query, arguments)

    async def fetchval(self, query: str, *arguments: object) -> Any:
        """The first value of one statement."""
        async with self.acquire() as connection:
            return await connection.fetchval(query, *arguments)


@asynccontextmanager
async def open_claimed(settings: Settings, clock: Clock, *, max_size: int | None = None) -> AsyncIterator[ClaimPool]:
    """The hub's connections to the migrated database.

    A statement ends after ``settings.statement_timeout_ms``, and waits for another's lock at most four fifths of that:
    so that who waits is told so, and not that they asked too much.

    Raises
    ------
    Unavailable
        ``database_unavailable``.
    """
    limit = settings.statement_timeout_ms
    limits = {"statement_timeout": str(limit), "lock_timeout": str(max(limit * 4 // 5, 1)), "jit": "off"}
    with database_url(settings, "hub") as url:
        async with open_pool(
            url, max_size=max_size or settings.pool_size, server_settings=limits, keeps_claims=True
        ) as pool:
            claimed = ClaimPool(pool, clock)
            try:
                yield claimed
            finally:
                await claimed.close()
