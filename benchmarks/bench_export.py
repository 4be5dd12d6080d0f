"""Exports beside PostgreSQL's own COPY of the same rows, and how much memory they take.

Fills a register with made-up people, then exports them as a department does, each export in a process of its own: 15
columns, two of the household, one of the region, all audited. COPY writes the same statement as CSV to nowhere. Rounds
alternate; the figures are medians. Also: what spans cost a request when nothing is traced. The last line is one JSON
object.

    python benchmarks/bench_export.py [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path
from statistics import median
from typing import Any

from app.output import show_rows
from hub.access.actor import Actor
from hub.access.actors import ensure_actor
from hub.access.audit import AuditLog
from hub.api.exports.form import ExportForm
from hub.api.exports.service import ExportService
from hub.api.service import GraphQLService
from hub.clock import SystemClock
from hub.db import migrate
from hub.db.embedded import embedded_server
from hub.db.pool import open_pool, url_for
from hub.query.rows import plan_rows
from hub.settings import Settings
from hub.telemetry import peak_rss_mb
from hub.tracing import span, sql_span

QUERY = """{ persons { nodes { id name sexLabel bornOn citizenNumber phone nationalityLabel educationLabel
    registeredAddress livingAddress willing updatedAt household { householdCode membersCount }
    livingRegion { fullName } } } }"""
ONE = "query($id: ID!) { person(id: $id) { name sexLabel bornOn phone household { membersCount } } }"
PURPOSE = "employment_service"
PROVINCE, COUNTY = "530000000000", "530627000000"
FORMATS = ("csv", "parquet", "xlsx")

#: Every tenth household lives in the county; the others in another.
_FILL = """
    INSERT INTO identity.person_key (created_at) SELECT now() FROM generate_series(1, {people});
    INSERT INTO registry.household (household_code, head_person_id, registered_region_code, living_region_code,
        household_kind, members_count, updated_at)
    SELECT 'H' || n, 5 * n - 4, r, r, 'ordinary', 5, now()
    FROM (SELECT n, CASE WHEN n % 10 = 0 THEN '530627001000' ELSE '530602001000' END AS r
        FROM generate_series(1, {people} / 5) AS n) h;
    INSERT INTO registry.person (person_id, household_id, relation, name, sex, born_on, citizen_number, phone,
        nationality, education, registered_region_code, living_region_code, registered_address, living_address, in_work,
        willing, updated_at)
    SELECT n, (n + 4) / 5, '20', '试用' || n, CASE WHEN n % 2 = 1 THEN '1' ELSE '2' END,
        '1960-01-01'::date + (n % 15000)::integer, '00' || lpad(n::text, 16, '0'), '100' || lpad(n::text, 8, '0'),
        '01', '70', h.registered_region_code, h.living_region_code, '云南省昭通市某县某镇某村' || n || '号',
        '云南省昭通市某县某镇某村' || n || '号', false, n % 3 = 0, now()
    FROM generate_series(1, {people}) AS n JOIN registry.household h ON h.household_id = (n + 4) / 5;
"""


async def main(people: int, rounds: int) -> dict[str, Any]:
    """Fill, measure, report."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        with embedded_server(data_dir) as owner_url:
            settings = Settings(data_dir=data_dir, database_url=owner_url, token_secret=os.urandom(32))
            await migrate(settings)
            async with open_pool(owner_url, max_size=1) as owner:
                await owner.execute(_FILL.format(people=people))
                await owner.execute("VACUUM ANALYZE registry.person")
                await owner.execute("VACUUM ANALYZE registry.household")
            url = url_for(settings, owner_url, "app")
            async with open_pool(url, max_size=4) as pool:
                wide = await _department(pool, PROVINCE)
                narrow = await _department(pool, COUNTY)
                cost = await _span_cost(pool, wide)
            found: dict[str, list[dict[str, float]]] = {}
            for _ in range(rounds):
                for what in ("copy", *FORMATS):
                    found.setdefault(what, []).append(_apart(url, data_dir, what, wide))
            small = {what: _apart(url, data_dir, what, narrow) for what in FORMATS}
    return {**_report(found, small), **cost}


