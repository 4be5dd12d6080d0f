"""Bring a table to hold exactly the rows it should: rows are staged, compared, and only differences are written.

An unchanged row is not touched, not even locked. There are two ways of comparing: by key, where a row keeps its
identity while its values change; and as a bag, where a row is its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import asyncpg

from hub.db.fragment import Fragment, all_of, bind, identifier, join, sql


@dataclass(frozen=True, slots=True)
class Table:
    """A table that publishing writes.

    Attributes
    ----------
    key
        Columns that identify a row; empty for a bag.
    values
        The other columns, in the order in which rows bring them after the key.
    scope
        Column that says whose row it is: rows of the scope's keys that are not staged are removed.
    silent
        Columns of ``values`` whose change is written without raising ``version``.
    json
        Columns of type jsonb; they are staged as text.
    versioned
        Whether there are columns ``version`` and ``updated_at``.
    keys_given
        The rows are there already, because the database makes their keys; they are only brought up to date.
    """

    schema: LiteralString
    name: LiteralString
    key: tuple[str, ...]
    values: tuple[str, ...]
    scope: str = "person_id"
    silent: tuple[str, ...] = ()
    json: tuple[str, ...] = ()
    versioned: bool = False
    keys_given: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in the order in which rows bring them."""
        return self.key + self.values

    @property
    def staging(self) -> str:
        """Name of the temporary table."""
        return f"staged_{self.name}"

    def qualified(self) -> Fragment:
        return identifier(self.schema) + sql(".") + identifier(self.name)


@dataclass(slots=True)
class Changes:
    """Rows written to one table."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(self.added + other.added, self.changed + other.changed, self.removed + other.removed)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


async def open_staging(connection: asyncpg.Connection, table: Table) -> None:
    """Make an empty temporary table of the same columns; it ends with the transaction."""
    picked = join(
        ", ",
        [(sql("NULL::text AS ") if name in table.json else sql("")) + identifier(name) for name in table.columns],
    )
    await execute_fragment(
        connection,
        sql("CREATE TEMP TABLE ")
        + identifier(table.staging)
        + sql(" ON COMMIT DROP AS SELECT ")
        + picked
        + sql(" FROM ")
        + table.qualified()
        + sql(" WHERE false"),
    )


async def stage_rows(connection: asyncpg.Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Add rows to the staging table; jsonb columns come as text."""
    if rows:
        await connection.copy_records_to_table(table.staging, columns=list(table.columns), records=rows)


async def reset_staging(connection: asyncpg.Connection, table: Table) -> None:
    """Empty the staging table for the next rows."""
    await execute_fragment(connection, sql("TRUNCATE ") + identifier(table.staging))


async def close_staging(connection: asyncpg.Connection, table: Table) -> None:
    """Drop the staging table, so that the transaction may publish again."""
    await execute_fragment(connection, sql("DROP TABLE ") + identifier(table.staging))


async def sync_table(
    connection: asyncpg.Connection,
    table: Table,
    *,
    scope: str | None,
    at: datetime,
    filters: Fragment | None = None,
) -> Changes:
    """Write what differs between the staging table and the table.

    Parameters
    ----------
    scope
        Name of a temporary table whose column ``key`` holds the scope's keys; None removes nothing.
    filters
        Condition on the table's rows (alias ``t``) that removal is limited to.
    """
    changes = Changes()
    if scope is not None:
        changes.removed = await _remove(connection, table, scope, filters)
    if table.key:
        changes.changed = await _update(connection, table, at)
    if not table.keys_given:
        changes.added = await _insert(connection, table, at)
    return changes


def _staged(table: Table, name: str) -> Fragment:
    column = sql("s.") + identifier(name)
    return column + sql("::jsonb") if name in table.json else column


def _matches(table: Table) -> Fragment:
    """Condition that a staged row (``s``) stands for a row of the table (``t``)."""
    if table.key:
        return all_of([sql("s.") + identifier(name) + sql(" = t.") + identifier(name) for name in table.key])
    others = [name for name in table.values if name != table.scope]
    same = (
        sql("(")
        + join(", ", [sql("s.") + identifier(name) for name in others])
        + sql(") IS NOT DISTINCT FROM (")
        + join(", ", [sql("t.") + identifier(name) for name in others])
        + sql(")")
    )
    return all_of([sql("s.") + identifier(table.scope) + sql(" = t.") + identifier(table.scope), same])


async def _remove(connection: asyncpg.Connection, table: Table, scope: str, filters: Fragment | None) -> int:
    return await execute_fragment(
        connection,
        sql("DELETE FROM ")
        + table.qualified()
        + sql(" t USING ")
        + identifier(scope)
        + sql(" scope WHERE scope.key = t.")
        + identifier(table.scope)
        + (sql(" AND ") + filters if filters is not None else sql(""))
        + sql(" AND NOT EXISTS (SELECT FROM ")
        + identifier(table.staging)
        + sql(" s WHERE ")
        + _matches(table)
        + sql(")"),
    )


async def _update(connection: asyncpg.Connection, table: Table, at: datetime) -> int:
    spoken = [name for name in table.values if name not in table.silent]
    differs = _rows_differ(table, spoken)
    settings = [identifier(name) + sql(" = ") + _staged(table, name) for name in table.values]
    if table.versioned:
        settings.append(sql("version = t.version + (") + differs + sql(")::integer"))
        settings.append(
            sql("updated_at = CASE WHEN ") + differs + sql(" THEN ") + bind(at, "timestamptz")
            + sql(" ELSE t.updated_at END")
        )  # fmt: skip
    return await execute_fragment(
        connection,
        sql("UPDATE ")
        + table.qualified()
        + sql(" t SET ")
        + join(", ", settings)
        + sql(" FROM ")
        + identifier(table.staging)
        + sql(" s WHERE ")
        + _matches(table)
        + sql(" AND ")
        + _rows_differ(table, list(table.values)),
    )


def _rows_differ(table: Table, names: list[str]) -> Fragment:
    return (
        sql("(")
        + join(", ", [sql("t.") + identifier(name) for name in names])
        + sql(") IS DISTINCT FROM (")
        + join(", ", [_staged(table, name) for name in names])
        + sql(")")
    )


async def _insert(connection: asyncpg.Connection, table: Table, at: datetime) -> int:
    names = [identifier(name) for name in table.columns]
    picked = [_staged(table, name) for name in table.columns]
    if table.versioned:
        names.append(identifier("updated_at"))
        picked.append(bind(at, "timestamptz"))
    return await execute_fragment(
        connection,
        sql("INSERT INTO ")
        + table.qualified()
        + sql(" (")
        + join(", ", names)
        + sql(") SELECT ")
        + join(", ", picked)
        + sql(" FROM ")
        + identifier(table.staging)
        + sql(" s WHERE NOT EXISTS (SELECT FROM ")
        + table.qualified()
        + sql(" t WHERE ")
        + _matches(table)
        + sql(") ORDER BY s.")
        + identifier(table.scope),
    )


async def execute_fragment(connection: asyncpg.Connection, fragment: Fragment) -> int:
    """Run a statement; the number of rows the command reports, 0 for one that reports none."""
    text, values = fragment.render()
    count = str(await connection.execute(text, *values)).rpartition(" ")[2]
    return int(count) if count.isdecimal() else 0
