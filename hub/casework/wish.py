"""Wishes and employment as a station edits them: entries of a source like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.clock import Clock
from hub.db.registrar import as_registrar
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput, NotFound
from hub.registry.publish import fetch_register_lock
from hub.registry.station import store_station_entry

WISH_FIELDS = frozenset(
    {
        "wishes_to_work", "wish_scope", "wish_occupation", "wish_wage_yuan_per_month", "cannot_leave_home",
        "cannot_leave_reason", "accepts_night_shift",
    }
)  # fmt: skip


async def edit_wish(
    connection: asyncpg.Connection,
    *,
    actor: Actor,
    person_id: int,
    version: int,
    values: Mapping[str, Any],
    clock: Clock,
) -> int:
    """Change what a person wishes; returns the person's key.

    Parameters
    ----------
    version
        Of the wishes as they were read; 0 where there were none.
    values
        Fields of :data:`WISH_FIELDS`; what is left out or None stays as it is.

    Raises
    ------
    NotFound, Conflict, InvalidInput
        ``person_unknown``; ``version_stale``; ``field_unknown`` and those of a station's entry.
    """
    if unknown := sorted(set(values) - WISH_FIELDS):
        raise InvalidInput("field_unknown", f"These are no wishes: {', '.join(unknown)}.", hint="Leave them out.")
    # Every change of a wish goes through the register's lock, so nobody comes between reading and writing.
    await fetch_register_lock(connection)
    async with as_registrar(connection):
        person = await connection.fetchval(load_queries("hub.casework").fetch_person_here, person_id)
    if person is None:
        raise NotFound("person_unknown", "There is no such person.")
    held = await connection.fetchval(load_queries("hub.casework").fetch_wish_version, person)
    if (held or 0) != version:
        raise Conflict("version_stale", "Somebody else changed these wishes meanwhile.", hint="Load them and check.")
    return await store_station_entry(connection, actor=actor, person_id=person, values=values, clock=clock)


async def edit_person(
    connection: asyncpg.Connection,
    *,
    actor: Actor,
    person_id: int | None,
    values: Mapping[str, Any],
    clock: Clock,
) -> int:
    """Enter what a station or the person themself says; a new person where ``person_id`` is None.

    Somebody whom every feed has dropped is back in the register with it: the station vouches for them.

    Raises
    ------
    NotFound, InvalidInput
        ``person_unknown``; those of a station's entry.
    """
    return await store_station_entry(connection, actor=actor, person_id=person_id, values=values, clock=clock)