async def _department(pool: Any, region: str) -> Actor:
    clock = SystemClock()
    return await ensure_actor(
        pool, kind="department", name="d", department="human_resources", region_code=region, clock=clock
    )


async def _span_cost(pool: Any, actor: Actor) -> dict[str, float]:
    """A request's spans where nothing is traced, as a share of the request; the median of five rounds."""
    service = GraphQLService(pool, AuditLog(pool), SystemClock())
    shares = []
    for _ in range(5):
        began = time.process_time()
        for number in range(300):
            await service.execute(
                actor=actor, purpose=PURPOSE, document=ONE, variables={"id": f"Person:{number * 5 + 1}"}
            )
        request = (time.process_time() - began) / 300
        spans = timeit.timeit(_spans, number=20_000) / 20_000
        shares.append(spans / request)
    return {"span_share_of_request_cpu": round(median(shares), 5)}


def _spans() -> None:
    with sql_span("SELECT"):
        pass
    with span("audit"):
        pass


def _apart(url: str, data_dir: Path, what: str, actor: Actor) -> dict[str, float]:
    command = [sys.executable, __file__, "--worker", what, str(actor.actor_id), actor.region_code or "", str(data_dir)]
    run = subprocess.run(command, env={**os.environ, "BENCH_URL": url}, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(run.stderr)
    return dict(json.loads(run.stdout.splitlines()[-1]))


async def work(what: str, actor_id: int, region: str, data_dir: Path) -> dict[str, float]:
    """One export, or COPY of the same statement, in this process."""
    clock = SystemClock()
    actor = Actor(actor_id, "department", "d", "human_resources", region, None, None, (PURPOSE,))
    async with open_pool(os.environ["BENCH_URL"], max_size=4) as pool:
        service = GraphQLService(pool, AuditLog(pool), clock)
        before = peak_rss_mb()
        began, cpu = time.perf_counter(), time.process_time()
        size = 0
        if what == "copy":
            rows = plan_rows(
                service.engine, document=QUERY, operation_name=None, variables={}, actor=actor, purpose=PURPOSE,
                today=clock.today(), most=10**7,
            )  # fmt: skip
            async with pool.acquire() as connection:

                async def count(data: bytes) -> None:
                    nonlocal size
                    size += len(data)

                told = await connection.copy_from_query(rows.text, *rows.values, output=count, format="csv")
            done = int(told.split()[1])
        else:
            exports = ExportService(pool, AuditLog(pool), clock, service.engine, folder=data_dir / "exports")
            form = ExportForm(query=QUERY, format=what)  # type: ignore[arg-type]  # one of FORMATS
            async with exports.open(form, actor=actor, purpose=PURPOSE) as export:
                async for piece in export.pieces:
                    size += len(piece)
            done = export.told.rows_out
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "rows": done,
        "seconds": seconds,
        "cpu_s": cpu,
        "bytes": size,
        "peak_mb": peak_rss_mb(),
        "before_mb": before,
    }


def _report(found: dict[str, list[dict[str, float]]], small: dict[str, dict[str, float]]) -> dict[str, Any]:
    copy = median(run["rows"] / run["seconds"] for run in found["copy"])
    report: dict[str, Any] = {"rows": int(found["copy"][0]["rows"]), "copy_rows_per_s": round(copy)}
    table = []
    for what in FORMATS:
        speed = median(run["rows"] / run["seconds"] for run in found[what])
        peak = max(run["peak_mb"] for run in found[what])
        report[what] = {
            "rows_per_s": round(speed),
            "ratio_to_copy": round(speed / copy, 3),
            "cpu_us_per_row": round(median(run["cpu_s"] / run["rows"] for run in found[what]) * 1e6, 1),
            "peak_mb": round(peak),
            "small_rows": int(small[what]["rows"]),
            "small_peak_mb": round(small[what]["peak_mb"]),
            "bytes_per_row": round(found[what][0]["bytes"] / found[what][0]["rows"], 1),
        }
        table.append({"format": what, **report[what]})
    show_rows("Exports", table)
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50,000 people, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        kind, who, where, folder_ = given.worker
        print(json.dumps(asyncio.run(work(kind, int(who), where, Path(folder_)))))
    else:
        print(json.dumps(asyncio.run(main(50_000 if given.quick else 500_000, 1 if given.quick else given.rounds))))
