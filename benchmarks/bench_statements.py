"""SQL statements per GraphQL request, counted at the driver.

Makes a county of simulated files in an embedded database of its own, then asks several operations, each many times, on
one connection whose every statement is noted. Statements of the register, writes of the audit and what the driver says
of itself (types of a new connection, reset of one given back) are counted apart. A last operation is asked by many
clients at once: their audit entries share statements. The last line is one JSON object.

    python benchmarks/bench_statements.py [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from sharing.counted import Counted, watched

from app.output import show_rows, show_table
from app.stages import MATCHING_PURPOSE, match_region, resolve_and_publish
from hub.access.actor import Actor
from hub.access.actors import ensure_actor
from hub.api.service import GraphQLService
from hub.clock import SystemClock
from hub.db import migrate, open_database
from hub.db.embedded import embedded_server
from hub.intake.ingest import ingest_paths
from hub.settings import Settings
from hub.telemetry import SilentProgress
from simulate.province import simulate

COUNTY = "530627000000"
#: Requests sent at once in the last part, and connections they share.
CLIENTS, CONNECTIONS = 40, 4

#: Name, kind of actor, document, variables; ``{person}`` is a person of the county, ``{household}`` a household.
OPERATIONS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("person by id", "county", "query ($p: ID!) { person(id: $p) { name educationLabel } }", {"p": "{person}"}),
    (
        "list with recommendations", "county",
        """query ($n: Int!) { persons(first: $n, filter: {willing: true}, order: NAME) { totalCount
             pageInfo { hasNextPage endCursor } nodes { name livingRegion { fullName } wish { scopeLabel }
             recommendations(first: 5) { nodes { rank score target { ... on Opening { title region { name } } } } } } }
           }""",
        {"n": 50},
    ),
    (
        "person, household, benefits", "county",
        """query ($p: ID!) { person(id: $p) { name household { zeroEmployment members(first: 20) { nodes { name
             employments(first: 5) { nodes { employerName startedOn } } } } benefits(first: 9) { nodes { kindLabel
             yuanPerMonth months(last: 6) { nodes { month yuanPerMonth } } } } } } }""",
        {"p": "{person}"},
    ),
    (
        "conflicts and provenance", "county",
        """{ persons(first: 50) { nodes { conflicts(first: 9) { nodes { field value keptValue } }
             provenance(first: 50) { nodes { field department asOf } } } } }""",
        {},
    ),
    (
        "openings of a partner", "partner",
        """{ openings(first: 20, order: NEWEST_FIRST) { nodes { title vacancies referrals(first: 20) { totalCount
             nodes { stateLabel person { name phone } outcomes(first: 1) { nodes { resultLabel } } } } } } }""",
        {},
    ),
    (
        "eleven levels deep", "county",
        """{ households(first: 20) { nodes { members(first: 5) { nodes { referrals(first: 3) { nodes { target {
             ... on Opening { title referrals(first: 5) { nodes { person { name } } } } } } } } } } } }""",
        {},
    ),
    (
        "six roots", "county",
        """query ($p: ID!, $h: ID!) { a: persons(first: 9) { totalCount } b: persons(last: 9) { nodes { name } }
             openings(first: 9) { nodes { title } } node(id: $h) { ... on Household { householdKindLabel } }
             nodes(ids: [$p, $h]) { id } regions(first: 9) { nodes { name } } }""",
        {"p": "{person}", "h": "{household}"},
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Register:
    """A made county: who asks, ids to ask for, how many people it has."""

    actors: Mapping[str, Actor]
    ids: Mapping[str, str]
    persons: int

    def variables(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Variables with the ids put in."""
        return {name: self.ids.get(value, value) for name, value in given.items()}


