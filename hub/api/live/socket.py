"""GraphQL over WebSockets, raw ASGI: one socket, many operations, one token and purpose.

Source: the GraphQL over WebSocket Protocol, subprotocol ``graphql-transport-ws`` (its messages and close codes).
Strawberry brings a handler for it, but one that executes by resolvers; here queries are compiled and every answer is
recorded first.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from hub.access.actor import Actor
from hub.api.live.streams import Streams, bodies_of
from hub.errors import HubError

_LOG = logging.getLogger("hub.api.live")
_PROTOCOL = "graphql-transport-ws"
#: Seconds that a client has to say who it is.
_INIT_S = 5.0
_MOST_OPERATIONS = 50


class _Close(Exception):
    """Close the socket with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class LiveSocket:
    """The endpoint."""

    def __init__(self, streams: Callable[[], Streams], *, init_s: float = _INIT_S) -> None:
        self._streams, self._init_s = streams, init_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        if (await receive())["type"] != "websocket.connect":
            return
        if _PROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": _PROTOCOL})
        await _Visit(self._streams(), receive, send, self._init_s).serve()


class _Visit:
    """One socket."""

    def __init__(self, streams: Streams, receive: Receive, send: Send, init_s: float) -> None:
        self._streams, self._receive, self._transport_send, self._init_s = streams, receive, send, init_s
        self._actor: Actor | None = None
        self._token = self._purpose = ""
        self._running: dict[str, asyncio.Task[None]] = {}
        self._closing: asyncio.Future[_Close] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        reading = asyncio.create_task(self._read())
        try:
            waited: set[asyncio.Future[Any]] = {reading, self._closing}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.done():
                raise self._closing.result()
            await reading
        except _Close as close:
            with suppress(RuntimeError):  # the client was faster
                await self._transport_send({"type": "websocket.close", "code": close.code, "reason": close.reason})
        finally:
            tasks = [reading, *self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._init_s):
                while self._actor is None:
                    if not await self._take():
                        return
        except TimeoutError:
            raise _Close(4408, "Connection initialisation timeout") from None
        while await self._take():
            pass

    async def _take(self) -> bool:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return False
        try:
            message = json.loads(event.get("text") or "")
        except ValueError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Close(4400, "Invalid message")
        await self._handle(message)
        return True

    async def _handle(self, message: Message) -> None:
        kind = message["type"]
        if kind == "connection_init":
            await self._init(message.get("payload"))
        elif kind == "ping":
            await self._send({"type": "pong"})
        elif kind == "subscribe":
            self._subscribe(message)
        elif kind == "complete":
            task = self._running.pop(str(message.get("id")), None)
            if task is not None:
                task.cancel()
        elif kind != "pong":
            raise _Close(4400, "Unknown message")

    async def _init(self, payload: object) -> None:
        if self._actor is not None:
            raise _Close(4429, "Too many initialisation requests")
        said = payload if isinstance(payload, dict) else {}
        # Header names as clients write them: Authorization, authorization; X-Purpose, purpose.
        said = {str(name).lower().removeprefix("x-"): value for name, value in said.items()}
        token = str(said.get("authorization") or "")
        scheme, _, rest = token.partition(" ")
        self._token = rest.strip() if scheme.lower() == "bearer" else token
        try:
            self._actor, self._purpose = await self._streams.enter(self._token, str(said.get("purpose") or ""))
        except HubError as error:
            await self._streams.refuse(error)
            raise _Close(4503 if error.http_status == 503 else 4403, error.code) from error
        await self._send({"type": "connection_ack"})

    def _subscribe(self, message: Message) -> None:
        number, payload = message.get("id"), message.get("payload")
        if self._actor is None:
            raise _Close(4401, "Unauthorized")
        if not isinstance(number, str) or not number or not isinstance(payload, dict):
            raise _Close(4400, "Invalid message")
        if number in self._running:
            raise _Close(4409, f"Subscriber for {number[:100]} already exists")
        if len(self._running) >= _MOST_OPERATIONS:
            raise _Close(4429, "Too many operations")
        self._running[number] = asyncio.create_task(self._run(number, payload))

    async def _run(self, number: str, payload: Message) -> None:
        ending: Message = {"id": number, "type": "complete"}
        try:
            async for reply in self._streams.answers(self._token, self._purpose, payload):
                body = json.loads(reply.body)
                if not reply.has_data and "data" not in body:
                    ending = {"id": number, "type": "error", "payload": body["errors"]}
                    break
                await self._send({"id": number, "type": "next", "payload": body})
        except asyncio.CancelledError:
            raise
        except Exception as error:  # every error becomes an answer, and one of identity ends the socket
            ended, bodies = await bodies_of(error, self._streams)
            if ended is not None and not self._closing.done():
                self._closing.set_result(_Close(4403 if ended.http_status in (401, 403) else 4503, ended.code))
                return
            ending = {"id": number, "type": "error", "payload": bodies}
        if self._running.pop(number, None) is not None:
            await self._send(ending)

    async def _send(self, message: Message) -> None:
        with suppress(RuntimeError):  # the client is gone, which the reader finds too
            text = json.dumps(message, ensure_ascii=False)
            await self._transport_send({"type": "websocket.send", "text": text})
