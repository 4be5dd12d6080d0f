"""From errors to answers: one table for GraphQL code, HTTP status and log level (they stand with the errors)."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import asyncpg
from graphql import GraphQLError

from hub.errors import Conflict, Forbidden, HubError, Internal, InvalidInput, LimitExceeded, Unavailable
from hub.query.engine import GraphQLErrors

_LOG = logging.getLogger("hub.api")

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    OSError,
    TimeoutError,
)
#: A value that PostgreSQL cannot take: too large, half a character, a region that is not there.
_UNFIT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    OverflowError,
    UnicodeError,
)
_CROSSED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


def as_hub_error(error: BaseException, request_id: uuid.UUID) -> HubError:
    """The error that may be shown. What nobody foresaw is masked; its id finds the log entry."""
    if isinstance(error, GraphQLError) and error.original_error is not None:
        return as_hub_error(error.original_error, request_id)
    fields = {"request_id": str(request_id), "cause": type(error).__name__}
    if isinstance(error, HubError):
        if error.log_level >= logging.WARNING:
            _LOG.log(error.log_level, error.code, extra={"fields": fields})
        return error
    if isinstance(error, GraphQLErrors):
        # An argument inside what a mutation returns; GraphQL's own words, which quote no row.
        return InvalidInput("graphql", error.errors[0].message)
    # A value that does not fit is an InterfaceError too where asyncpg itself refused it.
    if isinstance(error, _UNFIT) or (isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)):
        _LOG.info("value_invalid", extra={"fields": fields})
        return InvalidInput("value_invalid", "A value does not fit its field.", hint="Check what was sent.")
    if isinstance(error, _CROSSED):
        return Conflict("crossed", "Another change came between.", hint="Send the same request again.")
    if isinstance(error, asyncpg.QueryCanceledError):
        # Asked again it would take as long again: it is for whoever asks to ask for less.
        _LOG.warning("query_too_slow", extra={"fields": fields})
        return LimitExceeded(
            "query_too_slow", "This takes longer than is allowed.", hint="Ask for less at once, or narrow it down."
        )
    if isinstance(error, asyncpg.LockNotAvailableError):
        _LOG.warning("register_busy", extra={"fields": fields})
        return Unavailable("register_busy", "Another change of the register runs.", hint="Try again shortly.")
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        # The second barrier held something that the first let through: somebody should know.
        _LOG.error("barrier_refused", exc_info=error, extra={"fields": fields})
        return Forbidden("barrier_refused", "This lies outside what you may do.", hint="Report it if it should not.")
    # Of asyncpg's own complaints only those about a connection that is gone are the server's; the rest are our faults.
    gone = isinstance(error, asyncpg.InterfaceError) and any(word in str(error) for word in ("closed", "closing"))
    if gone or isinstance(error, _AWAY):
        _LOG.error("unavailable", extra={"fields": fields})
        return Unavailable("database_unavailable", "The database does not answer.", hint="Try again shortly.")
    _LOG.error("internal", exc_info=error, extra={"fields": fields})
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
