"""Verification of the audit: the chain and its entries streamed past a check, beside the anchors. Memory is bounded."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg

from hub.access.anchors import read_anchors
from hub.access.chain import Segment
from hub.access.check import ChainCheck, Pruned
from hub.access.findings import VerifyReport
from hub.clock import ZONE
from hub.db.sql import load_queries
from hub.telemetry import Progress
from schema.keeping import load_audit_rules

#: Rows fetched at once.
_ROWS = 2000
_SEGMENTS = 200


async def verify(pool: asyncpg.Pool, anchors: Path, *, progress: Progress, since: date | None = None) -> VerifyReport:
    """Compute the chain again and say what is not as it was written.

    Parameters
    ----------
    since
        Begin with the first segment sealed on that day or after it; the one before is taken as it stands.
    """
    started = time.perf_counter()
    queries = load_queries("hub.access")
    # Lines written later may speak of segments that our snapshot does not show.
    size = anchors.stat().st_size if anchors.exists() else 0
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(queries.fetch_audit_head)
        since_at = datetime(since.year, since.month, since.day, tzinfo=ZONE) if since else None
        started_with = await connection.fetchval(queries.fetch_audit_start, since_at)
        first: int = started_with or (head["segment_id"] + 1 if head else 1)
        before = await connection.fetchrow(queries.fetch_audit_segment, first - 1)
        check = ChainCheck(_segment(before) if before else None, read_anchors(anchors, size=size))
        check.pruned = await _pruned(connection)
        begin = check.before.last_entry_id + 1 if check.before else 1
        entries = _Rows(await connection.cursor(queries.fetch_audit_entries, begin if since else None))
        segments = await connection.cursor(queries.fetch_audit_segments, first if since else None)
        with progress.stage("audit: verify", max(0, (head["entry_id"] if head else 0) - begin + 1)) as step:
            while found := await segments.fetch(_SEGMENTS):
                for row in found:
                    segment = _segment(row)
                    while rows := await entries.take(segment.first_entry_id - 1):
                        check.stray(rows)
                    rows = await entries.take(segment.last_entry_id, most=None)
                    check.take(segment, rows)
                    step.advance(len(rows))
            while rows := await entries.take(None):
                check.stray(rows)
        check.end(head)
    spent = time.perf_counter() - started
    last = check.before
    return VerifyReport(
        whole=not check.findings.counts,
        entries=check.entries,
        segments=check.segments,
        last_entry_id=last.last_entry_id if last else 0,
        last_segment_id=last.segment_id if last else 0,
        pruned=check.gone,
        anchors=check.anchors_compared,
        anchored_to=check.anchored_to,
        torn_anchors=check.torn,
        counts=dict(sorted(check.findings.counts.items())),
        findings=check.findings.told,
        seconds=round(spent, 3),
        entries_per_s=round(check.entries / spent, 1),
    )


class _Rows:
    """Entries by ascending number, taken up to a number."""

    def __init__(self, cursor: Any) -> None:
        self._cursor, self._ended = cursor, False
        self._held: list[Mapping[str, Any]] = []

    async def take(self, last: int | None, *, most: int | None = _ROWS) -> Sequence[Mapping[str, Any]]:
        """Entries numbered up to ``last``, at most so many; all that are left where it is None."""
        taken: list[Mapping[str, Any]] = []
        while most is None or len(taken) < most:
            if not self._held:
                if self._ended:
                    break
                self._held = list(await self._cursor.fetch(_ROWS))
                self._ended = len(self._held) < _ROWS
                continue
            count = len(self._held)
            if last is not None and self._held[-1]["entry_id"] > last:
                count = next(place for place, row in enumerate(self._held) if row["entry_id"] > last)
            count = count if most is None else min(count, most - len(taken))
            taken += self._held[:count]
            self._held = self._held[count:]
            if self._held:
                break
        return taken


def _segment(row: Mapping[str, Any]) -> Segment:
    return Segment(**{name: row[name] for name in Segment.__slots__})


async def _pruned(connection: asyncpg.Connection) -> Pruned:
    """What the last entry on dropped months says; it holds all that were dropped before."""
    row = await connection.fetchrow(load_queries("hub.access").fetch_audit_pruned)
    if row is None:
        return Pruned()
    try:
        ranges = tuple(sorted((int(low), int(high)) for low, high in row["detail"]["ranges"]))
    except (KeyError, TypeError, ValueError):
        return Pruned()  # nothing that this program wrote; its hash will say so, or its segment's
    kept = load_audit_rules().kept_from(row["sealed_at"].astimezone(ZONE).date())
    return Pruned(ranges, datetime(kept.year, kept.month, kept.day, tzinfo=ZONE))
