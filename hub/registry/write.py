"""Writing what publication has worked out: staged, compared, and only where it differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from hub.clock import Clock
from hub.db.fragment import sql
from hub.db.sql import load_queries
from hub.registry.households import Group, Household
from hub.registry.records import Golden
from hub.registry.sync import Changes, Table, close_staging, open_staging, reset_staging, stage_rows, sync_table
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

_TABLES = (PERSON, WISH, HOUSEHOLD, EMPLOYMENT, TRAINING, CERTIFICATE, BENEFIT, MONITORING, CONFLICT)
_SCOPES = ("create_scopes", "create_chunk_scope", "create_household_scope", "create_staged_members",
           "create_staged_months")  # fmt: skip
_MONTH_COLUMNS = ["person_id", "certificate_number", "month", "yuan_per_month", "state", "source_record_id"]
_MEMBER_COLUMNS = ["household_id", "person_id", "relation", "source_record_id", "valid_from"]


@dataclass(slots=True)
class Written:
    """Rows written so far, by table."""

    changes: dict[str, Changes] = field(default_factory=dict)

    def add(self, name: str, changes: Changes) -> None:
        """More rows of one table."""
        self.changes[name] = self.changes.get(name, Changes()) + changes


async def open_write(connection: asyncpg.Connection, person_ids: Sequence[int]) -> None:
    """Make the staging tables; ``person_ids`` are those whom this publication decides on."""
    queries = load_queries("hub.registry")
    for table in _TABLES:
        await open_staging(connection, table)
    for name in _SCOPES:
        await connection.execute(getattr(queries, name))
    await _copy_keys(connection, "scope_person", person_ids)


async def close_write(connection: asyncpg.Connection) -> None:
    """Drop the staging tables, so that the transaction may publish again."""
    for table in _TABLES:
        await close_staging(connection, table)
    await connection.execute(load_queries("hub.registry").drop_staging)


async def write_details(
    connection: asyncpg.Connection,
    person_ids: Sequence[int],
    people: Sequence[Golden],
    written: Written,
    *,
    clock: Clock,
) -> None:
    """Write lists that hang on no household: work, training, certificates and conflicts of these people.

    Parameters
    ----------
    person_ids
        Whom it concerns; whoever is not among ``people`` has no details any more.
    """
    if not person_ids:
        return
    await connection.execute(load_queries("hub.registry").clear_chunk_scope)
    await _copy_keys(connection, "scope_chunk", person_ids)
    staged: list[tuple[Table, list[tuple[object, ...]]]] = [
        (EMPLOYMENT, [employment_row(row) for golden in people for row in golden.employment]),
        (TRAINING, [training_row(row) for golden in people for row in golden.trainings]),
        (CERTIFICATE, [certificate_row(row) for golden in people for row in golden.certificates]),
        (CONFLICT, [conflict_row(conflict) for golden in people for conflict in golden.conflicts]),
    ]
    for table, rows in staged:
        await stage_rows(connection, table, rows)
        filters = sql("t.entity IN ('person', 'wish')") if table is CONFLICT else None
        changes = await sync_table(connection, table, scope="scope_chunk", at=clock.now(), filters=filters)
        written.add(table.name, changes)
        await reset_staging(connection, table)


async def write_register(
    connection: asyncpg.Connection,
    people: Mapping[int, Golden],
    groups: Sequence[Group],
    households: Sequence[Household],
    written: Written,
    *,
    clock: Clock,
) -> None:
    """Write households, people, who lives where, wishes, benefits and monitoring."""
    queries = load_queries("hub.registry")
    at, today = clock.now(), clock.today()
    await _stage(connection, people, groups, households)
    written.add(HOUSEHOLD.name, await sync_table(connection, HOUSEHOLD, scope=None, at=at))
    written.add(PERSON.name, await sync_table(connection, PERSON, scope="scope_person", at=at))
    left = await connection.execute(queries.store_members_end, today)
    written.add("household_member", _counted(left))
    if _counted(left):
        written.add("household_member", _counted(await connection.execute(queries.store_members_back, today)))
        written.add("household_member", _counted(await connection.execute(queries.delete_empty_memberships, today)))
    written.add("household_member", _counted(await connection.execute(queries.store_members_changed)))
    written.add("household_member", _counted(await connection.execute(queries.store_members, today)))
    written.add(HOUSEHOLD.name, _counted(await connection.execute(queries.store_empty_households, today, at)))
    written.add(WISH.name, await sync_table(connection, WISH, scope="scope_person", at=at))
    written.add(BENEFIT.name, await sync_table(connection, BENEFIT, scope="scope_person", at=at))
    for name in ("delete_months", "store_months_changed", "store_months"):
        written.add("benefit_month", _counted(await connection.execute(getattr(queries, name))))
    written.add(MONITORING.name, await sync_table(connection, MONITORING, scope="scope_household", at=at))
    of_households = sql("t.entity = 'household'")
    conflicts = await sync_table(connection, CONFLICT, scope="scope_household", at=at, filters=of_households)
    written.add(CONFLICT.name, conflicts)


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
            key = member.person_id
            home[key] = household.household_id
            relation[key] = member.relation or ("02" if alone else None)
            members.append((household.household_id, key, relation[key], member.relation_source, member.known_from))
    staged: list[tuple[Table, list[tuple[object, ...]]]] = [
        (PERSON, [person_row(golden, home[key], relation[key]) for key, golden in people.items()]),
        (WISH, [wish_row(golden) for golden in people.values() if golden.wish is not None]),
        (HOUSEHOLD, [_household_row(household) for household in households]),
        (BENEFIT, [benefit_row(row, home[key]) for key, golden in people.items() for row in golden.benefits]),
        (MONITORING, [(household.household_id, *row) for household in households for row in household.monitoring]),
        (CONFLICT, [conflict_row(conflict) for household in households for conflict in household.conflicts]),
    ]
    for table, rows in staged:
        await stage_rows(connection, table, rows)
    await connection.copy_records_to_table("staged_household_member", columns=_MEMBER_COLUMNS, records=members)
    await connection.copy_records_to_table(
        "staged_benefit_month",
        columns=_MONTH_COLUMNS,
        records=[benefit_month_row(row) for golden in people.values() for row in golden.benefit_months],
    )


def _household_row(household: Household) -> tuple[object, ...]:
    cells = [household.values.get(name) for name in HOUSEHOLD.values if name != "sources"]
    return household.household_id, *cells, sources_text(household.sources)


async def _copy_keys(connection: asyncpg.Connection, table: str, keys: Sequence[int]) -> None:
    await connection.copy_records_to_table(table, columns=["key"], records=[(key,) for key in keys])


def _counted(command: str) -> Changes:
    """Rows of one command, from what the server reported."""
    verb, _, rest = command.partition(" ")
    count = int(rest.rpartition(" ")[2])
    return Changes(count if verb == "INSERT" else 0, count if verb == "UPDATE" else 0, count if verb == "DELETE" else 0)
