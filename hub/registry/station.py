"""The station as a source like any other: what a clerk enters becomes a source record, and the register follows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import InvalidInput
from hub.identity.resolve import resolve_connection
from hub.registry.publish import publish_connection
from hub.telemetry import SilentProgress


async def store_station_entry(
    connection: asyncpg.Connection,
    *,
    region_code: str,
    actor_name: str,
    person_id: int | None,
    values: Mapping[str, Any],
    clock: Clock,
) -> int:
    """Enter what a station says of a person, in the caller's transaction; returns the person's key.

    Parameters
    ----------
    region_code
        The station's region.
    person_id
        Whom it speaks of; None for somebody whom no file knows. Identity may still recognise them.
    values
        Canonical fields of an entity ``person``.

    Raises
    ------
    InvalidInput
        ``entry_empty``, or ``name_missing`` for a new person without a name.
    """
    said = {name: value for name, value in values.items() if value is not None}
    if not said:
        raise InvalidInput("entry_empty", "The entry says nothing.", hint="Fill in at least one field.")
    if person_id is None and not said.get("name"):
        raise InvalidInput("name_missing", "A new person needs a name.", hint="Fill in the name.")
    queries = load_queries("hub.registry")
    now, today = clock.now(), clock.today()
    body = {**said, **({"person_id": person_id} if person_id is not None else {})}
    text = json.dumps({"values": body, "at": now.isoformat()}, ensure_ascii=False, sort_keys=True, default=str).encode()
    digest = hashlib.sha256(text).digest()
    batch = await connection.fetchval(queries.store_station_batch, region_code, digest, len(text), today, now)
    record = await connection.fetchval(
        queries.store_station_record, batch, region_code, f"{actor_name}:{now.isoformat()}", digest, body, today
    )
    await resolve_connection(connection, clock=clock, progress=SilentProgress())
    owner: int = await connection.fetchval(queries.fetch_person_of_record, record)
    await publish_connection(connection, clock=clock, progress=SilentProgress(), person_ids=[owner])
    return owner


async def fetch_provenance(pool: asyncpg.Pool, person_id: int) -> list[dict[str, Any]]:
    """Field by field, the source record, file, line and day that a person's values come from."""
    rows = await pool.fetch(load_queries("hub.registry").fetch_provenance, person_id)
    return [dict(row) for row in rows]
