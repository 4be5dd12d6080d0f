"""What goes over the wire and comes back, without any input or output of its own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from yunqiao_client.errors import HubError, InvalidInput, Unavailable, error_of

MEDIA = "application/graphql-response+json"
_KEY = re.compile(r"\$idempotencyKey\b")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without errors.

    Attributes
    ----------
    data
        As the document asked.
    withheld
        Fields that were masked or withheld, each with ``path``, ``access`` and ``reason``.
    request_id
        Finds the request in the hub's audit.
    """

    data: dict[str, Any]
    withheld: list[dict[str, str]] = field(default_factory=list)
    request_id: str | None = None


def write_body(document: str, variables: Mapping[str, Any] | None, operation_name: str | None) -> dict[str, Any]:
    """The request. A document that declares ``$idempotencyKey`` gets one where none is given.

    It is made once, before the first attempt: the hub does a thing once, however often it is asked.
    """
    given = dict(variables or {})
    if _KEY.search(document) and "idempotencyKey" not in given:
        given["idempotencyKey"] = str(uuid.uuid4())
    body: dict[str, Any] = {"query": document, "variables": given}
    if operation_name is not None:
        body["operationName"] = operation_name
    return body


def may_repeat(document: str) -> bool:
    """Whether asking twice can do no harm: a query, or a change that carries its key."""
    return _KEY.search(document) is not None or not re.search(r"(?m)^\s*mutation\b", document)


def read_answer(response: httpx.Response) -> Answer:
    """What a response says.

    Raises
    ------
    HubError
        It holds errors, or is no GraphQL answer.
    """
    request_id = response.headers.get("x-request-id")
    try:
        said = response.json()
    except ValueError as error:
        kind = Unavailable if response.status_code >= 500 else HubError
        raise kind(
            f"The answer is no JSON (HTTP {response.status_code}).",
            reason="answer_unreadable",
            status=response.status_code,
            request_id=request_id,
        ) from error
    if said.get("errors"):
        raise error_of(said["errors"], status=response.status_code, request_id=request_id, data=said.get("data"))
    return Answer(said["data"], (said.get("extensions") or {}).get("withheld", []), request_id)


def connection_of(data: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The connection under a dotted path of an answer.

    Raises
    ------
    InvalidInput
        ``path_invalid``: there is none, or it lacks ``pageInfo``.
    """
    found: Any = data
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or "pageInfo" not in found:
        raise InvalidInput(
            f"{path} is no connection that asks for pageInfo {{ hasNextPage endCursor }}.", reason="path_invalid"
        )
    return found


def nodes_of(connection: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a page, asked for as ``nodes`` or as ``edges { node }``."""
    if "nodes" in connection:
        return list(connection["nodes"])
    return [edge["node"] for edge in connection.get("edges", [])]
