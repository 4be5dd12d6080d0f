"""Local accounts for installations without an identity provider: argon2id, and a rest after repeated failures."""

from __future__ import annotations

from datetime import timedelta
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
        ``password_short``; ``username_taken``.
    """
    if len(password) < _SHORTEST:
        raise InvalidInput("password_short", f"A password has at least {_SHORTEST} characters.")
    try:
        await pool.execute(
            load_queries("hub.access").store_account, username, actor.actor_id, _hasher().hash(password), clock.now()
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("username_taken", "There is an account of that name.", hint="Choose another.") from error


async def sign_in(pool: asyncpg.Pool, *, username: str, password: str, clock: Clock) -> Actor:
    """The actor of an account.

    Raises
    ------
    Unauthenticated
        ``sign_in_wrong``: no such account or another password; which of them is not said.
    Forbidden
        ``account_resting`` after repeated failures.
    """
    queries = load_queries("hub.access")
    wrong = Unauthenticated("sign_in_wrong", "The user name or the password is wrong.")
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(queries.fetch_account, username)
        if row is not None and row["locked_until"] is not None and clock.now() < row["locked_until"]:
            raise Forbidden("account_resting", "Too many attempts.", hint="Try again in a quarter of an hour.")
        right = _verify(row["password_hash"] if row else _nobody(), password) and row is not None
        if row is not None and not right:
            rests = clock.now() + _REST if row["failed_count"] + 1 >= _PATIENCE else None
            await connection.execute(queries.store_account_failure, username, rests)
        elif row is not None:
            await connection.execute(queries.store_account_success, username)
    if row is None or not right:
        raise wrong
    return await fetch_actor(pool, row["actor_id"])


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except argon2.exceptions.VerificationError:
        return False
