"""GraphQL over HTTP, raw ASGI: a framework's route costs a tenth of a request's CPU.

Source: the GraphQL over HTTP specification (draft of 2025). Both media types; POST for all, GET for queries.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from hub.access.actor import Actor
from hub.api.errors import error_body
from hub.api.service import GraphQLService, Reply
from hub.errors import HubError, InvalidInput, LimitExceeded, Unauthenticated

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_MOST_BYTES = 1_000_000
_RESPONSE_TYPE = "application/graphql-response+json"
_CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "frame-ancestors 'none'"
)


class GraphQLApp:
    """The endpoint.

    Parameters
    ----------
    service
        Answers requests; None while the application starts.
    actor_of
        The actor of a bearer token or session cookie; raises Unauthenticated.
    """

    def __init__(
        self, service: Callable[[], GraphQLService], actor_of: Callable[[str], Awaitable[Actor]], *, graphiql: bool
    ) -> None:
        self._service, self._actor_of, self._graphiql = service, actor_of, graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        accept = headers.get("accept", "*/*")
        if scope["method"] == "GET" and "text/html" in accept and self._graphiql:
            await _send(send, 200, "text/html; charset=utf-8", _graphiql_page(), {"content-security-policy": _CSP})
            return
        media = "application/json" if "application/json" in accept and _RESPONSE_TYPE not in accept else _RESPONSE_TYPE
        if accept == "*/*" or not accept:
            media = "application/json"
        try:
            if not any(kind in accept for kind in ("*/*", "application/*", "application/json", _RESPONSE_TYPE)):
                raise HttpError(
                    406, InvalidInput("not_acceptable", "Answers are JSON.", hint=f"Accept {_RESPONSE_TYPE}.")
                )
            request = await _read_request(scope, headers, receive)
            actor = await self._authenticate(headers)
            reply = await self._service().execute(
                actor=actor,
                purpose=headers.get("x-purpose") or _only(actor),
                document=request["query"],
                operation_name=request.get("operationName"),
                variables=request.get("variables"),
                only_query=scope["method"] == "GET",
            )
        except HttpError as error:
            reply = _error_reply(error.cause, error.status)
        except HubError as error:
            reply = _error_reply(error, error.http_status)
        status = reply.status
        extra = {"allow": "GET, POST"} if status == 405 else {}
        if status == 401:
            extra["www-authenticate"] = "Bearer"
        if status == 503:
            extra["retry-after"] = "2"
        await _send(send, status, f"{media}; charset=utf-8", reply.body, extra)

    async def _authenticate(self, headers: Mapping[str, str]) -> Actor:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise Unauthenticated(
                "token_missing", "No token came with the request.", hint="Send Authorization: Bearer …"
            )
        return await self._actor_of(token.strip())


class HttpError(Exception):
    """A request that is wrong as HTTP, before it is wrong as GraphQL."""

    def __init__(self, status: int, cause: HubError) -> None:
        super().__init__(cause.code)
        self.status, self.cause = status, cause


def _only(actor: Actor) -> str:
    """The purpose of an actor who has but one; who has several must state it."""
    if len(actor.purposes) == 1:
        return actor.purposes[0]
    raise InvalidInput(
        "purpose_missing", "State the purpose.", hint="Send X-Purpose with one of: " + ", ".join(actor.purposes) + "."
    )


async def _read_request(scope: Scope, headers: Mapping[str, str], receive: Receive) -> dict[str, Any]:
    if scope["method"] == "GET":
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        request: Any = dict(query)
        if "variables" in query:
            request["variables"] = _json(query["variables"].encode(), "variables")
    elif scope["method"] == "POST":
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json":
            raise HttpError(
                415, InvalidInput("media_type_unsupported", "The body must be JSON.", hint="application/json")
            )
        request = _json(await _read_body(receive), "body")
    else:
        raise HttpError(405, InvalidInput("method_not_allowed", "Use POST, or GET for queries."))
    if not isinstance(request, dict) or not isinstance(request.get("query"), str):
        raise InvalidInput("query_missing", "There is no query.", hint='Send {"query": "…"}.')
    if not isinstance(request.get("variables"), dict | None):
        raise InvalidInput("variables_invalid", "variables must be an object.")
    if not isinstance(request.get("operationName"), str | None):
        raise InvalidInput("operation_name_invalid", "operationName must be a text.")
    return request


def _json(data: bytes, what: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("json_invalid", f"The {what} is no JSON.", hint="Check it with a JSON tool.") from error


async def _read_body(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidInput("disconnected", "The sender went away.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _MOST_BYTES:
            raise LimitExceeded(
                "body_too_large", f"A request has at most {_MOST_BYTES} bytes.", hint="Send less at once."
            )
        more = message.get("more_body", False)
    return b"".join(parts)


def _error_reply(error: HubError, status: int) -> Reply:
    return Reply(json.dumps({"errors": [error_body(error)]}, ensure_ascii=False).encode(), status, False)


def _graphiql_page() -> bytes:
    return resources.files("hub.api").joinpath("static/graphiql/index.html").read_bytes()


async def _send(send: Send, status: int, media: str, body: bytes, extra: Mapping[str, str]) -> None:
    headers = {
        "content-type": media,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        **extra,
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
