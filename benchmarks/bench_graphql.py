"""The hub beside PostGraphile 5 on the same database, in alternating rounds, each server a process of its own.

Loads a register straight into its tables, starts the hub (both access barriers and the audit on), PostGraphile without
any authorisation and PostGraphile under row-level security, and asks each the same four questions over so many
connections, one server after the other, again and again: what else the machine does hits all of them. A ratio is the
median over rounds of the ratio within a round. The bare loop is the driver asking the same SQL, without any barrier.
The last line is one JSON object.

    python benchmarks/bench_graphql.py [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sharing.counted import watched
from sharing.equal import check_equal
from sharing.questions import Question, draw_questions, write_requests
from sharing.register import load_register
from sharing.servers import Server, install_peer, running_hub, running_peer

from app.output import show_rows
from hub.access.actor import Actor
from hub.access.actors import ensure_actor
from hub.access.barrier import CLAIM_NAMES, claims_for
from hub.access.policy import Claims, decide
from hub.access.token import issue_token
from hub.api.schema import build_schema, core_schema
from hub.clock import SystemClock
from hub.db import migrate, open_database
from hub.db.embedded import embedded_server
from hub.db.pool import url_for
from hub.query.binding import Run, values_of
from hub.query.engine import Engine
from hub.settings import Settings
from schema.grants import load_grants

PURPOSE = "employment_service"
PROVINCE = "530000000000"
#: Connections to PostgreSQL that each server may hold.
POOL = 16
TARGETS = {"person": 4.0, "households": 3.7, "page": 5.0, "search": 4.0}
RLS_TARGET = 6.0
LOOP_TARGETS = {"person": 0.65, "households": 0.85, "page": 0.85, "search": 0.85}
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Size:
    """How much to load and how long to ask."""

    households: int
    rounds: int
    seconds: float
    connections: tuple[int, ...]
    documents: int
    costly: tuple[str, ...]  # the questions that costs are measured with


QUICK = Size(20_000, 2, 1.2, (64,), 2_000, ("person", "page"))
WHOLE = Size(200_000, 5, 4.0, (16, 64), 100_000, ("person", "households", "page", "search"))
#: What can be taken out to see its cost; see sharing/without.py. Row-level security goes with the role it binds.
DUTIES = ("audit", "access", "row security")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the load against one server."""

    per_s: float
    p99_ms: float
    cpu_ms: float


async def prepare(settings: Settings, size: Size) -> tuple[Actor, list[Question], dict[str, tuple[str, list[Any]]]]:
    """Load the register; returns who asks, what, and the SQL of the hub's answers with its values."""
    clock = SystemClock()
    await migrate(settings)
    async with open_database(settings, role="owner", max_size=1) as owner, owner.acquire() as connection:
        households, persons = await load_register(connection, households=size.households, step=_say)
        print(f"{households} households, {persons} persons")
        keys = [
            row[0]
            for row in await connection.fetch("SELECT person_id FROM registry.person WHERE born_on < '2008-01-01'")
        ]
        counties = [
            row[0]
            for row in await connection.fetch(
                "SELECT DISTINCT left(living_region_code, 6) || '000000' FROM registry.person"
            )
        ]
    async with open_database(settings, max_size=1) as pool:
        actor = await ensure_actor(
            pool, kind="department", name="省人社厅", department="human_resources", region_code=PROVINCE, clock=clock
        )
    questions = draw_questions(persons=sorted(keys), counties=sorted(counties))
    engine = Engine(core_schema(build_schema()), clock)
    return actor, questions, {question.name: _statement(engine, question, actor) for question in questions}


def _statement(engine: Engine, question: Question, actor: Actor) -> tuple[str, list[Any]]:
    """The SQL that answers a question, and its values for each set of variables."""
    today = SystemClock().today()
    operation = engine.read_operation(question.hub, None)
    claims = Claims.of(actor, today=today, closed_under_years=load_grants().closed_under_years)
    found, values = None, []
    for given in question.hub_variables:
        variables = engine.read_variables(operation, given)
        found = found or engine.compile(operation, variables, decide(actor, PURPOSE, today=today))
        values.append(list(values_of(found.sources, Run(variables, claims, today))))
    assert found is not None  # noqa: S101 - every question has variables
    return found.text, values


def ask(
    server: Server, requests: list[bytes], *, connections: int, seconds: float, folder: Path, once: bool = False
) -> Measured:
    """Put the load on a server, for so long or ``once`` through all requests."""
    file = folder / "requests"
    file.write_bytes(pickle.dumps(requests))
    before = server.cpu_s()
    arguments = ["127.0.0.1", str(server.port), str(connections), str(seconds), str(file), *(["once"] if once else [])]
    told = json.loads(_run("load.py", arguments))
    if told["wrong"]:
        raise SystemExit(f"{server.name} did not answer: {told['sample']}")
    return Measured(
        told["requests"] / told["seconds"], told["p99_ms"], (server.cpu_s() - before) * 1000 / told["requests"]
    )


