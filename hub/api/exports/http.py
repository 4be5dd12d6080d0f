"""``POST /export``: the file as it is made, in chunks. A broken export breaks the connection: it never looks whole."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from starlette.types import Receive, Scope, Send

from hub.access.actor import Actor
from hub.api.documents import DocumentGate
from hub.api.errors import as_hub_error, graphql_bodies
from hub.api.exports.form import parse_form
from hub.api.exports.service import Export, ExportService
from hub.api.negotiate import JSON
from hub.api.reply import Outcome, Reply, failed, reply_of
from hub.api.request import HttpError, read_request
from hub.api.service import GraphQLService
from hub.errors import Forbidden, HubError, InvalidInput, Unauthenticated
from hub.query.operation import GraphQLErrors
from hub.tracing import request_span, trace_headers

_LOG = logging.getLogger("hub.api.exports")
_MOST_BYTES = 1_000_000
_STATUS_HEADERS = {401: ("www-authenticate", "Bearer"), 405: ("allow", "POST")}


class ExportApp:
    """The endpoint, raw ASGI.

    Parameters
    ----------
    exports, service
        Give what answers; raise Unavailable while the application starts.
    actor_of
        The actor of a bearer token; raises Unauthenticated.
    documents
        Gives the gate of documents.
    """

    def __init__(
        self,
        exports: Callable[[], ExportService],
        service: Callable[[], GraphQLService],
        actor_of: Callable[[str], Awaitable[Actor]],
        documents: Callable[[], DocumentGate],
    ) -> None:
        self._exports, self._service, self._actor_of, self._documents = exports, service, actor_of, documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = uuid.uuid4()
        with request_span("export", headers, request_id):
            await _One(self, scope, headers, receive, send, request_id).answer()


class _One:
    """One request for an export."""

    def __init__(
        self,
        app: ExportApp,
        scope: Scope,
        headers: dict[str, str],
        receive: Receive,
        send: Send,
        request_id: uuid.UUID,
    ) -> None:
        self._app, self._scope, self._headers = app, scope, headers
        self._receive, self._send, self._request_id = receive, send, request_id
        self._actor: Actor | None = None
        self._purpose = ""
        self._export: Export | None = None
        self._opening = self._begun = False

    async def answer(self) -> None:
        started = time.perf_counter()
        status, reason = 200, ""
        try:
            await self._serve()
        except _Gone:
            reason = "disconnected"
        except Exception as error:  # every error becomes an answer, or breaks the connection
            reply, reason = await self._refusal(error)
            status = reply.status
            if not self._begun:
                await self._reply(reply)
            else:
                # No last chunk: the server closes the connection, and the client knows that something is missing.
                status, reason = 200, f"broken:{reason}"
        self._log(status, reason, time.perf_counter() - started)

    async def _serve(self) -> None:
        if self._scope["method"] != "POST":
            raise HttpError(405, InvalidInput("method_not_allowed", "Ask for an export by POST."))
        kind, _, token = self._headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise Unauthenticated("token_missing", "No token came with the request.", hint="Send a bearer token.")
        actor = self._actor = await self._app._actor_of(token.strip())
        purpose = self._headers.get("x-purpose", "").strip()
        purpose = self._purpose = purpose or (actor.purposes[0] if len(actor.purposes) == 1 else "")
        yours = ", ".join(actor.purposes)
        if not purpose:
            raise InvalidInput("purpose_missing", "State the purpose.", hint=f"Send X-Purpose with one of: {yours}.")
        if purpose not in actor.purposes:
            raise Forbidden(
                "purpose_not_granted", "This purpose is not one that you may state.", hint=f"Yours are: {yours}."
            )
        request = await read_request(self._scope, self._headers, self._receive, _MOST_BYTES)
        form = parse_form(request, await self._app._documents().text_of(request, actor=actor, purpose=purpose))
        async with AsyncExitStack() as stack:
            exports = self._app._exports()
            self._opening = True
            opening = exports.open(form, actor=actor, purpose=purpose, request_id=self._request_id)
            self._export = await stack.enter_async_context(opening)
            await self._stream(self._export)

    async def _stream(self, export: Export) -> None:
        """Send the pieces; stop as soon as nobody is there to take them."""
        sending = asyncio.create_task(self._send_all(export))
        watching = asyncio.create_task(self._until_gone())
        try:
            await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise _Gone
            await sending
        finally:
            for task in (sending, watching):
                task.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)

    async def _send_all(self, export: Export) -> None:
        async for piece in export.pieces:
            if not self._begun:
                await self._start(export)
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        if not self._begun:
            await self._start(export)
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, export: Export) -> None:
        # Only once the first piece is there: until then an error has an answer of its own.
        self._begun = True
        headers = {
            "content-type": export.media,
            "content-disposition": f'attachment; filename="{export.file_name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-request-id": str(self._request_id),
            "x-export-rows": str(export.rows),
            "x-export-withheld": ", ".join(export.withheld)[:4000],
            **trace_headers(),
        }
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": encoded})

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _refusal(self, error: Exception) -> tuple[Reply, str]:
        if isinstance(error, GraphQLErrors):
            return reply_of(Outcome(errors=graphql_bodies(error), status=400)), "graphql"
        cause = error.cause if isinstance(error, HttpError) else as_hub_error(error, self._request_id)
        status = error.status if isinstance(error, HttpError) else cause.http_status
        reply = reply_of(failed(cause))
        # What the export service refused or broke off has its entry already.
        if not self._opening:
            reply = await self._record(cause)
        status = 503 if reply.status == 503 else status
        return Reply(reply.body, status, False, reply.reason), cause.code

    async def _record(self, cause: HubError) -> Reply:
        try:
            return await self._app._service().refuse(
                cause, actor=self._actor, purpose=self._purpose, request_id=self._request_id
            )
        except HubError as error:
            return reply_of(failed(error))

    async def _reply(self, reply: Reply) -> None:
        headers = [
            (b"content-type", f"{JSON}; charset=utf-8".encode()),
            (b"content-length", str(len(reply.body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", str(self._request_id).encode()),
        ]
        if reply.status in _STATUS_HEADERS:
            name, value = _STATUS_HEADERS[reply.status]
            headers.append((name.encode(), value.encode()))
        if reply.status in (429, 503):
            headers.append((b"retry-after", b"2" if reply.status == 503 else b"30"))
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": reply.body})

    def _log(self, status: int, reason: str, seconds: float) -> None:
        told = self._export.told if self._export else None
        fields = {
            "request_id": str(self._request_id),
            "status": status,
            "ms": round(seconds * 1000, 2),
            "bytes": told.bytes_out if told else 0,
            "rows": told.rows_out if told else 0,
            "actor_id": self._actor.actor_id if self._actor else None,
            "actor_kind": self._actor.kind if self._actor else None,
            "reason": reason,
        }
        _LOG.info("export", extra={"fields": fields})


class _Gone(Exception):
    """Whoever asked is not there any more."""
