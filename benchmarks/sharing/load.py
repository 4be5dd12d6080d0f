"""The load: so many connections, each asking its next question as soon as it has its answer.

Runs as a process of its own, the same for every server, so that what it costs is the same for all. Prints one JSON
object: requests, seconds, percentiles of latency in milliseconds, answers that were not as expected.

    python load.py HOST PORT CONNECTIONS SECONDS FILE [once]     (FILE: requests as bytes, pickled by the benchmark)
"""

from __future__ import annotations

import asyncio
import json
import math
import pickle
import sys
import time
from pathlib import Path

import uvloop


class Asker(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, requests: list[bytes], first: int, last: float, until: float, done: asyncio.Future[None]
    ) -> None:
        self._requests, self._next, self._last = requests, first, last
        self._until, self._done = until, done
        self._held, self._missing, self._sent_at = b"", 0, 0.0
        self.latencies: list[float] = []
        self.wrong = 0
        self.sample = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        now = time.perf_counter()
        if now >= self._until or self._next >= self._last:
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent_at = now
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
            if self._missing > 0:
                return
            self._answered()
            return
        self._held = self._held + data if self._held else data
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._held[:end].lower()
        place = head.find(b"content-length:")
        if place < 0:
            raise RuntimeError("an answer without a length")
        length = int(head[place + 15 : head.find(b"\r", place) if head.find(b"\r", place) > 0 else None])
        body = len(self._held) - end - 4
        if not head.startswith(b"http/1.1 200") or b'"errors"' in self._held[end : end + 40]:
            self.wrong += 1
            self.sample = self._held[end : end + 400]
        self._held = b""
        if body < length:
            self._missing = length - body
        else:
            self._answered()

    def _answered(self) -> None:
        self._missing = 0
        self.latencies.append(time.perf_counter() - self._sent_at)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server hung up"))


async def ask(
    host: str, port: int, connections: int, seconds: float, requests: list[bytes], *, once: bool
) -> dict[str, object]:
    """Ask for so long, or ``once`` through all requests."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    dones, askers = [], []
    for number in range(connections):
        done = loop.create_future()
        first, last = number * 977, math.inf
        if once:
            first, last = (len(requests) * place // connections for place in (number, number + 1))
        asker = Asker(requests, first, last, started + seconds, done)
        await loop.create_connection(lambda asker=asker: asker, host, port)
        dones.append(done)
        askers.append(asker)
    await asyncio.gather(*dones)
    elapsed = time.perf_counter() - started
    latencies = sorted(one for asker in askers for one in asker.latencies)
    count = len(latencies)
    return {
        "requests": count,
        "seconds": elapsed,
        "p50_ms": latencies[count // 2] * 1000,
        "p99_ms": latencies[min(count - 1, int(count * 0.99))] * 1000,
        "wrong": sum(asker.wrong for asker in askers),
        "sample": next((asker.sample.decode("utf-8", "replace") for asker in askers if asker.sample), ""),
    }


if __name__ == "__main__":
    host, port, connections, seconds, file = sys.argv[1:6]
    once = sys.argv[6:] == ["once"]
    questions = pickle.loads(Path(file).read_bytes())  # noqa: S301 - written by the benchmark that starts this
    print(json.dumps(uvloop.run(ask(host, int(port), int(connections), float(seconds), questions, once=once))))
