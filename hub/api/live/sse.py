"""GraphQL over server-sent events, "distinct connections": one stream an operation.

Source: GraphQL over Server-Sent Events Protocol (``next``, ``complete``); HTML standard, section 9.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from hub.api.live.streams import Streams, bodies_of
from hub.api.reply import Outcome, reply_of
from hub.api.request import read_request

MEDIA = "text/event-stream"
#: Seconds of silence after which a comment keeps proxies from closing the stream.
_BEAT_S = 15.0
_MOST_BYTES = 1_000_000


def wants_events(accept: str) -> bool:
    """Whether an event stream is what is asked for."""
    return accept.partition(",")[0].partition(";")[0].strip().lower() == MEDIA


class EventStreams:
    """The endpoint; asked only for what :func:`wants_events`."""

    def __init__(self, streams: Callable[[], Streams], *, beat_s: float = _BEAT_S) -> None:
        self._streams, self._beat_s = streams, beat_s

    async def __call__(self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        """Answer with a stream.

        Raises
        ------
        HttpError, HubError
            Before anything was sent: to be answered and recorded as everywhere.
        """
        streams = self._streams()
        # EventSource sends no headers of ours: what it is for stands in the address.
        query = parse_qs(scope["query_string"].decode("latin-1"))
        purpose = headers.get("x-purpose", "").strip() or query.get("purpose", [""])[0]
        kind, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip() if kind.lower() == "bearer" else ""
        _, purpose = await streams.enter(token, purpose)
        request = await read_request(scope, headers, receive, _MOST_BYTES)
        await _Stream(streams, receive, send, self._beat_s).serve(token, purpose, request)


class _Stream:
    def __init__(self, streams: Streams, receive: Receive, send: Send, beat_s: float) -> None:
        self._streams, self._receive, self._send, self._beat_s = streams, receive, send, beat_s

    async def serve(self, token: str, purpose: str, request: Mapping[str, Any]) -> None:
        headers = [
            (b"content-type", f"{MEDIA}; charset=utf-8".encode()),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(b":\n\n")
        tasks = [
            asyncio.create_task(self._tell(token, purpose, request)),
            asyncio.create_task(self._beat()),
            asyncio.create_task(self._until_gone()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(OSError, RuntimeError):  # nobody is there any more
            await self._send({"type": "http.response.body", "body": b""})

    async def _tell(self, token: str, purpose: str, request: Mapping[str, Any]) -> None:
        try:
            async for reply in self._streams.answers(token, purpose, request):
                await self._write(b"event: next\ndata: " + reply.body + b"\n\n")
        except asyncio.CancelledError:
            raise
        except Exception as error:  # every error becomes an event
            _, bodies = await bodies_of(error, self._streams)
            await self._write(b"event: next\ndata: " + reply_of(Outcome(errors=bodies)).body + b"\n\n")
        await self._write(b"event: complete\ndata:\n\n")

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            await self._write(b":\n\n")

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
