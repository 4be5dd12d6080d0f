"""Publish: from who is who and what the records say to the register, in one transaction.

Only differences are written: published twice, the register is not touched the second time. Killed anywhere, nothing has
happened. A person or household that every feed has dropped gets ``gone_on`` and stays; only a key merged away, or left
without any record, leaves the register.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import asyncpg

from hub.clock import Clock
from hub.db.fragment import sql
from hub.db.sql import load_queries
from hub.registry.golden import Rules, make_golden
from hub.registry.households import Group, Household, group_households, make_household, match_households
from hub.registry.read import fetch_company, fetch_sources
from hub.registry.records import Conflict, Golden, Member
from hub.registry.sync import Changes, Table, close_staging, open_staging, stage_rows, sync_table
from hub.registry.tables import (
    BENEFIT,
    CERTIFICATE,
    CONFLICT,
    EMPLOYMENT,
    HOUSEHOLD,
    MONITORING,
    PERSON,
    TRAINING,
    WISH,
    benefit_month_row,
    benefit_row,
    certificate_row,
    conflict_row,
    employment_row,
    person_row,
    sources_text,
    training_row,
    wish_row,
)
from hub.telemetry import Progress

_TABLES = (PERSON, WISH, HOUSEHOLD, EMPLOYMENT, TRAINING, CERTIFICATE, BENEFIT, MONITORING, CONFLICT)
_MONTH_COLUMNS = ["person_id", "certificate_number", "month", "yuan_per_month", "state", "source_record_id"]
_MEMBER_COLUMNS = ["household_id", "person_id", "relation", "source_record_id", "valid_from"]
#: People merged at a time: their records are in memory together.
_CHUNK = 10_000
#: From so many people on, the planner is told about the staging tables.
_BULK = 2_000


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


async def publish_connection(
    connection: asyncpg.Connection, *, clock: Clock, progress: Progress, person_ids: Sequence[int] | None = None
) -> PublishReport:
    """The same in the caller's transaction; other publications wait until it ends."""
    queries = load_queries("hub.registry")
    await connection.execute(queries.fetch_lock)
    if person_ids is None:
        wanted = [row["person_id"] for row in await connection.fetch(queries.fetch_everybody)]
    else:
        wanted = await fetch_company(connection, person_ids)
    for table in _TABLES:
        await open_staging(connection, table)
    for name in ("create_scopes", "create_household_scope", "create_staged_members", "create_staged_months"):
        await connection.execute(getattr(queries, name))
    await connection.copy_records_to_table("scope_person", columns=["key"], records=[(key,) for key in wanted])
    rules = Rules.load()
    with progress.stage("merge records", len(wanted)) as step:
        people: dict[int, Golden] = {}
        regions = frozenset(row["region_code"] for row in await connection.fetch(queries.fetch_region_codes))
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            for person_id, sources in await fetch_sources(connection, chunk, regions):
                people[person_id] = make_golden(person_id, sources, rules, today=clock.today())
            step.advance(len(chunk))
    with progress.stage("form households"):
        companions = await _living_companions(connection, people)
        groups = group_households(companions)
        keys = await _household_keys(connection, wanted, groups, at=clock.now())
        households = [
            make_household(key, group, rules.authorities, rules.work) for key, group in zip(keys, groups, strict=True)
        ]
    with progress.stage("write register"):
        await _stage(connection, people, groups, households)
        changed = await _write(connection, clock, bulk=len(wanted) >= _BULK)
    for table in _TABLES:
        await close_staging(connection, table)
    await connection.execute(queries.drop_staging)
    return PublishReport(
        persons=len(people),
        households=len(groups),
        willing=sum(golden.values["willing"] is True for golden in people.values()),
        zero_employment_households=sum(household.values["zero_employment"] is True for household in households),
        conflicts=sum(len(golden.conflicts) for golden in people.values())
        + sum(len(household.conflicts) for household in households),
        changed={name: changes for name, changes in changed.items() if changes},
    )


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


