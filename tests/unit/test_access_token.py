"""Tokens: only what this hub signed, for this hub, and until it expires."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from hub.access.actor import Actor
from hub.access.token import issue_token, read_token
from hub.clock import ZONE, FixedClock
from hub.errors import Unauthenticated

SECRET = b"a secret of the tests, 32 bytes!"
NOW = datetime(2026, 6, 15, 9, 0, tzinfo=ZONE)
CLOCK = FixedClock(NOW)
ACTOR = Actor(7, "station", "a station", None, "530627001000", None, None, ("employment_service",))
CLAIMS = {
    "iss": "yunqiao", "aud": "yunqiao-hub", "sub": "7", "jti": "x",
    "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60,
}  # fmt: skip


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_speaks_for_its_actor_until_it_expires() -> None:
    token = issue_token(ACTOR, secret=SECRET, clock=CLOCK, valid_for=timedelta(hours=1))
    claims = read_token(token, secret=SECRET, clock=CLOCK)
    assert (claims.actor_id, claims.expires_at) == (7, NOW + timedelta(hours=1))
    assert read_token(token, secret=SECRET, clock=FixedClock(NOW + timedelta(minutes=59))) == claims
    with pytest.raises(Unauthenticated, match="token_expired"):
        read_token(token, secret=SECRET, clock=FixedClock(NOW + timedelta(hours=1)))


def test_no_two_tokens_are_the_same() -> None:
    first, second = (issue_token(ACTOR, secret=SECRET, clock=CLOCK, valid_for=timedelta(hours=1)) for _ in range(2))
    assert first != second


def test_a_token_holds_no_scope_of_its_own() -> None:
    token = issue_token(ACTOR, secret=SECRET, clock=CLOCK, valid_for=timedelta(hours=1))
    assert set(jwt.decode(token, options={"verify_signature": False})) == {"iss", "aud", "sub", "iat", "exp", "jti"}


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: jwt.encode(CLAIMS, b"another secret, also of 32 bytes", "HS256"), id="wrong secret"),
        pytest.param(lambda: jwt.encode(CLAIMS, SECRET * 2, "HS512"), id="another algorithm"),
        pytest.param(lambda: f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(CLAIMS)}.", id="none"),
        pytest.param(lambda: f"{_part({'alg': 'NONE', 'typ': 'JWT'})}.{_part(CLAIMS)}.", id="NONE"),
        pytest.param(
            lambda: (
                f"{_part({'alg': 'none'})}.{_part(CLAIMS)}." + jwt.encode(CLAIMS, SECRET, "HS256").rpartition(".")[2]
            ),
            id="none with a signature",
        ),
        pytest.param(lambda: jwt.encode({**CLAIMS, "aud": "another"}, SECRET, "HS256"), id="another audience"),
        pytest.param(lambda: jwt.encode({**CLAIMS, "iss": "another"}, SECRET, "HS256"), id="another issuer"),
        *(
            pytest.param(
                lambda name=name: jwt.encode({k: v for k, v in CLAIMS.items() if k != name}, SECRET, "HS256"),
                id=f"without {name}",
            )
            for name in CLAIMS
        ),
        pytest.param(lambda: jwt.encode({**CLAIMS, "sub": "Person:7"}, SECRET, "HS256"), id="no actor's key"),
        pytest.param(lambda: jwt.encode({**CLAIMS, "exp": 10**18}, SECRET, "HS256"), id="absurd term"),
        pytest.param(lambda: "", id="empty"),
        pytest.param(lambda: "a.b.c", id="no token"),
        pytest.param(lambda: "x" * 10_000, id="far too long"),
    ],
)
def test_what_is_not_ours_is_refused_without_saying_why(make: Callable[[], str]) -> None:
    with pytest.raises(Unauthenticated, match="token_invalid"):
        read_token(make(), secret=SECRET, clock=CLOCK)


def test_a_changed_token_is_refused() -> None:
    head, body, signature = issue_token(ACTOR, secret=SECRET, clock=CLOCK, valid_for=timedelta(hours=1)).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    with pytest.raises(Unauthenticated, match="token_invalid"):
        read_token(f"{head}.{_part({**claims, 'sub': '1'})}.{signature}", secret=SECRET, clock=CLOCK)
