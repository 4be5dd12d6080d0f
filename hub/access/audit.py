"""The audit log: written in batches beside the work, durable before an answer leaves.

Each entry waits for its batch. While one batch is being written the next gathers, so that under load many entries share
one commit, and alone an entry goes out at once.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hub.db.sql import load_queries
from hub.errors import Unavailable

#: Most entries of one statement; more wait for the next.
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what, for which purpose, about whom. Holds keys and names of fields, never values.

    Attributes
    ----------
    fields, refused
        ``entity.field`` of all that was asked for; of what was not given, or not in full.
    """

    happened_at: datetime
    request_id: uuid.UUID
    actor_id: int | None
    actor_kind: str
    purpose: str
    action: str
    operation_name: str | None = None
    operation_sha256: bytes | None = None
    person_ids: list[int] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    allowed: bool = True
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    duration_ms: float | None = None


async def store_audit(connection: asyncpg.Connection | asyncpg.Pool, entries: list[AuditEntry]) -> None:
    """Write entries as the chain's next segment, in one statement.

    Whoever writes next waits until this transaction ends: together with work, this is its last statement.
    """
    columns = [[_cell(getattr(entry, name)) for entry in entries] for name in AuditEntry.__dataclass_fields__]
    await connection.execute(load_queries("hub.access").store_audit, *columns)


def _cell(value: object) -> object:
    # A list in a list is a dimension to PostgreSQL, not a value: lists and objects travel as JSON text.
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    # A detail may hold a number of any size, which orjson refuses.
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else value


class AuditLog:
    """Group commit for entries that stand beside a query rather than in a transaction of their own.

    ``written`` is told of each batch: its entries, seconds, and whether it was written.
    """

    def __init__(self, pool: asyncpg.Pool, *, written: Callable[[int, float, bool], None] | None = None) -> None:
        self._pool = pool
        self._written = written
        self._waiting: list[tuple[AuditEntry, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def record(self, entry: AuditEntry) -> None:
        """Return once the entry is durable.

        Raises
        ------
        Unavailable
            ``audit_closed``: the program is ending.
        Exception
            Whatever kept the batch from being written: the caller must not hand out its answer.
        """
        if self._closed:
            raise Unavailable("audit_closed", "The hub is stopping.", hint="Try again shortly.")
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await written

    async def close(self) -> None:
        """Take no more entries; return when those taken are written or refused."""
        self._closed = True
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            outcome: BaseException | None = None
            started = time.perf_counter()
            try:
                await store_audit(self._pool, [entry for entry, _ in batch])
            except asyncio.CancelledError:
                batch, self._waiting = batch + self._waiting, []
                outcome = Unavailable("audit_closed", "The hub is stopping.", hint="Try again shortly.")
                raise
            except Exception as error:  # handed to each waiting caller, who answers for it
                outcome = error
            finally:
                if self._written is not None:
                    self._written(len(batch), time.perf_counter() - started, outcome is None)
                for _, written in batch:
                    if written.done():  # its caller went away
                        continue
                    if outcome is None:
                        written.set_result(None)
                    else:
                        written.set_exception(outcome)
