"""Local accounts for installations without an identity provider: argon2id, and a rest after repeated failures."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache

import argon2
import asyncpg

from hub.access.actor import Actor
from hub.access.actors import fetch_actor
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Conflict, Forbidden, InvalidInput, Unauthenticated

#: Wrong passwords in a row after which the account rests, and for how long.
_PATIENCE = 5
_REST = timedelta(minutes=15)
_SHORTEST = 12
_LONGEST = 100


@cache
def _checkers() -> ThreadPoolExecutor:
    """A check holds 64 MiB for a tenth of a second: off the event loop, and few at once."""
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")


@cache
def _hasher() -> argon2.PasswordHasher:
    # RFC 9106, second recommended option: 64 MiB, three passes, four lanes.
    return argon2.PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)


@cache
def _nobody() -> str:
    """A hash to check against where there is no account, so that both take as long."""
    return _hasher().hash("nobody has this password")


async def store_account(pool: asyncpg.Pool, *, username: str, password: str, actor: Actor, clock: Clock) -> None:
    """Make an account.

    Raises
    ------
    InvalidInput, Conflict
        ``username_invalid``, ``password_short``; ``username_taken``.
    """
    if not username.isprintable() or not 0 < len(username) <= _LONGEST:
        raise InvalidInput("username_invalid", f"A user name has 1 to {_LONGEST} printable characters.")
    if len(password) < _SHORTEST:
        raise InvalidInput("password_short", f"A password has at least {_SHORTEST} characters.")
    try:
        await pool.execute(
            load_queries("hub.access").store_account,
            username,
            actor.actor_id,
            await asyncio.get_running_loop().run_in_executor(_checkers(), _hasher().hash, password),
            clock.now(),
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("username_taken", "There is an account of that name.", hint="Choose another.") from error


async def sign_in(pool: asyncpg.Pool, *, username: str, password: str, clock: Clock) -> Actor:
    """The actor of an account.

    A name without an account is treated like one with: as long a check, and the same rest after as many failures.

    Raises
    ------
    Unauthenticated
        ``sign_in_wrong``: no such account or another password; which of them is not said.
    Forbidden
        ``account_resting`` after repeated failures.
    """
    queries = load_queries("hub.access")
    now = clock.now()
    row = None
    # PostgreSQL takes no NUL and no half characters; no account has them.
    if username.isprintable() and len(username) <= _LONGEST:
        row = await pool.fetchrow(queries.fetch_account, username, now, now + _REST, _PATIENCE)
        if row is None and await pool.fetchval(queries.fetch_account_known, username):
            raise _resting()
    if row is None:
        _STRANGERS.count(username[:_LONGEST], now)
    right = await asyncio.get_running_loop().run_in_executor(
        _checkers(), _verify, row["password_hash"] if row else None, password[: _LONGEST * 10]
    )
    if row is None or not right:
        raise Unauthenticated("sign_in_wrong", "The user name or the password is wrong.")
    await pool.execute(queries.store_account_success, username)
    return await fetch_actor(pool, row["actor_id"])


def _resting() -> Forbidden:
    return Forbidden("account_resting", "Too many attempts.", hint="Try again in a quarter of an hour.")


class _Strangers:
    """Failures under names that no account has, so that a rest does not tell which names exist. Bounded."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._held: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def count(self, username: str, now: datetime) -> None:
        """Count a failure; raises Forbidden ``account_resting`` from the one after the last that is let through."""
        failures, until = self._held.get(username, (0, None))
        if until is not None and now < until:
            raise _resting()
        failures = 1 if until is not None else failures + 1
        self._held[username] = (failures, now + _REST if failures >= _PATIENCE else None)
        self._held.move_to_end(username)
        while len(self._held) > self._most:
            self._held.popitem(last=False)


_STRANGERS = _Strangers()


def _verify(hashed: str | None, password: str) -> bool:
    try:
        return _hasher().verify(hashed or _nobody(), password) and hashed is not None
    except (argon2.exceptions.VerificationError, UnicodeEncodeError):
        return False
