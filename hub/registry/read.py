"""Reading for publication: whom it concerns, and what their records say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import asyncpg

from hub.db.sql import load_queries
from hub.identity.normalise import normalise
from hub.registry.records import Source

_NORMALISED = (
    "name", "citizen_number", "phone", "sex", "born_on", "nationality", "registered_address", "living_address",
    "registered_region_code", "living_region_code", "household_code", "certificate_number", "relation",
)  # fmt: skip


#: A person with their records, newest first.
Found = tuple[int, list[Source]]


async def fetch_company(connection: asyncpg.Connection, person_ids: Iterable[int]) -> list[int]:
    """These people and everybody whose household could change with theirs.

    Keys merged away lead to the living ones too.
    People hang together by household codes, certificates, a station's word, and the households they are or were in;
    each new one is followed up until nobody is added.
    """
    queries = load_queries("hub.registry")
    asked = list(person_ids)
    living = await connection.fetch(queries.fetch_living_keys, asked)
    reached = {*asked, *(row["person_id"] for row in living)}
    feeds = [row["feed"] for row in await connection.fetch(queries.fetch_feeds)]
    frontier = sorted(reached)
    while frontier:
        rows = await connection.fetch(queries.fetch_refs, frontier)
        names = {row["household_code"] or row["certificate_number"] for row in rows} - {None}
        companions = [row["companion"] for row in rows if row["companion"] is not None]
        found = await connection.fetch(
            queries.fetch_company,
            [f"{feed}:{name}" for feed in feeds for name in sorted(names)],
            frontier,
            sorted({row["household_code"] for row in rows} - {None}),
        )
        led = await connection.fetch(queries.fetch_living_keys, companions) if companions else []
        frontier = sorted({row["person_id"] for row in (*found, *led)} - reached)
        reached.update(frontier)
    return sorted(reached)


async def fetch_sources(
    connection: asyncpg.Connection, person_ids: Sequence[int], regions: frozenset[str]
) -> Iterator[Found]:
    """Each of these people who has a record, with their records, newest first."""
    rows = await connection.fetch(load_queries("hub.registry").fetch_sources, person_ids)
    return (
        (person_id, [_source(row, regions) for row in of_person])
        for person_id, of_person in groupby(rows, key=lambda row: row["person_id"])
    )


def _source(row: Mapping[str, Any], regions: frozenset[str]) -> Source:
    if not row["normalised"]:
        # A station's entry is published at once; identity has not seen it yet.
        values = row["values"]
        cells = {name: values.get(name) for name in _NORMALISED}
        seen = normalise(
            {
                **cells,
                "source_record_id": row["source_record_id"],
                "feed": row["feed"],
                "region_code": row["region_code"],
            }
        )
        name, number, phone = seen.name, seen.citizen_number, seen.phone
        registered, living = seen.registered_region_code, seen.living_region_code
    else:
        name, number, phone = row["name"], row["citizen_number"], row["phone"]
        registered, living = row["registered_region_code"], row["living_region_code"]
    return Source(
        row["source_record_id"],
        row["department"],
        row["region_code"],
        row["as_of"],
        row["seen_on"],
        row["gone_on"],
        row["values"],
        name,
        number,
        phone,
        registered if registered in regions else None,
        living if living in regions else None,
    )
