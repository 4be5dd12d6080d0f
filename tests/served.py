"""The hub as a process of its own, as users run it; all that it writes is kept."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from hub.settings import Settings

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Process:
    """A running server."""

    address: str
    log: Path
    pid: int

    def output(self) -> str:
        """All that it wrote so far."""
        return self.log.read_text(encoding="utf-8")


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process of the same installation is started with."""
    assert settings.database_url is not None
    assert settings.app_database_url is not None
    held = {name: value for name, value in os.environ.items() if not name.startswith(("YUNQIAO_", "OTEL_"))}
    return {
        **held,
        "YUNQIAO_DATA_DIR": str(settings.data_dir),
        "YUNQIAO_DATABASE_URL": settings.database_url,
        "YUNQIAO_APP_DATABASE_URL": settings.app_database_url,
        "YUNQIAO_TOKEN_SECRET": settings.token_secret.decode(),
        **more,
    }


@contextmanager
def serving(settings: Settings, folder: Path, **more: str) -> Iterator[Process]:
    """``yunqiao serve`` until the context is left; SIGTERM must end it with 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "serve.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
            env=environment(settings, **more),
            stdout=file,
            stderr=file,
            cwd=ROOT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{address}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, "it did not start"
            time.sleep(0.2)
        yield Process(address, log, process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, log.read_text(encoding="utf-8")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
