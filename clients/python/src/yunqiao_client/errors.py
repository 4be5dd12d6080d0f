"""What the hub refuses, as exceptions. ``reason`` is the stable code, listed in the hub's docs/errors.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class HubError(Exception):
    """The hub answered with an error, or did not answer.

    Attributes
    ----------
    reason
        Stable code, like ``version_stale``.
    status
        HTTP status; 0 where no answer came.
    request_id
        Finds the request in the hub's audit and log; None where no answer came.
    errors
        All errors as they came; this exception speaks of the first.
    data
        What was answered beside them; a query's other roots may be whole.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        status: int = 0,
        request_id: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason, self.status, self.request_id = reason, status, request_id
        self.errors, self.data = list(errors), data


class InvalidInput(HubError):
    """What was sent cannot be used as it stands; sending it again will not help."""


class Unauthenticated(HubError):
    """The token is missing, wrong or expired."""


class Forbidden(HubError):
    """You may not do this, or not for this purpose."""


class NotFound(HubError):
    """There is no such thing, or it is out of your sight."""


class Conflict(HubError):
    """Somebody else was faster: read it again, then decide."""


class LimitExceeded(HubError):
    """More was asked for than is answered at once, or too often."""


class Unavailable(HubError):
    """The hub, or a part it needs, does not answer; it was tried again as often as the policy says."""


_KINDS: dict[str, type[HubError]] = {
    "INVALID_INPUT": InvalidInput,
    "INVALID_TRANSITION": InvalidInput,
    "GRAPHQL_VALIDATION_FAILED": InvalidInput,
    "FORBIDDEN_FIELD": Forbidden,
    "UNAUTHENTICATED": Unauthenticated,
    "FORBIDDEN": Forbidden,
    "NOT_FOUND": NotFound,
    "CONFLICT": Conflict,
    "LIMIT_EXCEEDED": LimitExceeded,
    "UNAVAILABLE": Unavailable,
}


def error_of(
    errors: Sequence[Mapping[str, Any]], *, status: int, request_id: str | None, data: Mapping[str, Any] | None
) -> HubError:
    """The exception for an answer's ``errors``."""
    first = errors[0]
    told: Mapping[str, Any] = first.get("extensions") or {}
    kind = _KINDS.get(str(told.get("code")), HubError)
    return kind(
        str(first.get("message", "The hub refused.")),
        reason=str(told.get("reason") or told.get("code") or "graphql").lower(),
        status=status,
        request_id=request_id,
        errors=errors,
        data=data,
    )
