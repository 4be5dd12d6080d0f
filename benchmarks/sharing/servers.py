"""The servers that are compared, each a process of its own on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
PEER = ROOT / "benchmarks" / "postgraphile"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: psutil.Process

    def cpu_s(self) -> float:
        """Processor time spent so far by it and its workers."""
        spent = 0.0
        for process in (self.process, *self.process.children(recursive=True)):
            times = process.cpu_times()
            spent += times.user + times.system
        return spent

    def rss_mb(self) -> float:
        """Memory in use."""
        found: float = self.process.memory_info().rss / 1e6
        return found


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def install_peer() -> Path:
    """Node and PostGraphile as the lock file has them; returns the program."""
    node = PEER / "node_modules" / ".bin" / "node"
    if not node.exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PEER, check=True)
    return node


@contextmanager
def running_hub(
    name: str,
    data_dir: Path,
    *,
    environ: Mapping[str, str] | None = None,
    workers: int = 1,
    without: str | None = None,
) -> Iterator[Server]:
    """The hub as ``yunqiao serve`` starts it; ``without`` takes one of its duties out (``nothing``: none)."""
    port = free_port()
    variables = {**os.environ, "YUNQIAO_DATA_DIR": str(data_dir), "YUNQIAO_PORT": str(port), **(environ or {})}
    command = [sys.executable, "-m", "app.cli", "serve", "--workers", str(workers)]
    if without is not None:
        command = [sys.executable, str(ROOT / "benchmarks" / "sharing" / "without.py"), without]
    with _running(name, command, port, variables, f"http://127.0.0.1:{port}/readyz") as server:
        yield server


@contextmanager
def running_peer(name: str, url: str, *, pool: int, claims: Mapping[str, str] | None = None) -> Iterator[Server]:
    """PostGraphile on the same database."""
    port = free_port()
    command = [str(install_peer()), "server.mjs", url, str(port), str(pool)]
    if claims is not None:
        command.append(json.dumps(claims))
    variables = {**os.environ, "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    with _running(name, command, port, variables, None, cwd=PEER) as server:
        yield server


@contextmanager
def _running(
    name: str,
    command: list[str],
    port: int,
    variables: Mapping[str, str],
    ready: str | None,
    cwd: Path = ROOT,
) -> Iterator[Server]:
    process = subprocess.Popen(
        command, env=dict(variables), cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(process, port, ready)
        yield Server(name, port, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, ready: str | None) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"A server ended at its start with {process.returncode}: {process.args}")
        try:
            if ready is None:
                socket.create_connection(("127.0.0.1", port), 1).close()
            else:
                urllib.request.urlopen(ready, timeout=1).close()  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"A server did not start: {process.args}")
