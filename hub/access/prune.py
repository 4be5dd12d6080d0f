"""Months of the audit whose time is over: dropped whole, and told of in the chain. Work of the owner."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from hub.access.audit import AuditEntry, store_audit
from hub.clock import ZONE, Clock
from hub.db.fragment import identifier, sql
from hub.db.sql import load_queries
from hub.errors import Unavailable
from schema.keeping import AuditRules, add_months, load_audit_rules

_TABLE = re.compile(r"entry_(\d{4,})_(\d\d)")


@dataclass(frozen=True, slots=True)
class PruneReport:
    """Months dropped with how many entries each had, and months held because something of theirs was written later."""

    kept_from: str
    dropped: dict[str, int]
    held: list[str]
    legal_basis: tuple[str, ...]


async def prune(
    connection: asyncpg.Connection, *, clock: Clock, user: str, rules: AuditRules | None = None
) -> PruneReport:
    """Drop the months that need not be kept any longer.

    An entry is kept for its time from when it was written, too: a month with one that came late is held.

    Raises
    ------
    Unavailable
        ``audit_busy``: somebody reads the audit for longer than we wait; nothing of that month was dropped.
    """
    rules = rules or load_audit_rules()
    queries = load_queries("hub.access")
    kept_from = rules.kept_from(clock.today())
    dropped: dict[str, int] = {}
    held: list[str] = []
    try:
        for (day,) in await connection.fetch(queries.fetch_audit_aside, kept_from):
            await connection.execute(queries.store_audit_months, day, day)
        for (table,) in await connection.fetch(queries.fetch_audit_tables):
            parts = _TABLE.fullmatch(table)
            if parts is None or add_months(date(int(parts[1]), int(parts[2]), 1), 1) > kept_from:
                continue
            month = f"{parts[1]}-{parts[2]}"
            count = await _drop(connection, table, month, kept_from, clock=clock, user=user)
            if count is None:
                held.append(month)
            else:
                dropped[month] = count
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        done = ", ".join(dropped) or "nothing"
        raise Unavailable(
            "audit_busy", f"The audit is being read; dropped so far: {done}.", hint="Try again when it is quiet."
        ) from error
    return PruneReport(kept_from.isoformat(), dropped, held, rules.legal_basis)


async def _drop(
    connection: asyncpg.Connection, table: str, month: str, kept_from: date, *, clock: Clock, user: str
) -> int | None:
    """Drop one month; None where something of it was written too lately."""
    queries = load_queries("hub.access")
    name = sql("audit.") + identifier(table)
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute((sql("LOCK TABLE ") + name + sql(" IN SHARE MODE")).render()[0])
        numbers = await connection.fetch(
            (
                sql(
                    "SELECT min(entry_id), max(entry_id) FROM (SELECT entry_id, entry_id - row_number() OVER (ORDER BY "
                )
                + sql("entry_id) AS island FROM ")
                + name
                + sql(") islands GROUP BY island ORDER BY 1")
            ).render()[0]
        )
        ranges = [(low, high) for low, high in numbers]
        if ranges:
            sealed_at: datetime = await connection.fetchval(queries.fetch_audit_sealed, ranges[-1][1])
            if sealed_at is None or sealed_at >= datetime(kept_from.year, kept_from.month, kept_from.day, tzinfo=ZONE):
                return None
        before = await connection.fetchrow(queries.fetch_audit_pruned)
        earlier = [(low, high) for low, high in before["detail"]["ranges"]] if before else []
        # In the order in which writers take them: first the chain's end, then the table.
        await connection.execute(queries.fetch_audit_lock)
        await connection.execute((sql("ALTER TABLE audit.entry DETACH PARTITION ") + name).render()[0])
        await connection.execute((sql("DROP TABLE ") + name).render()[0])
        count: int = sum(high - low + 1 for low, high in ranges)
        entry = AuditEntry(
            happened_at=clock.now(),
            request_id=uuid.uuid4(),
            actor_id=None,
            actor_kind="operator",
            purpose="administration",
            action="audit_prune",
            detail={"user": user, "month": month, "entries": count, "ranges": merged([*earlier, *ranges])},
        )
        await store_audit(connection, [entry])
    return count


def merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of numbers in order, those that touch made one."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found
