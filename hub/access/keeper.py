"""What the server does beside answering to keep the audit whole: anchors, tables for months to come, its index."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path

import asyncpg

from hub.access.anchors import store_anchor
from hub.clock import Clock
from hub.db.sql import load_queries
from schema.keeping import add_months, load_audit_rules

_LOG = logging.getLogger("hub.access.keeper")

#: At most so often is a line written, and the index brought up to date.
_ANCHOR_EVERY_S = 15.0
_UPKEEP_EVERY_S = 60.0
#: A database or a disk that does not answer keeps nobody from stopping the server.
_PATIENCE_S = 5.0


async def store_months(pool: asyncpg.Pool | asyncpg.Connection, *, clock: Clock) -> None:
    """Make the tables of this month and of those to come."""
    today = clock.today()
    ahead = add_months(today, load_audit_rules().months_ahead)
    await pool.execute(load_queries("hub.access").store_audit_months, today, ahead)


class AuditKeeper:
    """Runs from :meth:`start` to :meth:`close`; what fails is logged and tried again."""

    def __init__(self, pool: asyncpg.Pool, anchors: Path, *, clock: Clock, every_s: float = _ANCHOR_EVERY_S) -> None:
        self._pool, self._anchors, self._clock, self._every_s = pool, anchors, clock, every_s
        self._task: asyncio.Task[None] | None = None
        self._upkeep_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End with a last anchor. Call it when the last entry is written and the pool still open."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._anchor()

    async def _run(self) -> None:
        while True:
            if time.monotonic() >= self._upkeep_at:
                await self._upkeep()
                self._upkeep_at = time.monotonic() + _UPKEEP_EVERY_S
            await self._anchor()
            await asyncio.sleep(self._every_s)

    async def _anchor(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await store_anchor(self._pool, self._anchors, clock=self._clock)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Serving goes on: the next line that can be written covers all that this one would have.
            _LOG.error("audit_anchor_failed", extra={"fields": {"error": type(error).__name__}})

    async def _upkeep(self) -> None:
        try:
            await store_months(self._pool, clock=self._clock)
            await self._pool.execute(load_queries("hub.access").store_audit_index)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _LOG.warning("audit_upkeep_failed", extra={"fields": {"error": type(error).__name__}})
