"""Changes as the database tells them: one connection listens for all who wait.

A message holds a kind, a key and a place. Whoever waits reads anew what they may see, so nothing that is withheld can
leak by way of a message. When the connection breaks, something may have been missed: all who wait are told so, and end.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from hub.errors import HubError, LimitExceeded, Unavailable

_LOG = logging.getLogger("hub.api.live")
_CHANNEL = "yunqiao_changes"
#: Changes that one who waits may be behind; further behind, they read everything anew.
_BEHIND = 1000
#: Seconds before another attempt to listen: the first, the longest.
_FIRST_S, _LONGEST_S = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed: an ``opening``, or a matching ``run`` was finished; in which region."""

    kind: str
    key: int
    region_code: str


class Waiting:
    """Changes for one who waits, in their order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | HubError] = asyncio.Queue(_BEHIND)
        self._ended: HubError | None = None

    def put(self, change: Change) -> None:
        """Hand one over; who is too far behind is told to begin anew."""
        if self._ended is None:
            try:
                self._queue.put_nowait(change)
            except asyncio.QueueFull:
                self.end(LimitExceeded("subscriber_slow", "You are too far behind.", hint="Subscribe again."))

    def end(self, error: HubError) -> None:
        """Nothing more comes; what is not read yet is of no use any more."""
        if self._ended is None:
            self._ended = error
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(error)

    async def changes(self, *, pause_s: float) -> AsyncIterator[Change | None]:
        """Each as it comes; None after every pause of so long, for the waiter to look about.

        Raises
        ------
        Unavailable
            ``changes_lost``: something may have been missed; ``stopping``.
        LimitExceeded
            ``subscriber_slow``.
        """
        while True:
            one: Change | HubError | None = None
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    one = await self._queue.get()
            if isinstance(one, HubError):
                raise one
            yield one


class Changes:
    """Listens, and hands on."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: set[Waiting] = set()
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen; goes on until :meth:`close`."""
        self._task = asyncio.create_task(self._listen_always())

    async def close(self) -> None:
        """Tell all who wait that it ends."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._end_all(Unavailable("stopping", "The hub is stopping.", hint="Subscribe again shortly."))

    @contextmanager
    def waiting(self) -> Iterator[Waiting]:
        """From now on, every change.

        Raises
        ------
        Unavailable
            ``changes_unavailable``: the database cannot be listened to just now.
        """
        if not self._listening.is_set():
            raise Unavailable("changes_unavailable", "Changes cannot be told just now.", hint="Try again shortly.")
        one = Waiting()
        self._waiting.add(one)
        try:
            yield one
        finally:
            self._waiting.discard(one)

    async def listening(self) -> None:
        """Return once changes are heard."""
        await self._listening.wait()

    async def _listen_always(self) -> None:
        wait = _FIRST_S
        while True:
            try:
                await self._listen()
                wait = _FIRST_S
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                _LOG.warning("changes_lost", extra={"fields": {"error": type(error).__name__}})
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_S)

    async def _listen(self) -> None:
        gone = asyncio.Event()
        async with self._pool.acquire() as connection:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(_CHANNEL, self._told)
            self._listening.set()
            try:
                await gone.wait()
            finally:
                self._listening.clear()
                self._end_all(
                    Unavailable("changes_lost", "A change may have been missed.", hint="Read anew, then wait.")
                )
                if not connection.is_closed():
                    await connection.remove_listener(_CHANNEL, self._told)

    def _told(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        told = json.loads(str(payload))
        change = Change(told["kind"], int(told["key"]), told["region"])
        for one in self._waiting:
            one.put(change)

    def _end_all(self, error: HubError) -> None:
        for one in self._waiting:
            one.end(error)
