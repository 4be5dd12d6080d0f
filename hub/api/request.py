"""What came over HTTP as a GraphQL request: its method, media, size and shape, read before anything is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope

from hub.api.negotiate import JSON
from hub.errors import HubError, InvalidInput, LimitExceeded


class HttpError(Exception):
    """A request that is wrong as HTTP, before it is wrong as GraphQL."""

    def __init__(self, status: int, cause: HubError) -> None:
        super().__init__(cause.code)
        self.status, self.cause = status, cause


async def read_request(scope: Scope, headers: Mapping[str, str], receive: Receive, most_bytes: int) -> dict[str, Any]:
    """The request: ``query`` or ``documentId``, and ``operationName``, ``variables``, ``extensions`` where given.

    Raises
    ------
    HttpError
        415: the body is of another media type.
    InvalidInput
        ``query_missing``, ``request_invalid``, ``query_invalid``, ``json_invalid``, ``disconnected``.
    LimitExceeded
        ``body_too_large``.
    """
    if scope["method"] == "GET":
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        request: Any = dict(query)
        for name in ("variables", "extensions"):
            if name in query:
                request[name] = _json(query[name].encode("utf-8", "surrogateescape"), name)
    else:
        _check_media(headers)
        request = _json(await _read_body(headers, receive, most_bytes), "body")
    if not isinstance(request, dict) or not (_says(request, "query") or _names_document(request)):
        raise InvalidInput("query_missing", "There is no query.", hint='Send {"query": "…"} or a documentId.')
    for name, kind in _KINDS:
        if not isinstance(request.get(name), kind | None):
            raise InvalidInput("request_invalid", f"{name} has the wrong type.", hint=f"It is a {kind.__name__}.")
    try:
        (request.get("query") or "").encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("query_invalid", "The query holds half a character.", hint="Send UTF-8.") from error
    return request


_KINDS = (("query", str), ("variables", dict), ("extensions", dict), ("operationName", str))


def _says(request: dict[str, Any], name: str) -> bool:
    value = request.get(name)
    return isinstance(value, str) and value != ""


def _names_document(request: dict[str, Any]) -> bool:
    extensions = request.get("extensions")
    return "documentId" in request or (isinstance(extensions, dict) and "persistedQuery" in extensions)


def _check_media(headers: Mapping[str, str]) -> None:
    media, _, rest = headers.get("content-type", "").partition(";")
    charset = next((p.partition("=")[2] for p in rest.split(";") if p.strip().lower().startswith("charset=")), "utf-8")
    encoded = headers.get("content-encoding", "identity").lower() != "identity"
    if media.strip().lower() != JSON or charset.strip().strip('"').lower() not in ("utf-8", "utf8") or encoded:
        raise HttpError(
            415,
            InvalidInput("media_type_unsupported", "The body must be JSON in UTF-8.", hint=f"Content-Type: {JSON}"),
        )


def _json(data: bytes, what: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass  # numbers beyond 64 bits and halves of characters are JSON, and have errors of their own further on
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("json_invalid", f"The {what} is no JSON.", hint="Check it with a JSON tool.") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


async def _read_body(headers: Mapping[str, str], receive: Receive, most_bytes: int) -> bytes:
    too_large = LimitExceeded("body_too_large", f"A request has at most {most_bytes} bytes.", hint="Send less at once.")
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise too_large
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidInput("disconnected", "The sender went away.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise too_large
        more = message.get("more_body", False)
    return b"".join(parts)
