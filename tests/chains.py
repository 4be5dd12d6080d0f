"""Whoever may do anything in the database: what verification is held against."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from hub.access.audit import AuditEntry, store_audit
from hub.access.findings import VerifyReport
from hub.access.verify import verify
from hub.telemetry import SilentProgress

START = datetime.fromisoformat("2026-05-20T10:00:00+08:00")


def entry(number: int = 0, **more: Any) -> AuditEntry:
    """An entry like no other; twenty in a row pass from one month into the next."""
    values: dict[str, Any] = {
        "happened_at": START + timedelta(days=number),
        "request_id": uuid.uuid4(),
        "actor_id": number % 3 or None,
        "actor_kind": "station",
        "purpose": "employment_service",
        "action": "query",
        "person_ids": [number, number + 1],
        "fields": ["person.name"],
        "detail": {"数": number},
        "duration_ms": number / 7,
    }
    return AuditEntry(**{**values, **more})


async def fill(pool: asyncpg.Pool, sizes: Sequence[int]) -> None:
    """Segments of so many entries each."""
    number = 0
    for size in sizes:
        await store_audit(pool, [entry(number + place) for place in range(size)])
        number += size


async def check(pool: asyncpg.Pool, anchors: Path, **more: Any) -> VerifyReport:
    """What a verification says."""
    return await verify(pool, anchors, progress=SilentProgress(), **more)


#: Makes every hash right for what is there now: what whoever holds the database can do, and the anchors are for.
REWRITE = """
DO $$
DECLARE
    s audit.segment;
    previous bytea := decode(repeat('00', 32), 'hex');
BEGIN
    FOR s IN SELECT * FROM audit.segment ORDER BY segment_id LOOP
        UPDATE audit.segment t SET previous_sha256 = previous,
            entry_sha256s = coalesce((SELECT string_agg(audit.entry_sha256(e), ''::bytea ORDER BY e.entry_id)
                FROM audit.entry e WHERE e.entry_id BETWEEN s.first_entry_id AND s.last_entry_id), t.entry_sha256s)
        WHERE t.segment_id = s.segment_id;
        UPDATE audit.segment t SET sha256 = audit.segment_sha256(t.previous_sha256, t.segment_id, t.first_entry_id,
            t.sealed_at, t.entry_sha256s) WHERE t.segment_id = s.segment_id RETURNING t.sha256 INTO previous;
    END LOOP;
    UPDATE audit.head h SET (segment_id, entry_id, sealed_at, sha256) =
        (SELECT segment_id, last_entry_id, sealed_at, sha256 FROM audit.segment ORDER BY segment_id DESC LIMIT 1);
END $$
"""
