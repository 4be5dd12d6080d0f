"""What the audit's chain costs: entries a second appended in groups, beside a plain insert as it was; verification.

Both write the same entries on an embedded server with all its safety on, in alternating rounds, each group in a commit
of its own. The last line is one JSON object.

    python benchmarks/bench_audit.py [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from app.output import show_rows, show_table
from hub.access.audit import AuditEntry, _cell, store_audit
from hub.access.verify import verify
from hub.clock import SystemClock
from hub.db import migrate
from hub.db.embedded import embedded_server
from hub.db.pool import open_pool
from hub.settings import Settings
from hub.telemetry import SilentProgress

#: The table and the statement before there was a chain.
PLAIN_TABLE = """
CREATE SCHEMA plain;
CREATE TABLE plain.entry (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, happened_at timestamptz NOT NULL,
    request_id uuid NOT NULL,
    actor_id bigint, actor_kind text NOT NULL, purpose text NOT NULL, action text NOT NULL, operation_name text,
    operation_sha256 bytea, person_ids bigint[] NOT NULL, fields text[] NOT NULL, allowed boolean NOT NULL,
    reason text NOT NULL, detail jsonb NOT NULL, duration_ms real);
CREATE INDEX ON plain.entry (happened_at);
CREATE INDEX ON plain.entry (actor_id, entry_id);
"""
PLAIN = """
INSERT INTO plain.entry (happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name,
    operation_sha256, person_ids, fields, allowed, reason, detail, duration_ms)
SELECT e.happened_at, e.request_id, e.actor_id, e.actor_kind, e.purpose, e.action, e.operation_name, e.operation_sha256,
    ARRAY(SELECT jsonb_array_elements_text(e.person_ids::jsonb)::bigint),
    ARRAY(SELECT jsonb_array_elements_text(e.fields::jsonb)), e.allowed, e.reason, e.detail::jsonb, e.duration_ms
FROM unnest($1::timestamptz[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[],
    $9::text[], $10::text[], $11::boolean[], $12::text[], $13::text[], $14::real[])
    AS e (happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name, operation_sha256, person_ids,
        fields, allowed, reason, detail, duration_ms)
"""
ROUNDS = 5


def entries(count: int, people: int) -> list[AuditEntry]:
    """Entries as a query of some people's households leaves them."""
    now = SystemClock().now()
    return [
        AuditEntry(
            happened_at=now,
            request_id=uuid.uuid4(),
            actor_id=number % 40,
            actor_kind="station",
            purpose="employment_service",
            action="query",
            operation_name="Household",
            operation_sha256=bytes(32),
            person_ids=[(number * 7919 + place * 104_729) % 700_000 for place in range(people)],
            fields=[
                f"person.{name}" for name in ("name", "phone", "education", "citizen_number", "living_region_code")
            ],
            duration_ms=1.5,
        )
        for number in range(count)
    ]


async def store_plain(connection: asyncpg.Connection, group: list[AuditEntry]) -> None:
    """As it was."""
    names = [name for name in AuditEntry.__dataclass_fields__ if name != "refused"]
    await connection.execute(PLAIN, *([_cell(getattr(entry, name)) for entry in group] for name in names))


async def measure(connection: asyncpg.Connection, size: int, groups: int, people: int) -> dict[str, Any]:
    """Entries a second of both, medians of alternating rounds."""
    rates: dict[str, list[float]] = {"plain": [], "chained": []}
    for _ in range(ROUNDS):
        for name, store in (("plain", store_plain), ("chained", store_audit)):
            work = [entries(size, people) for _ in range(groups)]
            start = time.perf_counter()
            for group in work:
                await store(connection, group)
            rates[name].append(size * groups / (time.perf_counter() - start))
    plain, chained = median(rates["plain"]), median(rates["chained"])
    return {
        "group": size, "people": people, "plain_per_s": round(plain), "chained_per_s": round(chained),
        "ratio": round(chained / plain, 3),
    }  # fmt: skip


async def run(url: str, settings: Settings, *, scale: int) -> dict[str, Any]:
    """Measure all."""
    await migrate(settings)
    async with open_pool(url, max_size=2) as pool:
        await pool.execute(PLAIN_TABLE)
        async with pool.acquire() as connection:
            await measure(connection, 50, 5, 4)  # statements prepared, files grown
            rows = [
                await measure(connection, 1, 60 * scale, 4),
                await measure(connection, 50, 6 * scale, 4),
                await measure(connection, 500, 2 * scale, 4),
                await measure(connection, 50, 2 * scale, 200),
            ]
        report = await verify(pool, settings.anchors_path, progress=SilentProgress())
    if not report.whole:
        raise SystemExit(f"the chain is broken: {report.counts}")
    return {"append": rows, "verify": {"entries": report.entries, "entries_per_s": round(report.entries_per_s)}}


def main() -> None:
    """Run, print the table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the entries")
    scale = 1 if parser.parse_args().quick else 5
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", token_secret=b"a secret of the benchmark, 32 byte")
        with embedded_server(settings.data_dir) as url:
            report = asyncio.run(run(url, replace(settings, database_url=url), scale=scale))
    show_rows("Entries a second", report["append"])
    show_table("Verification", report["verify"])
    print(json.dumps(report))


if __name__ == "__main__":
    main()
