"""Signed tokens: who, until when, for this hub only.

HS256 with the installation's secret; the algorithm is fixed here and never read from the token (RFC 8725, 3.1).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from hub.access.actor import Actor
from hub.clock import Clock
from hub.errors import Unauthenticated

_ALGORITHM = "HS256"
#: No provider can have it: theirs are addresses.
ISSUER = "yunqiao"
_AUDIENCE = "yunqiao-hub"
#: No token of ours comes near it; longer ones are not looked at.
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a token says: for whom, which token, from when, until when."""

    actor_id: int
    token_id: str
    issued_at: datetime
    expires_at: datetime


def issue_token(actor: Actor, *, secret: bytes, clock: Clock, valid_for: timedelta) -> str:
    """A token that speaks for an actor until it expires or the actor is revoked."""
    now = clock.now()
    claims = {
        "iss": ISSUER,
        "aud": _AUDIENCE,
        "sub": str(actor.actor_id),
        "iat": int(now.timestamp()),
        "exp": int((now + valid_for).timestamp()),
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def read_token(text: str, *, secret: bytes, clock: Clock) -> TokenClaims:
    """What a token says, once its signature, issuer, audience and term hold.

    Raises
    ------
    Unauthenticated
        ``token_expired``, or ``token_invalid`` without saying what is wrong with it.
    """
    invalid = Unauthenticated("token_invalid", "The token is not one of ours.", hint="Sign in again.")
    if len(text) > _LONGEST:
        raise invalid
    try:
        claims = jwt.decode(
            text,
            secret,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            issuer=ISSUER,
            options={"require": ["exp", "iat", "sub", "jti"], "verify_exp": False, "verify_iat": False},
        )
        read = TokenClaims(
            int(claims["sub"]),
            str(claims["jti"]),
            datetime.fromtimestamp(int(claims["iat"]), UTC),
            datetime.fromtimestamp(int(claims["exp"]), UTC),
        )
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError) as error:
        raise invalid from error
    # By the hub's clock, which a test can hold still.
    if clock.now() >= read.expires_at:
        raise Unauthenticated("token_expired", "The token has expired.", hint="Sign in again.")
    return read
