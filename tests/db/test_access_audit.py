"""The audit log: nothing answered without an entry, nothing changed afterwards."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import asyncpg
import pytest

from hub.access.audit import AuditEntry, AuditLog
from hub.clock import FixedClock
from hub.errors import Unavailable


def _entry(clock: FixedClock, **more: Any) -> AuditEntry:
    return AuditEntry(
        happened_at=clock.now(), request_id=uuid.uuid4(), actor_id=None, actor_kind="station", purpose="p",
        action="query", **more,
    )  # fmt: skip


async def test_an_entry_is_there_when_record_returns(pool: asyncpg.Pool, clock: FixedClock) -> None:
    log = AuditLog(pool)
    entry = _entry(
        clock, person_ids=[3, 1], fields=["person.name"], detail={"说": [1, None]}, allowed=False, reason="x",
        operation_sha256=b"\x00\xff", duration_ms=1.5,
    )  # fmt: skip
    await log.record(entry)
    row = await pool.fetchrow("SELECT * FROM audit.entry")
    for name in AuditEntry.__dataclass_fields__:
        assert row[name] == getattr(entry, name), name


async def test_many_at_once_share_few_commits(pool: asyncpg.Pool, clock: FixedClock) -> None:
    log, statements = AuditLog(pool), 0

    class Counting:
        async def execute(self, *values: Any) -> Any:
            nonlocal statements
            statements += 1
            return await pool.execute(*values)

    log._pool = Counting()
    entries = [_entry(clock, person_ids=list(range(number % 4))) for number in range(1200)]
    await asyncio.gather(*(log.record(entry) for entry in entries))
    rows = await pool.fetch("SELECT request_id, person_ids FROM audit.entry")
    assert {row["request_id"]: row["person_ids"] for row in rows} == {e.request_id: e.person_ids for e in entries}
    assert statements <= 4


async def test_whoever_waits_is_told_that_it_could_not_be_written(clock: FixedClock) -> None:
    class Broken:
        async def execute(self, *_: Any) -> None:
            raise ConnectionResetError

    log = AuditLog(Broken())  # type: ignore[arg-type]  # stands for a server that went away
    outcomes = await asyncio.gather(*(log.record(_entry(clock)) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionResetError] * 5


async def test_a_caller_who_went_away_does_not_keep_the_others_waiting(pool: asyncpg.Pool, clock: FixedClock) -> None:
    log = AuditLog(pool)
    gone = asyncio.create_task(log.record(_entry(clock)))
    await asyncio.sleep(0)
    gone.cancel()
    await log.record(_entry(clock))
    assert await pool.fetchval("SELECT count(*) FROM audit.entry") == 2, "what was asked is recorded all the same"


async def test_closing_writes_what_was_taken_and_takes_no_more(pool: asyncpg.Pool, clock: FixedClock) -> None:
    log = AuditLog(pool)
    waiting = [asyncio.create_task(log.record(_entry(clock))) for _ in range(3)]
    await asyncio.sleep(0)
    await log.close()
    await asyncio.gather(*waiting)
    with pytest.raises(Unavailable, match="audit_closed"):
        await log.record(_entry(clock))
    assert await pool.fetchval("SELECT count(*) FROM audit.entry") == 3


@pytest.mark.parametrize(
    "statement", ["UPDATE audit.entry SET reason = ''", "DELETE FROM audit.entry", "TRUNCATE audit.entry"]
)
async def test_the_program_cannot_change_an_entry(pool: asyncpg.Pool, clock: FixedClock, statement: str) -> None:
    await AuditLog(pool).record(_entry(clock))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)