async def make_register(settings: Settings, households: int) -> Register:
    """Simulate a county and take it from files to recommendations."""
    clock, progress = SystemClock(), SilentProgress()
    files = settings.data_dir / "county"
    simulate(COUNTY, households, 101, files, as_of=date(2026, 6, 1))
    await migrate(settings)
    async with open_database(settings) as pool:
        await ingest_paths(pool, [files], settings=settings, clock=clock, progress=progress)
        await resolve_and_publish(pool, clock=clock, progress=progress)
        await match_region(
            pool, region_code=COUNTY, actor_id=None, purpose=MATCHING_PURPOSE, clock=clock, progress=progress, seed=101
        )
        persons = await pool.fetchval("SELECT count(*) FROM registry.person WHERE gone_on IS NULL")
        person, household = await pool.fetchrow(
            "SELECT person_id, household_id FROM registry.benefit JOIN registry.person USING (person_id, household_id)"
            " ORDER BY benefit_id LIMIT 1"
        )
        partner = await pool.fetchval(
            "SELECT partner_code FROM market.opening WHERE partner_code IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC"
        )
        actors = {
            "county": await ensure_actor(pool, kind="county", name="county", region_code=COUNTY, clock=clock),
            "partner": await ensure_actor(pool, kind="partner", name="partner", partner_code=partner, clock=clock),
        }
    return Register(actors, {"{person}": f"Person:{person}", "{household}": f"Household:{household}"}, persons)


async def ask(service: GraphQLService, actor: Actor, document: str, variables: Mapping[str, Any]) -> tuple[float, int]:
    """Milliseconds that one request took, and how many bytes it answered."""
    start = time.perf_counter()
    purpose = MATCHING_PURPOSE if MATCHING_PURPOSE in actor.purposes else actor.purposes[0]
    reply = await service.execute(actor=actor, purpose=purpose, document=document, variables=variables)
    if not reply.has_data or b'"errors"' in reply.body[:10]:
        raise SystemExit(f"refused: {reply.body.decode()[:500]}")
    return (time.perf_counter() - start) * 1000, len(reply.body)


async def measure(settings: Settings, register: Register, times: int) -> list[dict[str, Any]]:
    """Each operation ``times`` times, one after another; then the first by many clients at once."""
    rows: list[dict[str, Any]] = []
    async with watched(settings, 1) as (service, counted):
        for name, kind, document, given in OPERATIONS:
            counted.of.clear()
            variables = register.variables(given)
            asked = [await ask(service, register.actors[kind], document, variables) for _ in range(times)]
            rows.append(_row(name, counted, times, asked))
    async with watched(settings, CONNECTIONS) as (service, counted):
        name, kind, document, given = OPERATIONS[0]
        variables = register.variables(given)
        at_once = [
            await asyncio.gather(
                *(ask(service, register.actors[kind], document, variables) for _ in range(CLIENTS))
            )
            for _ in range(times)
        ]  # fmt: skip
        asked = [one for several in at_once for one in several]
        rows.append(_row(f"{name}, {CLIENTS} at once", counted, times * CLIENTS, asked))
    return rows


def _row(name: str, counted: Counted, requests: int, asked: list[tuple[float, int]]) -> dict[str, Any]:
    return {
        "operation": name,
        "requests": requests,
        "register_statements_per_request": counted.of["register"] / requests,
        "audit_statements_per_request": round(counted.of["audit"] / requests, 3),
        "session_statements": counted.of["session"],
        "answer_bytes": asked[-1][1],
        "median_ms": round(median(spent for spent, _ in asked), 2),
    }


def table_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the table, under names short enough for a narrow terminal."""
    return {
        "operation": row["operation"],
        "requests": row["requests"],
        "register": row["register_statements_per_request"],
        "audit": row["audit_statements_per_request"],
        "driver": round(row["session_statements"] / row["requests"], 2),
        "bytes": row["answer_bytes"],
        "ms": row["median_ms"],
    }


async def run(households: int, times: int, settings: Settings) -> dict[str, Any]:
    """Make the county, measure, and report."""
    start = time.perf_counter()
    register = await make_register(settings, households)
    made_s = time.perf_counter() - start
    rows = await measure(settings, register, times)
    return {
        "households": households,
        "persons": register.persons,
        "made_s": round(made_s, 1),
        "most_register_statements_per_request": max(row["register_statements_per_request"] for row in rows),
        "operations": rows,
    }


def main() -> None:
    """Run, print the table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="500 households and 20 requests each, not 2,000 and 100")
    households, times = (500, 20) if parser.parse_args().quick else (2_000, 100)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", token_secret=b"a secret of the benchmark, 32 byte")
        with embedded_server(settings.data_dir) as url:
            report = asyncio.run(run(households, times, replace(settings, database_url=url)))
    show_table("The county", {name: value for name, value in report.items() if name != "operations"})
    show_rows("Statements per request", [table_row(row) for row in report["operations"]])
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