async def _stage(
    connection: asyncpg.Connection,
    people: Mapping[int, Golden],
    groups: Sequence[Group],
    households: Sequence[Household],
) -> None:
    home: dict[int, int] = {}
    relation: dict[int, str | None] = {}
    members: list[tuple[object, ...]] = []
    for group, household in zip(groups, households, strict=True):
        alone = len(group.members) == 1
        for member in group.members:
            home[member.person_id] = household.household_id
            relation[member.person_id] = member.relation or ("02" if alone else None)
            members.append(
                (household.household_id, member.person_id, relation[member.person_id], member.relation_source,
                 member.known_from)
            )  # fmt: skip
    everybody = list(people.values())
    conflicts: list[Conflict] = [conflict for household in households for conflict in household.conflicts]
    conflicts += [conflict for golden in everybody for conflict in golden.conflicts]
    staged: list[tuple[Table, list[tuple[object, ...]]]] = [
        (PERSON, [person_row(golden, home[golden.person_id], relation[golden.person_id]) for golden in everybody]),
        (WISH, [wish_row(golden) for golden in everybody if golden.wish is not None]),
        (HOUSEHOLD, [_household_row(household) for household in households]),
        (EMPLOYMENT, [employment_row(row) for golden in everybody for row in golden.employment]),
        (TRAINING, [training_row(row) for golden in everybody for row in golden.trainings]),
        (CERTIFICATE, [certificate_row(row) for golden in everybody for row in golden.certificates]),
        (BENEFIT, [benefit_row(row, home[row.person_id]) for golden in everybody for row in golden.benefits]),
        (MONITORING, [(household.household_id, *row) for household in households for row in household.monitoring]),
        (CONFLICT, [conflict_row(conflict) for conflict in conflicts]),
    ]
    for table, rows in staged:
        await stage_rows(connection, table, rows)
    await connection.copy_records_to_table("staged_household_member", columns=_MEMBER_COLUMNS, records=members)
    await connection.copy_records_to_table(
        "staged_benefit_month",
        columns=_MONTH_COLUMNS,
        records=[benefit_month_row(row) for golden in everybody for row in golden.benefit_months],
    )


def _household_row(household: Household) -> tuple[object, ...]:
    cells = [household.values.get(name) for name in HOUSEHOLD.values if name != "sources"]
    return household.household_id, *cells, sources_text(household.sources)


async def _write(connection: asyncpg.Connection, clock: Clock, *, bulk: bool) -> dict[str, Changes]:
    queries = load_queries("hub.registry")
    at, today = clock.now(), clock.today()
    changed: dict[str, Changes] = {}

    async def sync(table: Table, scope: str | None) -> None:
        changed[table.name] = await sync_table(connection, table, scope=scope, at=at, bulk=bulk)

    await sync(HOUSEHOLD, None)
    await sync(PERSON, "scope_person")
    members = [
        await connection.execute(getattr(queries, name), *arguments)
        for name, arguments in (
            ("store_members_end", (today,)),
            ("store_members_back", (today,)),
            ("delete_empty_memberships", (today,)),
            ("store_members_changed", ()),
            ("store_members", (today,)),
        )
    ]
    changed["household_member"] = _counted(members)
    emptied = await connection.execute(queries.store_empty_households, today, at)
    changed[HOUSEHOLD.name] += _counted([emptied])
    for table in (WISH, EMPLOYMENT, TRAINING, CERTIFICATE, BENEFIT):
        await sync(table, "scope_person")
    months = [
        await connection.execute(getattr(queries, name))
        for name in ("delete_months", "store_months_changed", "store_months")
    ]
    changed["benefit_month"] = _counted(months)
    await sync(MONITORING, "scope_household")
    for scope, entities in (
        ("scope_person", sql("t.entity IN ('person', 'wish')")),
        ("scope_household", sql("t.entity = 'household'")),
    ):
        removed = await sync_table(connection, CONFLICT, scope=scope, at=at, filters=entities, bulk=bulk)
        changed[CONFLICT.name] = changed.get(CONFLICT.name, Changes()) + removed
    return changed


def _counted(commands: Sequence[str]) -> Changes:
    """Rows by kind of command, from what the server reported."""
    total = Changes()
    for command in commands:
        verb, _, rest = command.partition(" ")
        count = int(rest.rpartition(" ")[2])
        total += Changes(
            count if verb == "INSERT" else 0, count if verb == "UPDATE" else 0, count if verb == "DELETE" else 0
        )
    return total