def ask_bare(url: str, statement: tuple[str, list[Any]], *, connections: int, seconds: float, folder: Path) -> Measured:
    """The same for the driver alone."""
    file = folder / "statement"
    file.write_bytes(pickle.dumps(statement))
    told = json.loads(_run("loop.py", [url, str(connections), str(POOL), str(seconds), str(file)]))
    return Measured(told["requests"] / told["seconds"], 0.0, 0.0)


def _run(script: str, arguments: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, str(HERE / "sharing" / script), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{script} failed: {done.stderr[-800:]}")
    return done.stdout


def compare(size: Size, settings: Settings, url: str, folder: Path) -> dict[str, Any]:
    """All rounds; returns the object of the last line."""
    actor, questions, statements = asyncio.run(prepare(settings, size))
    token = issue_token(actor, secret=settings.token_secret, clock=SystemClock(), valid_for=timedelta(hours=3))
    headers = {"authorization": f"Bearer {token}", "x-purpose": PURPOSE}
    claims = dict(zip(CLAIM_NAMES, claims_for(actor, PURPOSE, today=SystemClock().today()).values, strict=True))
    found: dict[tuple[int, str, str], list[Measured]] = defaultdict(list)
    with ExitStack() as stack:
        hub = stack.enter_context(running_hub("hub", settings.data_dir, environ={"YUNQIAO_POOL_SIZE": str(POOL)}))
        peers = (
            stack.enter_context(running_peer("peer", url, pool=POOL)),
            stack.enter_context(running_peer("peer_rls", url_for(settings, url, "hub"), pool=POOL, claims=claims)),
        )
        asked = [
            (question, server, _requests(question, server, headers if server is hub else None))
            for question in questions
            for server in (hub, *peers)
        ]
        for question in questions:
            ready = {server.name: requests for one, server, requests in asked if one is question}
            print(f"{question.name}: {check_equal(question.name, ready)} values, the same from all servers", flush=True)
        for round_number in range(-1, size.rounds):  # the first warms up
            for connections in size.connections:
                for question, server, requests in asked:
                    seconds = size.seconds if round_number >= 0 else 0.5
                    one = ask(server, requests, connections=connections, seconds=seconds, folder=folder)
                    if round_number < 0:
                        continue
                    found[connections, question.name, server.name].append(one)
                    if server is hub:
                        bare = ask_bare(
                            url, statements[question.name], connections=connections, seconds=seconds, folder=folder
                        )
                        found[connections, question.name, "loop"].append(bare)
    line = report(size, questions, found)
    line |= measure_statements(settings, url, actor, questions)
    line |= measure_costs(size, settings, url, questions, headers, folder)
    line |= measure_documents(size, settings, headers, folder)
    return line | measure_workers(size, settings, questions, headers, folder)


def _requests(question: Question, server: Server, headers: Mapping[str, str] | None) -> list[bytes]:
    """The question's requests to the hub, which wants headers, or to a peer."""
    if headers is None:
        return write_requests(question.peer, question.peer_variables, port=server.port, headers={})
    return write_requests(question.hub, question.hub_variables, port=server.port, headers=headers)


def measure_statements(settings: Settings, url: str, actor: Actor, questions: list[Question]) -> dict[str, Any]:
    """Statements over the register for each request, counted at the driver."""

    async def count() -> float:
        requests = 0
        async with watched(replace(settings, database_url=url), 2) as (service, counted):
            for question in questions:
                for given in question.hub_variables[:50]:
                    await service.execute(actor=actor, purpose=PURPOSE, document=question.hub, variables=dict(given))
                    requests += 1
        return counted.of["register"] / requests

    return {"statements_per_request": round(asyncio.run(count()), 3)}


def measure_costs(
    size: Size, settings: Settings, url: str, questions: list[Question], headers: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    """What each duty costs: throughput without it over throughput with it, in alternating rounds."""
    found: dict[tuple[str, str], list[Measured]] = defaultdict(list)
    questions = [question for question in questions if question.name in size.costly]
    with ExitStack() as stack:
        servers = []
        for name in ("nothing", *DUTIES):
            environ = {"YUNQIAO_POOL_SIZE": str(POOL)}
            if name == "row security":
                environ["YUNQIAO_HUB_DATABASE_URL"] = url_for(settings, url, "app")
            without = name if name in ("audit", "access") else "nothing"
            servers.append(stack.enter_context(running_hub(name, settings.data_dir, environ=environ, without=without)))
        for round_number in range(-1, size.rounds):
            for question in questions:
                for server in servers:
                    seconds = size.seconds if round_number >= 0 else 0.5
                    requests = _requests(question, server, headers)
                    one = ask(server, requests, connections=max(size.connections), seconds=seconds, folder=folder)
                    if round_number >= 0:
                        found[question.name, server.name].append(one)
    rows = [
        {"question": q.name}
        | {f"without {duty}": _ratio(found[q.name, duty], found[q.name, "nothing"]) for duty in DUTIES}
        for q in questions
    ]
    show_rows("Throughput without a duty, as a multiple of throughput with all", rows)
    return {"costs": {duty: round(median(float(row[f"without {duty}"]) for row in rows), 3) for duty in DUTIES}}


def measure_documents(size: Size, settings: Settings, headers: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """A document seen for the first time, and memory after many of them."""
    with running_hub("hub", settings.data_dir, environ={"YUNQIAO_POOL_SIZE": str(POOL)}) as server:
        held = [server.rss_mb()]
        parts, each = 4, size.documents // 4
        for part in range(parts):
            requests = [
                request
                for number in range(part * each, (part + 1) * each)
                for request in write_requests(
                    f"query Q{number} {{ persons(first: 1) {{ nodes {{ a{number}: name sex bornOn }} }} }}",
                    [{}],
                    port=server.port,
                    headers=headers,
                )
            ]
            told = ask(server, requests, connections=1, seconds=3600, folder=folder, once=True)
            held.append(server.rss_mb())
    print(f"memory after each quarter of {size.documents} distinct documents, MB: {[round(one) for one in held]}")
    return {
        "first_seen_ms": round(told.cpu_ms, 2),
        "rss_mb_by_quarter": [round(one) for one in held],
    }


def measure_workers(
    size: Size, settings: Settings, questions: list[Question], headers: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    """Throughput with two worker processes over throughput with one."""
    found: dict[int, list[Measured]] = defaultdict(list)
    environ = {"YUNQIAO_POOL_SIZE": str(POOL // 2)}
    with ExitStack() as stack:
        servers = {
            count: stack.enter_context(running_hub("hub", settings.data_dir, environ=environ, workers=count))
            for count in (1, 2)
        }
        for round_number in range(-1, size.rounds):
            for count, server in servers.items():
                requests = write_requests(
                    questions[0].hub, questions[0].hub_variables, port=server.port, headers=headers
                )
                one = ask(server, requests, connections=max(size.connections), seconds=size.seconds, folder=folder)
                if round_number >= 0:
                    found[count].append(one)
    return {"two_workers": round(_ratio(found[2], found[1]), 3)}


def report(
    size: Size, questions: list[Question], found: Mapping[tuple[int, str, str], list[Measured]]
) -> dict[str, Any]:
    """Tables for people; the last line's object."""
    line: dict[str, Any] = {}
    for connections in size.connections:
        speeds, ratios, costs = [], [], []
        for question in questions:
            of = {name: found[connections, question.name, name] for name in ("hub", "peer", "peer_rls", "loop")}
            entry = {
                "ratio": _ratio(of["hub"], of["peer"]),
                "ratio_to_rls": _ratio(of["hub"], of["peer_rls"]),
                "share_of_loop": _ratio(of["hub"], of["loop"]),
                "p99_ms": median(one.p99_ms for one in of["hub"]),
                "peer_p99_ms": median(one.p99_ms for one in of["peer"]),
            }
            name = {"question": question.name}
            speeds.append(name | {f"{who}/s": median(one.per_s for one in held) for who, held in of.items()})
            ratios.append(
                name
                | {"x peer": entry["ratio"], "wanted": TARGETS[question.name]}
                | {"x rls": entry["ratio_to_rls"], "wanted ": RLS_TARGET}
                | {"of loop": entry["share_of_loop"], "wanted  ": LOOP_TARGETS[question.name]}
            )
            costs.append(
                name
                | {f"{who} p99": median(one.p99_ms for one in of[who]) for who in ("hub", "peer")}
                | {f"{who} cpu": median(one.cpu_ms for one in of[who]) for who in ("hub", "peer", "peer_rls")}
            )
            if connections == max(size.connections):
                line[question.name] = {name: round(value, 3) for name, value in entry.items()}
        show_rows(f"{connections} connections, requests a second, medians of {size.rounds} rounds", speeds)
        show_rows("Times PostGraphile, times PostGraphile with row-level security, share of the bare loop", ratios)
        show_rows("Milliseconds: 99th percentile of latency, processor time of the server a request", costs)
    line["server_cpu_ms"] = round(median(one.cpu_ms for one in found[max(size.connections), "person", "hub"]), 3)
    return line


def _ratio(ours: list[Measured], theirs: list[Measured]) -> float:
    return median(one.per_s / other.per_s for one, other in zip(ours, theirs, strict=True))


def _say(name: str) -> None:
    print(f"load: {name}", flush=True)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, 64 connections only")
    size = QUICK if parser.parse_args().quick else WHOLE
    install_peer()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="yunqiao-bench-") as folder:
        settings = Settings.from_env({"YUNQIAO_DATA_DIR": str(Path(folder) / "data")})
        with embedded_server(settings.data_dir) as url:
            line = compare(size, settings, url, Path(folder))
    line["seconds"] = round(time.perf_counter() - started, 1)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
