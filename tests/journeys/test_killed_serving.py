"""The server, and PostgreSQL under it, killed or copied while many ask: an entry for every answer, the chain whole."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from hub.access.actors import ensure_actor
from hub.access.token import issue_token
from hub.clock import SystemClock
from hub.db import migrate
from hub.db.embedded import embedded_server
from hub.db.pool import open_pool
from hub.settings import Settings
from tests.api.conftest import add_market, add_people

pytestmark = pytest.mark.slow

CLIENTS = 24
STATION, COUNTY = "530627001000", "530627000000"
QUERIES = (
    ('query A { person(id: "Person:1") { name phone citizenNumber } }', {}),
    ("query B($n: Int!) { persons(first: $n) { totalCount nodes { name wish { scope } household { members(first: 5) {"
     " nodes { name } } } } } }", {"n": 20}),
    ("query C { persons(first: 5, filter: {sex: \"1\"}) { nodes { name } } }", {}),
    ("query D { me { kind name } }", {}),
)  # fmt: skip


class Installation:
    """An installation with a PostgreSQL of its own, all its safety on, for it will be killed."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder / "data", token_secret=b"a secret of the tests, 32 bytes!")
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.tokens: list[str] = []

    async def fill(self, url: str) -> None:
        """People to ask for, and who may ask."""
        clock = SystemClock()
        async with open_pool(url, max_size=2) as pool:
            await add_people(pool)
            await add_market(pool)
            for kind, region in (("station", STATION), ("county", COUNTY)):
                actor = await ensure_actor(pool, kind=kind, name=kind, region_code=region, clock=clock)
                self.tokens.append(
                    issue_token(actor, secret=self.settings.token_secret, clock=clock, valid_for=timedelta(hours=1))
                )

    def start(self) -> None:
        """``yunqiao serve``, until it is ready."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("YUNQIAO_")}
        environ |= {
            "YUNQIAO_DATA_DIR": str(self.settings.data_dir),
            "YUNQIAO_TOKEN_SECRET": self.settings.token_secret.decode(),
            "YUNQIAO_PORT": str(self.port),
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve"], env=environ, stdout=log, stderr=log,
                cwd=Path(__file__).parents[2],
            )  # fmt: skip
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")[-2000:]
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text(encoding="utf-8")[-2000:])

    def kill(self) -> None:
        """SIGKILL to the server."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=30)

    def kill_postgres(self) -> None:
        """SIGKILL to PostgreSQL's postmaster and all its processes."""
        import psutil

        number = int((self.settings.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        postmaster = psutil.Process(number)
        family = [*postmaster.children(recursive=True), postmaster]
        for process in reversed(family):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=30)

    def command(self, *arguments: str, data_dir: Path | None = None) -> tuple[int, dict[str, Any]]:
        """``yunqiao … --json``, here or in another installation: its exit code and its report."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("YUNQIAO_")}
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments, "--json"],
            env={**environ, "YUNQIAO_DATA_DIR": str(data_dir or self.settings.data_dir)},
            capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    with embedded_server(made.settings.data_dir) as url:
        asyncio.run(migrate(replace(made.settings, database_url=url)))
        asyncio.run(made.fill(url))
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.terminate()
        made.process.wait(timeout=60)


async def ask_until(
    installation: Installation, deed: Callable[[dict[str, int]], None], *, answers: int, seconds: float
) -> dict[str, int]:
    """Many clients ask; when so many answers are in, the deed is done; all go on for a while.

    The deed is given what was received before it, a status by request id; returned is all that was.
    """
    received: dict[str, int] = {}
    over = asyncio.Event()

    async def client(number: int) -> None:
        rng = random.Random(number)
        headers = {
            "authorization": f"Bearer {installation.tokens[number % 2]}",
            "x-purpose": "employment_service" if number % 7 else "social_assistance",
        }
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{installation.port}", timeout=10) as http:
            while not over.is_set():
                document, variables = rng.choice(QUERIES)
                try:
                    answer = await http.post(
                        "/graphql", json={"query": document, "variables": variables}, headers=headers
                    )
                except httpx.HTTPError:
                    await asyncio.sleep(0.02)
                    continue
                if answer.status_code != 503:  # which says itself that nothing was recorded, and holds nothing
                    received[answer.headers["x-request-id"]] = answer.status_code
                else:
                    assert "data" not in answer.json()
                    await asyncio.sleep(0.02)

    clients = [asyncio.create_task(client(number)) for number in range(CLIENTS)]
    while len(received) < answers:
        await asyncio.sleep(0.005)
        for task in clients:
            if task.done():
                task.result()
    await asyncio.to_thread(deed, dict(received))
    await asyncio.sleep(seconds)
    over.set()
    await asyncio.gather(*clients)
    return received


async def recorded(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {str(row[0]) for row in await connection.fetch("SELECT request_id FROM audit.entry")}
    finally:
        await connection.close()


@pytest.mark.parametrize("victim", ["server", "postgres"])
def test_every_answer_that_was_received_has_its_entry(
    installation: Installation, victim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deed = installation.kill if victim == "server" else installation.kill_postgres
    installation.start()
    received = asyncio.run(ask_until(installation, lambda _: deed(), answers=600, seconds=0.3))
    if victim == "postgres":
        installation.kill()  # the embedded server comes back with whoever starts next
    code, report = installation.command("audit", "verify")
    assert code == 0, report
    assert report["whole"]
    with embedded_server(installation.settings.data_dir) as url:
        entries = asyncio.run(recorded(url))
    assert not received.keys() - entries, "answered and not recorded"
    assert {200, 403} <= set(received.values())
    with capsys.disabled():
        print(  # noqa: T201 - the point of the exercise is to see it
            f"\n{victim} killed: {len(received)} answers received, {report['entries']} entries in"
            f" {report['segments']} segments, none missing"
        )


def test_a_backup_made_while_many_ask_restores_to_the_same_chain_and_counts(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, before = tmp_path / "backup.tar", dict[str, int]()
    saved: dict[str, Any] = {}

    def back_up(received: dict[str, int]) -> None:
        before.update(received)
        code, report = installation.command("backup", str(copy))
        assert code == 0, report
        saved.update(report)

    installation.start()
    received = asyncio.run(ask_until(installation, back_up, answers=400, seconds=0.3))
    assert len(received) > len(before) + CLIENTS, "they were answered while it was made"
    other = tmp_path / "other"
    code, restored = installation.command("restore", str(copy), data_dir=other)
    assert code == 0, restored
    assert restored["tables"] == saved["tables"]
    code, report = installation.command("audit", "verify", data_dir=other)
    assert code == 0, report
    assert report["whole"]
    assert report["entries"] == saved["tables"]["audit.entry"]
    with embedded_server(other) as url:
        entries = asyncio.run(recorded(url))
    assert not before.keys() - entries, "answered before the copy was begun, and not in it"
    with capsys.disabled():
        print(  # noqa: T201 - the point of the exercise is to see it
            f"\ncopied while {CLIENTS} ask: {len(before)} answers before, {len(received)} in all, {report['entries']}"
            f" entries in {report['segments']} segments of the copy, restored and whole"
        )
