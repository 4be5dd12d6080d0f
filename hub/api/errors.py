"""From errors to answers: one table for GraphQL code, HTTP status and log level (they stand with the errors)."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import asyncpg
from graphql import GraphQLError

from hub.errors import HubError, Internal, Unavailable
from hub.query.engine import GraphQLErrors

_LOG = logging.getLogger("hub.api")


def as_hub_error(error: BaseException, request_id: uuid.UUID) -> HubError:
    """The error that may be shown. What nobody foresaw is masked; its id finds the log entry."""
    if isinstance(error, GraphQLError) and error.original_error is not None:
        return as_hub_error(error.original_error, request_id)
    if isinstance(error, HubError):
        return error
    if isinstance(error, (asyncpg.PostgresConnectionError, asyncpg.TooManyConnectionsError, OSError, TimeoutError)):
        _LOG.error("unavailable", extra={"fields": {"request_id": str(request_id), "cause": type(error).__name__}})
        return Unavailable("database_unavailable", "The database does not answer.", hint="Try again shortly.")
    _LOG.error("internal", exc_info=error, extra={"fields": {"request_id": str(request_id)}})
    return Internal("internal", f"Something failed on our side ({request_id}).", hint="Report this number.")


def error_body(error: HubError, path: list[str | int] | None = None) -> dict[str, Any]:
    """An entry of ``errors``."""
    body: dict[str, Any] = {"message": error.detail + (f" {error.hint}" if error.hint else "")}
    if path:
        body["path"] = path
    body["extensions"] = {"code": error.graphql_code, "reason": error.code, "detail": error.detail, "hint": error.hint}
    return body


def graphql_bodies(errors: GraphQLErrors) -> list[dict[str, Any]]:
    """Entries for errors that GraphQL itself defines."""
    bodies = []
    for error in errors.errors:
        body: dict[str, Any] = dict(error.formatted)
        body["extensions"] = {"code": "GRAPHQL_VALIDATION_FAILED", **(error.extensions or {})}
        bodies.append(body)
    return bodies
