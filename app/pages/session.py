"""Who is looking: a signed token in a cookie, and a token in every form against forgery from other sites."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from app.signon import Desk
from hub.access.actor import Actor
from hub.api.exports.form import ExportForm
from hub.api.exports.service import Export
from hub.errors import Forbidden

COOKIE = "session"

R = TypeVar("R", bound=Response)


class Hub(Protocol):
    """What the pages need of the server: signing in, and GraphQL with the rights of whoever signed in."""

    def desk(self) -> Desk:
        """Where people sign in and out."""
        ...

    async def actor_of(self, token: str) -> Actor:
        """The actor a token speaks for."""
        ...

    async def execute(
        self, *, actor: Actor, purpose: str, document: str, operation_name: str, variables: dict[str, object]
    ) -> dict[str, object]:
        """A GraphQL response: data, errors, extensions."""
        ...

    def export(self, form: ExportForm, *, actor: Actor, purpose: str) -> AbstractAsyncContextManager[Export]:
        """An export with the actor's rights."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in visit."""

    actor: Actor
    token: str
    secret: bytes

    @property
    def csrf(self) -> str:
        """The token of this session's forms. Other sites cannot read it, so they cannot send it."""
        return hmac.new(self.secret, b"form:" + self.token.encode(), hashlib.sha256).hexdigest()

    def check_form(self, sent: object) -> None:
        """Raises Forbidden ``form_expired`` unless ``sent`` is this session's form token."""
        if not isinstance(sent, str) or not hmac.compare_digest(sent.encode("utf-8", "replace"), self.csrf.encode()):
            raise Forbidden("form_expired", "The form does not belong to this session.", hint="Load the page again.")


def keep_session(response: R, request: Request, token: str, *, max_age_s: int) -> R:
    """Set the cookie: unreadable for scripts, not sent along from other sites, over TLS alone where there is TLS."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


def end_session(response: R) -> R:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path="/")
    return response
