"""Signed tokens: who, until when, for this hub only.

HS256 with the installation's secret; the algorithm is fixed here and never read from the token (RFC 8725, 3.1).
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import jwt

from hub.access.actor import Actor
from hub.clock import Clock
from hub.errors import Unauthenticated

_ALGORITHM = "HS256"
_ISSUER = "yunqiao"
_AUDIENCE = "yunqiao-hub"


def issue_token(actor: Actor, *, secret: bytes, clock: Clock, valid_for: timedelta) -> str:
    """A token that speaks for an actor until it expires or the actor is revoked."""
    now = clock.now()
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": str(actor.actor_id),
        "iat": int(now.timestamp()),
        "exp": int((now + valid_for).timestamp()),
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def read_token(text: str, *, secret: bytes, clock: Clock) -> int:
    """The key of the actor a token speaks for.

    Raises
    ------
    Unauthenticated
        ``token_expired``, or ``token_invalid`` without saying what is wrong with it.
    """
    try:
        claims = jwt.decode(
            text,
            secret,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            options={"require": ["exp", "iat", "sub", "jti"], "verify_exp": False, "verify_iat": False},
        )
        actor_id, expires = int(claims["sub"]), int(claims["exp"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("token_invalid", "The token is not one of ours.", hint="Sign in again.") from error
    # By the hub's clock, which a test can hold still.
    if clock.now().timestamp() >= expires:
        raise Unauthenticated("token_expired", "The token has expired.", hint="Sign in again.")
    return actor_id
