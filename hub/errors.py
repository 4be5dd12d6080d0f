"""Errors that a caller can act on.

Every error says what is wrong (``detail``), where that helps, and what to do (``hint``), and carries a stable ``code``.
None of the three may hold personal data: they reach logs, answers and terminals. A bad row of a feed is a Rejection, a
failed rule a Verdict, a denial a Decision; none of those is an exception.
"""

from __future__ import annotations

import logging
from typing import ClassVar


class HubError(Exception):
    """Something went wrong.

    Parameters
    ----------
    code
        Stable identifier in snake_case; documented in docs/errors.md.
    detail
        One sentence saying what is wrong; the class's docstring when empty.
    hint
        One sentence saying what to do.
    """

    graphql_code: ClassVar[str] = "INTERNAL"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 70
    log_level: ClassVar[int] = logging.ERROR

    def __init__(self, code: str, detail: str = "", *, hint: str = "") -> None:
        self.code = code
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        super().__init__(f"{code}: {self.detail}")

    def line(self) -> str:
        """The one line shown on a terminal."""
        return f"{self.code}: {self.detail}" + (f" {self.hint}" if self.hint else "")


class InvalidInput(HubError):
    """What was given cannot be used as it stands."""

    graphql_code, http_status, exit_code, log_level = "INVALID_INPUT", 400, 65, logging.INFO


class Unauthenticated(HubError):
    """No valid token came with the request."""

    graphql_code, http_status, exit_code, log_level = "UNAUTHENTICATED", 401, 77, logging.INFO


class Forbidden(HubError):
    """The actor may not do this."""

    graphql_code, http_status, exit_code, log_level = "FORBIDDEN", 403, 77, logging.WARNING


class NotFound(HubError):
    """There is no such thing, or the actor may not know of it."""

    graphql_code, http_status, exit_code, log_level = "NOT_FOUND", 404, 66, logging.INFO


class Conflict(HubError):
    """Somebody else was faster, or the same key was used for something else."""

    graphql_code, http_status, exit_code, log_level = "CONFLICT", 409, 75, logging.INFO


class InvalidTransition(HubError):
    """A case cannot go from where it is to where it was sent."""

    graphql_code, http_status, exit_code, log_level = "INVALID_TRANSITION", 409, 65, logging.INFO


class LimitExceeded(HubError):
    """The request asks for more than is allowed at once."""

    graphql_code, http_status, exit_code, log_level = "LIMIT_EXCEEDED", 413, 65, logging.INFO


class Unavailable(HubError):
    """A part that is needed does not answer just now."""

    graphql_code, http_status, exit_code, log_level = "UNAVAILABLE", 503, 69, logging.ERROR


class Internal(HubError):
    """Something failed that should not have."""
