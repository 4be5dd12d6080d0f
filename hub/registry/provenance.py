"""Where the values of a person come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import asyncpg

from hub.db.sql import load_queries


@dataclass(frozen=True, slots=True)
class Provenance:
    """One field and the source record whose word counts for it. ``line`` is 1-based in the file as it came."""

    entity: str  # person | wish
    field: str
    source_record_id: int
    department: str
    feed: str
    file_name: str
    line: int
    as_of: date
    seen_on: date
    gone_on: date | None


async def read_provenance(pool: asyncpg.Pool, person_id: int) -> list[Provenance]:
    """Field by field, the record, file, line and days that a person's values and wishes come from; empty for nobody."""
    rows = await pool.fetch(load_queries("hub.registry").fetch_provenance, person_id)
    return [Provenance(**dict(row)) for row in rows]
