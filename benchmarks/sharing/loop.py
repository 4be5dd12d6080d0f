"""The bare loop: the same SQL with the same values, asked by nothing but the driver.

python loop.py URL CONNECTIONS POOL SECONDS FILE     (FILE: statement and lists of values, pickled)
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import uvloop


async def ask(
    url: str, askers: int, pool_size: int, seconds: float, text: str, values: list[list[Any]]
) -> dict[str, Any]:
    """Ask for so long."""
    pool = await asyncpg.create_pool(url, min_size=pool_size, max_size=pool_size)
    connections = [await pool.acquire() for _ in range(pool_size)]
    waiting: asyncio.Queue[Any] = asyncio.Queue()
    for connection in connections:
        await connection.execute("SELECT set_config('jit', 'off', false)")
        waiting.put_nowait(await connection.prepare(text))
    count, started = 0, time.perf_counter()

    async def one(first: int) -> None:
        nonlocal count
        place = first * 977
        while time.perf_counter() - started < seconds:
            statement = await waiting.get()
            row = await statement.fetchrow(*values[place % len(values)])
            waiting.put_nowait(statement)
            assert row[0]  # noqa: S101 - an empty answer would be no answer
            place += 1
            count += 1

    await asyncio.gather(*(one(number) for number in range(askers)))
    return {"requests": count, "seconds": time.perf_counter() - started}


if __name__ == "__main__":
    url, askers, pool_size, seconds, file = sys.argv[1:]
    text, values = pickle.loads(Path(file).read_bytes())  # noqa: S301 - written by the benchmark that starts this
    print(json.dumps(uvloop.run(ask(url, int(askers), int(pool_size), float(seconds), text, values))))
