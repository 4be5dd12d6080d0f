"""The real server, a process of its own on loopback, as tests from outside need it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx

from hub.access.actor import Actor
from hub.access.token import issue_token
from hub.clock import SystemClock
from hub.settings import Settings

ROOT = Path(__file__).parents[1]


@dataclass(slots=True)
class Served:
    """A running server: where it is, its process, and where its words go."""

    url: str
    process: subprocess.Popen[str]
    settings: Settings
    log: Path

    def token(self, actor: Actor) -> str:
        """A token of an actor, good for an hour."""
        return issue_token(actor, secret=self.settings.token_secret, clock=SystemClock(), valid_for=timedelta(hours=1))

    def headers_of(self, actor: Actor, purpose: str | None = None) -> dict[str, str]:
        """Headers that ask as an actor."""
        return {"authorization": f"Bearer {self.token(actor)}", "x-purpose": purpose or actor.purposes[0]}

    def words(self) -> str:
        """All it has logged."""
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process of the same installation is started with."""
    urls = {
        "YUNQIAO_DATABASE_URL": settings.database_url,
        "YUNQIAO_APP_DATABASE_URL": settings.app_database_url,
        "YUNQIAO_HUB_DATABASE_URL": settings.hub_database_url,
    }
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("YUNQIAO_", "OTEL_"))},
        "YUNQIAO_DATA_DIR": str(settings.data_dir),
        "YUNQIAO_TOKEN_SECRET": settings.token_secret.decode(),
        "YUNQIAO_MODE": settings.mode,
        **{name: url for name, url in urls.items() if url},
        **more,
    }


@contextmanager
def serving(settings: Settings, folder: Path, **more: str) -> Iterator[Served]:
    """The same, its words in a folder of the test's; SIGTERM must end it with 0."""
    with served(replace(settings, data_dir=folder), environ=more) as server:
        yield server
        assert server.stop() == 0, server.words()


@contextmanager
def served(settings: Settings, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Served]:
    """``yunqiao serve`` with these settings, until the block ends.

    The token secret travels by the environment, so tokens made here are good there.
    """
    port = free_port()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / f"served-{port}.log"
    variables = environment(settings, YUNQIAO_PORT=str(port), **(environ or {}))
    with log.open("w", encoding="utf-8") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", *arguments],
            env=variables, stdout=words, stderr=words, text=True, cwd=ROOT,
        )  # fmt: skip
    server = Served(f"http://127.0.0.1:{port}", process, settings, log)
    try:
        _await(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _await(server: Served) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.words()
        try:
            if httpx.get(f"{server.url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"it did not start: {server.words()}")
