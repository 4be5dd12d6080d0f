"""Wishes and employment as a station edits them: entries of a source like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput, NotFound
from hub.registry.station import store_station_entry
from schema.codes import CANNOT_LEAVE_REASON, EMPLOYMENT_FORM, EMPLOYMENT_STATUS, WISH_SCOPE

_CODES = {
    "wish_scope": WISH_SCOPE,
    "cannot_leave_reason": CANNOT_LEAVE_REASON,
    "employment_status": EMPLOYMENT_STATUS,
    "employment_form": EMPLOYMENT_FORM,
}


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
        Canonical fields: ``wishes_to_work``, ``wish_scope``, ``wish_occupation``, ``wish_wage_yuan_per_month``,
        ``cannot_leave_home``, ``cannot_leave_reason``, ``accepts_night_shift``.

    Raises
    ------
    NotFound, Conflict, InvalidInput
        ``person_unknown``, ``version_stale``, ``code_unknown``, ``wage_invalid``.
    """
    held = await connection.fetchval(load_queries("hub.casework").fetch_wish_version, person_id)
    if (held or 0) != version:
        raise Conflict("version_stale", "Somebody else changed these wishes meanwhile.", hint="Load them and check.")
    return await edit_person(connection, actor=actor, person_id=person_id, values=values, clock=clock)


async def edit_person(
    connection: asyncpg.Connection,
    *,
    actor: Actor,
    person_id: int | None,
    values: Mapping[str, Any],
    clock: Clock,
) -> int:
    """Enter what a station or the person themself says; a new person where ``person_id`` is None.

    Raises
    ------
    NotFound, InvalidInput
        ``person_unknown``, ``code_unknown``, ``wage_invalid``.
    """
    region = actor.region_code
    if person_id is not None:
        place = await connection.fetchrow(load_queries("hub.casework").fetch_person_place, person_id)
        if place is None:
            raise NotFound("person_unknown", "There is no such person.")
        region = region or place["living_region_code"] or place["registered_region_code"]
    for name, codes in _CODES.items():
        if values.get(name) is not None and values[name] not in codes:
            allowed = ", ".join(entry.code for entry in codes.entries)
            raise InvalidInput("code_unknown", f"{name} has no such code.", hint=f"Use one of: {allowed}.")
    wage = values.get("wish_wage_yuan_per_month")
    if wage is not None and not 0 < wage <= 200_000:
        raise InvalidInput("wage_invalid", "A wage is from 1 to 200,000 yuan a month.", hint="Correct it.")
    return await store_station_entry(
        connection,
        region_code=region or "530000000000",
        actor_name=actor.name,
        person_id=person_id,
        values=values,
        clock=clock,
    )
