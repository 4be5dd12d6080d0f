"""Answers: what came of an operation, and how it leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hub.api.errors import error_body
from hub.errors import HubError
from hub.query.refusals import ForbiddenField


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its body as JSON, the status its errors call for, whether it has ``data``, and why it was refused."""

    body: bytes
    status: int
    has_data: bool
    reason: str = ""

    def parsed(self) -> dict[str, Any]:
        """The body as an object."""
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass(slots=True)
class Outcome:
    """What came of an operation, for the answer and for the audit."""

    data: str | None = None
    errors: list[dict[str, Any]] | None = None
    extensions: dict[str, Any] | None = None
    status: int = 200
    person_ids: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    allowed: bool = True
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def error_reply(error: HubError) -> Reply:
    """An answer that is nothing but an error."""
    return reply_of(failed(error))


def failed(error: HubError) -> Outcome:
    """An outcome that is nothing but an error."""
    refused = (error.refused,) if isinstance(error, ForbiddenField) and error.refused else ()
    return Outcome(
        errors=[error_body(error)], status=error.http_status, allowed=False, reason=error.code, refused=refused
    )


def reply_of(outcome: Outcome) -> Reply:
    """An outcome as it leaves: errors first, as the GraphQL specification advises."""
    parts = []
    if outcome.errors:
        parts.append(f'"errors":{json.dumps(outcome.errors, ensure_ascii=False, default=str)}')
    if outcome.data is not None:
        parts.append(f'"data":{outcome.data}')
    if outcome.extensions:
        parts.append(f'"extensions":{json.dumps(outcome.extensions, ensure_ascii=False)}')
    body = ("{" + ",".join(parts) + "}").encode("utf-8", "surrogatepass")
    return Reply(body, outcome.status, outcome.data not in (None, "null"), outcome.reason)
