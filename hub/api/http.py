"""GraphQL over HTTP, raw ASGI: a framework's route costs a tenth of a request's CPU.

POST for all, GET for queries; both media types. Under ``application/json`` a well-formed request is answered 200
whatever its errors; under ``application/graphql-response+json`` an answer without data has the status of its first
error. What is wrong as HTTP, or with whoever asks, has its own status under both. Every answer has its audit entry
before it leaves.

Source: GraphQL over HTTP specification, working draft of 2025; audits of the package ``graphql-http``.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from starlette.types import Receive, Scope, Send

from hub.access.actor import Actor
from hub.access.rate import RateLimited, Turns
from hub.api.documents import DocumentGate
from hub.api.errors import as_hub_error
from hub.api.live.sse import EventStreams, wants_events
from hub.api.negotiate import JSON, accepts_html, choose_media
from hub.api.reply import Reply, error_reply
from hub.api.request import HttpError, read_request
from hub.api.service import GraphQLService
from hub.errors import Forbidden, HubError, InvalidInput, NotFound, Unauthenticated
from hub.telemetry import tell
from hub.tracing import mark_span, request_span, trace_headers

_LOG = logging.getLogger("hub.api.http")
_MOST_BYTES = 1_000_000
_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
#: The page runs nothing but its own files and talks to nobody but this server; the editor writes styles of its own.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class GraphQLApp:
    """The endpoint.

    Parameters
    ----------
    service
        Gives what answers requests; raises Unavailable while the application starts.
    actor_of
        The actor of a bearer token; raises Unauthenticated.
    graphiql
        Whether a browser is shown GraphiQL, or who says so of a request's headers.
    documents
        Gives the gate of documents; without one every text is answered.
    turns
        Who may ask how often; everybody at any time when left out.
    events
        Answers who accepts an event stream.
    """

    def __init__(
        self,
        service: Callable[[], GraphQLService],
        actor_of: Callable[[str], Awaitable[Actor]],
        *,
        graphiql: bool | Callable[[Mapping[str, str]], Awaitable[bool]],
        documents: Callable[[], DocumentGate] | None = None,
        turns: Turns | None = None,
        events: EventStreams | None = None,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._service, self._actor_of, self._graphiql = service, actor_of, graphiql
        self._documents, self._turns, self._events = documents, turns or Turns({}), events
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] == "GET" and accepts_html(headers.get("accept", "")) and await self._shows_page(headers):
            await _send(send, 200, "text/html", _graphiql_page(), {"content-security-policy": _CSP})
            return
        request_id = uuid.uuid4()
        with request_span("graphql", headers, request_id):
            await self._answer(scope, headers, receive, send, request_id)

    async def _shows_page(self, headers: Mapping[str, str]) -> bool:
        return self._graphiql if isinstance(self._graphiql, bool) else await self._graphiql(headers)

    async def _answer(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send, request_id: uuid.UUID
    ) -> None:
        started, number = time.perf_counter(), str(request_id)
        media = choose_media(headers.get("accept"))
        actor: Actor | None = None
        wait_s = 2
        purpose = headers.get("x-purpose", "").strip()
        try:
            if self._events is not None and wants_events(headers.get("accept", "")):
                await self._events(scope, headers, receive, send)
                seconds = round(time.perf_counter() - started, 1)
                tell(_LOG, "stream", {"request_id": number, "status": 200, "seconds": seconds})
                return
            if media is None:
                raise HttpError(406, InvalidInput("not_acceptable", "Answers are JSON.", hint=f"Accept {JSON}."))
            if scope["method"] not in ("GET", "POST"):
                raise HttpError(405, InvalidInput("method_not_allowed", "Use POST, or GET for queries."))
            actor = await self._authenticate(headers)
            purpose = purpose or _only(actor)
            if purpose not in actor.purposes:
                raise Forbidden(
                    "purpose_not_granted",
                    "This purpose is not one that you may state.",
                    hint="Yours are: " + ", ".join(actor.purposes) + ".",
                )
            with self._turns.turn(actor):
                request = await read_request(scope, headers, receive, self._most_bytes)
                reply = await self._service().execute(
                    actor=actor,
                    purpose=purpose,
                    document=await self._document(request, actor, purpose),
                    operation_name=request.get("operationName"),
                    variables=request.get("variables"),
                    only_query=scope["method"] == "GET",
                    request_id=request_id,
                )
            status = reply.status
            if reply.has_data or (media == JSON and status < 500 and status != 405):
                status = 200
        except Exception as error:  # every error becomes an answer
            cause = error.cause if isinstance(error, HttpError) else as_hub_error(error, request_id)
            wait_s = cause.retry_after_s if isinstance(cause, RateLimited) else 2
            status = error.status if isinstance(error, HttpError) else cause.http_status
            reply = await self._refuse(cause, actor=actor, purpose=purpose, request_id=request_id)
            status = reply.status if reply.status == 503 else status
        mark_span("http.response.status_code", status)
        await _send(send, status, media or JSON, reply.body, {**_headers_of(status, number, wait_s), **trace_headers()})
        tell(
            _LOG,
            "graphql",
            {
                "request_id": number,
                "status": status,
                "ms": round((time.perf_counter() - started) * 1000, 2),
                "bytes": len(reply.body),
                "actor_id": actor.actor_id if actor else None,
                "actor_kind": actor.kind if actor else None,
                "reason": reply.reason,
            },
        )

    async def _document(self, request: Mapping[str, Any], actor: Actor, purpose: str) -> str:
        if self._documents is not None:
            return await self._documents().text_of(request, actor=actor, purpose=purpose)
        text: str | None = request.get("query")
        if not text:
            raise NotFound("document_unknown", "Documents are not kept here.", hint='Send {"query": "…"}.')
        return text

    async def _refuse(self, cause: HubError, *, actor: Actor | None, purpose: str, request_id: uuid.UUID) -> Reply:
        """The answer to a refused request, once its entry is durable; without an entry, 503 and nothing said."""
        try:
            return await self._service().refuse(cause, actor=actor, purpose=purpose, request_id=request_id)
        except HubError as error:
            return error_reply(error)

    async def _authenticate(self, headers: Mapping[str, str]) -> Actor:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise Unauthenticated(
                "token_missing", "No token came with the request.", hint="Send Authorization: Bearer …"
            )
        return await self._actor_of(token.strip())


def _only(actor: Actor) -> str:
    """The purpose of an actor who has but one; who has several must state it."""
    if len(actor.purposes) == 1:
        return actor.purposes[0]
    raise InvalidInput(
        "purpose_missing", "State the purpose.", hint="Send X-Purpose with one of: " + ", ".join(actor.purposes) + "."
    )


def _headers_of(status: int, number: str, wait_s: int) -> dict[str, str]:
    extra = {"x-request-id": number, "vary": "accept"}
    if status == 401:
        extra["www-authenticate"] = "Bearer"
    elif status == 405:
        extra["allow"] = "GET, POST"
    elif status in (429, 503):
        extra["retry-after"] = str(wait_s)
    return extra


@cache
def _graphiql_page() -> bytes:
    return resources.files("hub.api").joinpath("static/graphiql/index.html").read_bytes()


async def _send(send: Send, status: int, media: str, body: bytes, extra: Mapping[str, str]) -> None:
    encoded = [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"content-length", b"%d" % len(body)),
        *_ALWAYS,
        *((name.encode(), value.encode()) for name, value in extra.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
