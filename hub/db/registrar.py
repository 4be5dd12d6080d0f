"""Being the registrar for one step of a transaction: what follows from an actor's entry by the register's own rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from hub.db.sql import load_queries
from hub.errors import HubError


@asynccontextmanager
async def as_registrar(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Let a session of the hub work as the registrar, inside its transaction; whoever else it is stays so.

    Publishing reads what every department says of a household, also where an actor may see one member only: seen
    through the actor's eyes, the others would be gone. An error of the database ends the role with the transaction.
    """
    queries = load_queries("hub.db")
    await connection.execute(queries.fetch_registrar)
    try:
        yield
    except HubError:
        # A refusal leaves the transaction usable, and whoever goes on with it is the hub again.
        await connection.execute(queries.fetch_hub)
        raise
    await connection.execute(queries.fetch_hub)
