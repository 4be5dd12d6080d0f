"""Publish: from who is who and what the records say to the register, in one transaction.

Only differences are written: published twice, the register is not touched the second time. Killed anywhere, nothing has
happened. A person or household that every feed has dropped gets ``gone_on`` and stays; only a key merged away, or left
without any record, leaves the register.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.registry.golden import Rules, make_golden
from hub.registry.households import Group, group_households, make_household, match_households
from hub.registry.read import Found, fetch_company, fetch_sources
from hub.registry.records import Golden, Member
from hub.registry.sync import Changes
from hub.registry.write import Written, close_write, open_write, write_details, write_register
from hub.telemetry import Progress, Step

#: People merged at a time: their records are in memory together.
_CHUNK = 10_000
#: After so many people merging lets the database's answers in.
_PAUSE = 250


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What one publication considered and wrote.

    Attributes
    ----------
    persons, households
        Considered, those gone from every feed included.
    willing, zero_employment_households
        Among those considered.
    conflicts
        Losing values that differ, among those considered.
    changed
        Rows added, changed and removed by table; only tables that were written.
    """

    persons: int
    households: int
    willing: int
    zero_employment_households: int
    conflicts: int
    changed: dict[str, Changes] = field(default_factory=dict)


async def publish(
    pool: asyncpg.Pool, *, clock: Clock, progress: Progress, person_ids: Sequence[int] | None = None
) -> PublishReport:
    """Publish these people and their households; everybody when ``person_ids`` is None.

    Parameters
    ----------
    person_ids
        Keys as identity touched them; those merged away since are followed.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await publish_connection(connection, clock=clock, progress=progress, person_ids=person_ids)


async def fetch_register_lock(connection: asyncpg.Connection) -> None:
    """Wait for any publication that runs, and hold others off until the transaction ends."""
    await connection.execute(load_queries("hub.registry").fetch_lock)


async def publish_connection(
    connection: asyncpg.Connection, *, clock: Clock, progress: Progress, person_ids: Sequence[int] | None = None
) -> PublishReport:
    """The same in the caller's transaction; other publications wait until it ends."""
    queries = load_queries("hub.registry")
    await fetch_register_lock(connection)
    if person_ids is None:
        wanted = [row["person_id"] for row in await connection.fetch(queries.fetch_everybody)]
    else:
        wanted = await fetch_company(connection, person_ids)
    rules, written = Rules.load(), Written()
    await open_write(connection, wanted)
    with _collector_paused():
        with progress.stage("merge records", len(wanted)) as step:
            people = await _merge(connection, wanted, rules, clock, step, written)
        with progress.stage("form households"):
            groups = group_households(await _living_companions(connection, people))
            keys = await _household_keys(connection, wanted, groups, at=clock.now())
            households = [
                make_household(key, group, rules.authorities, rules.work)
                for key, group in zip(keys, groups, strict=True)
            ]
        with progress.stage("write register"):
            await write_register(connection, people, groups, households, written, clock=clock)
            await close_write(connection)
    return PublishReport(
        persons=len(people),
        households=len(groups),
        willing=sum(golden.values["willing"] is True for golden in people.values()),
        zero_employment_households=sum(household.values["zero_employment"] is True for household in households),
        conflicts=sum(len(golden.conflicts) for golden in people.values())
        + sum(len(household.conflicts) for household in households),
        changed={name: changes for name, changes in written.changes.items() if changes},
    )


async def _merge(
    connection: asyncpg.Connection,
    wanted: Sequence[int],
    rules: Rules,
    clock: Clock,
    step: Step,
    written: Written,
) -> dict[int, Golden]:
    """Golden records by person, their details written.

    Two hands work: while one chunk is merged here, the database writes what the chunk before it came to and reads the
    chunk after it.
    """
    rows = await connection.fetch(load_queries("hub.registry").fetch_region_codes)
    regions = frozenset(row["region_code"] for row in rows)
    today = clock.today()
    people: dict[int, Golden] = {}
    chunks = [wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK)]
    found = await fetch_sources(connection, chunks[0], regions) if chunks else iter(())
    merged: list[Golden] = []
    for position, chunk in enumerate(chunks):
        before = chunks[position - 1] if position else []
        after = chunks[position + 1] if position + 1 < len(chunks) else []

        async def other_hand(before: list[int], merged: list[Golden], after: list[int]) -> Iterator[Found]:
            await write_details(connection, before, merged, written, clock=clock)
            return await fetch_sources(connection, after, regions) if after else iter(())

        working = asyncio.ensure_future(other_hand(list(before), merged, list(after)))
        try:
            merged = []
            for count, (person_id, sources) in enumerate(found, start=1):
                golden = people[person_id] = make_golden(person_id, sources, rules, today=today)
                merged.append(golden)
                if count % _PAUSE == 0:
                    await asyncio.sleep(0)
        finally:
            # The connection must be free before anybody else, a rollback above all, may use it.
            found = await working
        step.advance(len(chunk))
    if chunks:
        await write_details(connection, list(chunks[-1]), merged, written, clock=clock)
    return people


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Millions of objects that all stay alive are made here; looking for garbage among them costs a third more."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def _living_companions(connection: asyncpg.Connection, people: Mapping[int, Golden]) -> list[Member]:
    """Members as household formation takes them: whom somebody joins is named by the key that lives."""
    members = [golden.member for golden in people.values()]
    joined = sorted({member.joins for member in members if member.joins is not None})
    if not joined:
        return members
    living = dict(await connection.fetch(load_queries("hub.registry").fetch_living_keys, joined))
    return [member if member.joins is None else replace(member, joins=living.get(member.joins)) for member in members]


async def _household_keys(
    connection: asyncpg.Connection, wanted: Sequence[int], groups: Sequence[Group], *, at: datetime
) -> list[int]:
    """The key of each group; new ones get one. Every household that one of these people leaves is in the scope too."""
    queries = load_queries("hub.registry")
    before = dict(await connection.fetch(queries.fetch_households_before, wanted))
    codes = [group.household_code for group in groups if group.household_code is not None]
    coded = dict(await connection.fetch(queries.fetch_household_codes, codes))
    kept = match_households(groups, before, coded)
    missing = kept.count(None)
    rows = await connection.fetch(queries.store_household_keys, at, missing) if missing else []
    fresh = sorted(row["household_id"] for row in rows)
    following = iter(fresh)
    keys = [key if key is not None else next(following) for key in kept]
    scope = {*keys, *before.values()}
    await connection.copy_records_to_table(
        "scope_household", columns=["key"], records=[(key,) for key in sorted(scope)]
    )
    return keys
