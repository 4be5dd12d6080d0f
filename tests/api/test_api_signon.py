"""Bearer tokens of an OpenID provider at the endpoint: taken, or refused, logged and audited."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from app.server import build_app
from hub.access.actor import Actor
from hub.access.actors import store_revocation
from hub.access.signon import gate
from hub.access.signon.links import store_link, store_token_revocation, store_tokens_revocation, store_unlinking
from hub.access.token import issue_token
from hub.clock import FixedClock
from hub.settings import Settings
from tests.api.conftest import WUFENG
from tests.api.test_api_server import running
from tests.provider import AUDIENCE, CLIENT, Idp, b64, ec_key, rsa_key, running_idp, sign, sign_text

KEY, OTHER, CURVE = rsa_key("first"), rsa_key("first"), ec_key()
ME = {"query": "{ me { kind } }"}
Make = Callable[..., Awaitable[Actor]]


@pytest.fixture(scope="module")
def provider() -> Iterator[Idp]:
    with running_idp() as started:
        yield started


@pytest.fixture
def idp(provider: Idp) -> Idp:
    """The provider, as it is before any test."""
    provider.set(KEY, CURVE, discovery={}, status=200, token=[400, {}])
    return provider


def configured(settings: Settings, folder: Path, idp: Idp, extra: str = "") -> Settings:
    """Settings with this provider."""
    file = folder / "providers.toml"
    file.write_text(
        f"""
        public_url = "http://127.0.0.1:9"
        [providers.test]
        title = {{ zh = "试用认证", en = "Test identity" }}
        issuer = "{idp.issuer}"
        audience = "{AUDIENCE}"
        client_id = "{CLIENT}"
        algorithms = ["RS256", "ES256"]
        refetch_after_s = 1
        {extra}
        """,
        encoding="utf-8",
    )
    return replace(settings, providers_file=file)


@pytest.fixture
def with_provider(settings: Settings, idp: Idp, tmp_path: Path) -> Settings:
    return configured(settings, tmp_path, idp)


@pytest.fixture
async def client(with_provider: Settings, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    async with running(build_app(with_provider, clock=clock)) as opened:
        yield opened


@pytest.fixture
async def station(actors: Make, pool: asyncpg.Pool, idp: Idp, clock: FixedClock) -> Actor:
    """A station that the provider's `somebody` speaks for."""
    actor = await actors("station", region_code=WUFENG)
    await store_link(pool, issuer=idp.issuer, subject="somebody", actor_id=actor.actor_id, clock=clock)
    return actor


class Turning:
    """A clock that the test turns on."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.date()


async def ask(client: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=ME, headers={"Authorization": f"Bearer {token}", **headers})


def reason_of(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["reason"])


async def last_entry(pool: asyncpg.Pool) -> Any:
    return await pool.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")


async def test_a_token_in_order_is_taken(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, pool: asyncpg.Pool
) -> None:
    for key in (KEY, CURVE):
        answer = await ask(client, sign(key, idp.claims(clock.now())))
        assert answer.json() == {"data": {"me": {"kind": "station"}}}, answer.text
    entry = await last_entry(pool)
    assert (entry["actor_id"], entry["actor_kind"], entry["allowed"]) == (station.actor_id, "station", True)


def _hs256_with_the_public_key(idp: Idp, now: datetime) -> str:
    """What a library that reads the algorithm from the token would take (RFC 8725, 2.1)."""
    public = KEY.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = b64(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "first"}).encode())
    text = f"{head}.{b64(json.dumps(idp.claims(now)).encode())}"
    return (
        f"{text}.{b64(jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(text.encode(), public))}"
    )


def _changed(idp: Idp, now: datetime, **changed: Any) -> str:
    return sign(KEY, idp.claims(now, **changed))


def _twice(idp: Idp, now: datetime, *, head: bool = False) -> str:
    claims = json.dumps(idp.claims(now))
    if head:
        return sign_text(KEY, '{"alg":"none","typ":"at+jwt","kid":"first","alg":"RS256"}', claims)
    return sign_text(KEY, '{"alg":"RS256","typ":"at+jwt","kid":"first"}', '{"sub":"an administrator",' + claims[1:])


def _none(idp: Idp, now: datetime, name: str) -> str:
    head = b64(json.dumps({"alg": name, "typ": "at+jwt", "kid": "first"}).encode())
    return f"{head}.{b64(json.dumps(idp.claims(now)).encode())}."


def _seconds(now: datetime, seconds: int) -> int:
    return int((now + timedelta(seconds=seconds)).timestamp())


_BRINGS_A_KEY = {"jwk": OTHER.public, "x5c": ["MIIB"], "x5t": "abc"}

#: How a token is made; the code that its sender gets; the word in the log.
REFUSED: dict[str, tuple[Callable[[Idp, datetime], str], str, str]] = {
    "another issuer": (lambda i, n: _changed(i, n, iss="https://id.example"), "token_invalid", "issuer"),
    "issuer with a slash": (lambda i, n: _changed(i, n, iss=i.issuer + "/"), "token_invalid", "issuer"),
    "no issuer": (lambda i, n: _changed(i, n, iss=None), "token_invalid", "issuer"),
    "issuer no text": (lambda i, n: _changed(i, n, iss=[i.issuer]), "token_invalid", "issuer"),
    "ours, signed by them": (lambda i, n: _changed(i, n, iss="yunqiao", aud="yunqiao-hub", sub="1"), "token_invalid",
                             "token_invalid"),
    "another audience": (lambda i, n: _changed(i, n, aud="another"), "token_invalid", "audience"),
    "no audience": (lambda i, n: _changed(i, n, aud=None), "token_invalid", "audience"),
    "audience no text": (lambda i, n: _changed(i, n, aud=[AUDIENCE, 5]), "token_invalid", "audience"),
    "several audiences, no client": (
        lambda i, n: _changed(i, n, aud=[AUDIENCE, "another"], client_id=None), "token_invalid", "client"),
    "none": (lambda i, n: _none(i, n, "none"), "token_invalid", "algorithm"),
    "None": (lambda i, n: _none(i, n, "None"), "token_invalid", "algorithm"),
    "HS256 with the public key": (_hs256_with_the_public_key, "token_invalid", "algorithm"),
    "an algorithm not allowed": (lambda i, n: sign(KEY, i.claims(n), alg="RS512"), "token_invalid", "algorithm"),
    "algorithm of another key": (lambda i, n: sign(KEY, i.claims(n), alg="ES256"), "token_invalid", "key_unfit"),
    "no algorithm": (lambda i, n: sign(KEY, i.claims(n), alg=None), "token_invalid", "algorithm"),
    "expired": (lambda i, n: _changed(i, n, exp=_seconds(n, -11)), "token_expired", "expired"),
    "no term": (lambda i, n: _changed(i, n, exp=None), "token_invalid", "times"),
    "term no number": (lambda i, n: _changed(i, n, exp="never"), "token_invalid", "times"),
    "term true": (lambda i, n: _changed(i, n, exp=True), "token_invalid", "times"),
    "absurd term": (lambda i, n: _changed(i, n, exp=10**30), "token_invalid", "times"),
    "endless term": (lambda i, n: sign_text(KEY, '{"alg":"RS256","typ":"at+jwt","kid":"first"}', json.dumps(
        i.claims(n, exp=float("inf")))), "token_invalid", "malformed"),
    "not yet valid": (lambda i, n: _changed(i, n, nbf=_seconds(n, 11)), "token_invalid", "not_yet_valid"),
    "issued in the future": (lambda i, n: _changed(i, n, iat=_seconds(n, 11)), "token_invalid", "issued_in_future"),
    "not issued": (lambda i, n: _changed(i, n, iat=None), "token_invalid", "times"),
    "swapped key": (lambda i, n: sign(OTHER, i.claims(n)), "token_invalid", "signature"),
    "unknown key": (lambda i, n: sign(KEY, i.claims(n), kid="forged"), "token_invalid", "key_unknown"),
    "key named by a path": (lambda i, n: sign(KEY, i.claims(n), kid="../../dev/null"), "token_invalid", "key_unknown"),
    "key named by a number": (lambda i, n: sign(KEY, i.claims(n), kid=0), "token_invalid", "key_unknown"),
    "key of another kind": (lambda i, n: sign(KEY, i.claims(n), kid="curve"), "token_invalid", "key_unfit"),
    "brings a key": (lambda i, n: sign(OTHER, i.claims(n), **_BRINGS_A_KEY), "token_invalid", "signature"),
    "brings keys by address": (
        lambda i, n: sign(OTHER, i.claims(n), jku=f"{i.issuer}/forged", x5u=f"{i.issuer}/forged"),
        "token_invalid", "signature"),
    "asks for more": (lambda i, n: sign(KEY, i.claims(n), crit=["exp"]), "token_invalid", "critical"),
    "unencoded": (lambda i, n: sign(KEY, i.claims(n), b64=False), "token_invalid", "critical"),
    "ID token by its type": (lambda i, n: sign(KEY, i.claims(n), typ="JWT"), "token_invalid", "type"),
    "no type": (lambda i, n: sign(KEY, i.claims(n), typ=None), "token_invalid", "type"),
    "type no text": (lambda i, n: sign(KEY, i.claims(n), typ=1), "token_invalid", "type"),
    "ID token by its audience": (lambda i, n: _changed(i, n, aud=CLIENT), "token_invalid", "audience"),
    "ID token by its nonce": (lambda i, n: _changed(i, n, nonce="x"), "token_invalid", "id_token"),
    "ID token of Keycloak": (lambda i, n: _changed(i, n, typ="ID"), "token_invalid", "id_token"),
    "bound to a key": (lambda i, n: _changed(i, n, cnf={"jkt": "x"}), "token_invalid", "bound"),
    "nobody": (lambda i, n: _changed(i, n, sub=None), "token_invalid", "subject"),
    "empty": (lambda i, n: _changed(i, n, sub=""), "token_invalid", "subject"),
    "nul": (lambda i, n: _changed(i, n, sub="a\x00b"), "token_invalid", "subject"),
    "half a character": (lambda i, n: _changed(i, n, sub="\ud800"), "token_invalid", "subject"),
    "number": (lambda i, n: _changed(i, n, sub=1), "token_invalid", "subject"),
    "odd token id": (lambda i, n: _changed(i, n, jti={}), "token_invalid", "subject"),
    "a claim twice": (_twice, "token_invalid", "duplicate_name"),
    "an algorithm twice": (lambda i, n: _twice(i, n, head=True), "token_invalid", "duplicate_name"),
    "huge": (lambda i, n: _changed(i, n, roles=["x" * 50] * 200), "token_invalid", "too_long"),
    "deep": (lambda i, n: f"{b64(b'[' * 3000)}.{b64(b'{}')}.x", "token_invalid", "malformed"),
    "no object": (lambda i, n: f"{b64(b'[]')}.{b64(b'[]')}.x", "token_invalid", "malformed"),
    "no token": (lambda i, n: "opaque", "token_invalid", "malformed"),
    "encrypted": (lambda i, n: "a.b.c.d.e", "token_invalid", "malformed"),
    "no JSON": (lambda i, n: "a.b.c", "token_invalid", "malformed"),
    "somebody not linked": (lambda i, n: _changed(i, n, sub="a stranger"), "subject_unknown", "subject_unknown"),
    "cut": (lambda i, n: _changed(i, n)[:-20], "token_invalid", "signature"),
    "no signature": (lambda i, n: _changed(i, n).rpartition(".")[0] + ".", "token_invalid", "signature"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_a_token_out_of_order_is_refused_logged_and_audited(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, pool: asyncpg.Pool,
    caplog: pytest.LogCaptureFixture, name: str,
) -> None:  # fmt: skip
    make, code, why = REFUSED[name]
    token = make(idp, clock.now())
    with caplog.at_level(logging.INFO, logger="hub.access.signon"):
        answer = await ask(client, token)
    assert reason_of(answer) == code
    assert answer.status_code == (403 if code == "subject_unknown" else 401)
    (line,) = [record for record in caplog.records if record.getMessage() == "token_refused"]
    assert getattr(line, "fields") == {"why": why}  # noqa: B009 - set by the logging call
    entry = await last_entry(pool)
    assert (entry["action"], entry["allowed"], entry["reason"], entry["actor_id"]) == ("request", False, code, None)
    assert "/forged" not in idp.counts()
    said = " ".join(record.getMessage() + repr(record.__dict__) for record in caplog.records) + answer.text
    assert "stranger" not in said
    assert not re.search(r"[A-Za-z0-9_-]{30,}\.[A-Za-z0-9_-]{30,}", said), "no token in log or answer"


async def test_a_forged_token_is_never_believed_because_it_was_asked_twice(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock
) -> None:
    right = sign(KEY, idp.claims(clock.now()))
    assert (await ask(client, right)).status_code == 200
    for _ in range(2):
        assert (await ask(client, right[:-4] + "AAAA")).status_code == 401


@pytest.mark.parametrize("changed", [{"exp": -9}, {"nbf": 9}, {"iat": 9}], ids=str)
async def test_clocks_may_differ_a_little(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, changed: dict[str, int]
) -> None:
    moved = {name: _seconds(clock.now(), value) for name, value in changed.items()}
    assert (await ask(client, sign(KEY, idp.claims(clock.now(), **moved)))).status_code == 200


async def test_a_token_that_was_taken_is_refused_once_it_has_expired(
    with_provider: Settings, station: Actor, idp: Idp, clock: FixedClock
) -> None:
    turning = Turning(clock.now())
    async with running(build_app(with_provider, clock=turning)) as client:
        token = sign(KEY, idp.claims(clock.now()))
        assert (await ask(client, token)).status_code == 200
        turning.at += timedelta(seconds=611)
        assert reason_of(await ask(client, token)) == "token_expired"


async def _until(client: httpx.AsyncClient, token: str, status: int) -> httpx.Response:
    """The first answer with this status; what a revocation or a new key needs to be noticed is seconds."""
    for _ in range(200):
        answer = await ask(client, token)
        if answer.status_code == status:
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"it stayed {answer.status_code}")


async def test_a_revoked_token_is_refused_and_others_of_its_subject_are_not(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, pool: asyncpg.Pool
) -> None:
    token, other = (sign(KEY, idp.claims(clock.now(), jti=name)) for name in ("one", "two"))
    assert (await ask(client, token)).status_code == 200
    expires_at = clock.now() + timedelta(hours=1)
    await store_token_revocation(pool, issuer=idp.issuer, token_id="one", expires_at=expires_at, clock=clock)
    assert reason_of(await _until(client, token, 401)) == "token_revoked"
    assert (await last_entry(pool))["reason"] == "token_revoked"
    assert (await ask(client, other)).status_code == 200


async def test_a_local_token_is_revoked_the_same_way(
    client: httpx.AsyncClient, station: Actor, settings: Settings, clock: FixedClock, pool: asyncpg.Pool
) -> None:
    token, other = (
        issue_token(station, secret=settings.token_secret, clock=clock, valid_for=timedelta(hours=1)) for _ in range(2)
    )
    assert (await ask(client, token)).status_code == 200
    token_id = jwt.decode(token, options={"verify_signature": False})["jti"]
    expires_at = clock.now() + timedelta(hours=1)
    await store_token_revocation(pool, issuer="yunqiao", token_id=token_id, expires_at=expires_at, clock=clock)
    assert reason_of(await _until(client, token, 401)) == "token_revoked"
    assert (await ask(client, other)).status_code == 200


async def test_all_tokens_of_an_actor_end_and_new_ones_begin(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, pool: asyncpg.Pool
) -> None:
    old, new = (sign(KEY, idp.claims(clock.now(), iat=_seconds(clock.now(), at))) for at in (0, 1))
    assert (await ask(client, old)).status_code == 200
    await store_tokens_revocation(pool, station.actor_id, clock=clock)
    assert reason_of(await _until(client, old, 401)) == "token_revoked"
    assert (await ask(client, new)).status_code == 200


async def test_a_revoked_actor_and_an_ended_link_open_nothing(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, pool: asyncpg.Pool
) -> None:
    token = sign(KEY, idp.claims(clock.now()))
    await store_unlinking(pool, issuer=idp.issuer, subject="somebody", clock=clock)
    assert reason_of(await _until(client, token, 403)) == "subject_unknown"
    await store_link(pool, issuer=idp.issuer, subject="somebody", actor_id=station.actor_id, clock=clock)
    newer = sign(KEY, idp.claims(clock.now(), iat=_seconds(clock.now(), 1)))
    assert (await ask(client, newer)).status_code == 200, "ending the link ended the tokens until then"
    await store_revocation(pool, station.actor_id, clock=clock)
    assert reason_of(await _until(client, newer, 401)) == "actor_revoked"


async def test_keys_change_without_a_restart(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock
) -> None:
    old = sign(KEY, idp.claims(clock.now()))
    assert (await ask(client, old)).status_code == 200
    new = rsa_key("next")
    idp.set(new)
    await _until(client, sign(new, idp.claims(clock.now())), 200)
    assert reason_of(await _until(client, old, 401)) == "token_invalid"


async def test_keys_without_names_change_too(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock
) -> None:
    old, new = rsa_key(None), rsa_key(None)
    idp.set(old)
    assert (await ask(client, sign(old, idp.claims(clock.now())))).status_code == 200
    idp.set(new)
    await _until(client, sign(new, idp.claims(clock.now())), 200)


async def test_while_the_provider_is_down_known_keys_work_and_unknown_providers_say_503(
    with_provider: Settings, station: Actor, clock: FixedClock, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    with running_idp() as passing:
        passing.set(KEY)
        await store_link(pool, issuer=passing.issuer, subject="somebody", actor_id=station.actor_id, clock=clock)
        settings = configured(with_provider, tmp_path, passing)
        first, second = (sign(KEY, passing.claims(clock.now(), jti=name)) for name in ("one", "two"))
        async with running(build_app(settings, clock=clock)) as client:
            assert (await ask(client, first)).status_code == 200
            passing.stop()
            assert (await ask(client, second)).status_code == 200, "its keys are at hand"
        async with running(build_app(settings, clock=clock)) as client:
            answer = await ask(client, first)
            assert (answer.status_code, reason_of(answer)) == (503, "provider_unavailable")
            assert answer.headers["retry-after"]
            assert (await last_entry(pool))["reason"] == "provider_unavailable"
            local = issue_token(station, secret=settings.token_secret, clock=clock, valid_for=timedelta(hours=1))
            assert (await ask(client, local)).status_code == 200, "accounts of the hub work on"


async def test_forged_names_of_keys_do_not_hammer_the_provider(
    settings: Settings, station: Actor, idp: Idp, clock: FixedClock, tmp_path: Path
) -> None:
    changed = configured(settings, tmp_path, idp, "keys_fresh_s = 3600")
    changed.providers_file.write_text(  # type: ignore[union-attr]  # configured above
        changed.providers_file.read_text(encoding="utf-8").replace("refetch_after_s = 1", "refetch_after_s = 600"),  # type: ignore[union-attr]  # as above
        encoding="utf-8",
    )
    async with running(build_app(changed, clock=clock)) as client:
        before = idp.counts().get("/jwks", 0)
        for number in range(30):
            forged = sign(KEY, idp.claims(clock.now()), kid=f"forged {number}")
            assert (await ask(client, forged)).status_code == 401
        assert idp.counts()["/jwks"] == before + 1


@pytest.mark.parametrize(
    ("scope", "purpose", "outcome"),
    [
        ({}, "employment_service", 200),
        ({"scope": "openid profile"}, "employment_service", 200),
        ({"scope": "openid purpose:employment_service"}, "employment_service", 200),
        ({"scope": "purpose:quality purpose:employment_service"}, "employment_service", 200),
        ({"scp": ["purpose:employment_service"]}, "employment_service", 200),
        ({"scope": "purpose:administration"}, "administration", "scope_missing"),
        ({"scope": "purpose:"}, "employment_service", "scope_missing"),
        ({"scope": "purpose:employment_service purpose:administration"}, "administration", "purpose_not_granted"),
    ],
)
async def test_scopes_narrow_purposes_and_never_widen_them(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, scope: dict[str, Any], purpose: str,
    outcome: int | str,
) -> None:  # fmt: skip
    answer = await ask(client, sign(KEY, idp.claims(clock.now(), **scope)), **{"X-Purpose": purpose})
    if outcome == 200:
        assert answer.status_code == 200, answer.text
    else:
        assert (answer.status_code, reason_of(answer)) == (403, outcome)


async def test_an_installation_may_ask_for_scopes(
    settings: Settings, station: Actor, idp: Idp, clock: FixedClock, tmp_path: Path
) -> None:
    strict = configured(settings, tmp_path, idp, "purpose_scopes_required = true")
    async with running(build_app(strict, clock=clock)) as client:
        assert reason_of(await ask(client, sign(KEY, idp.claims(clock.now())))) == "scope_missing"
        scoped = idp.claims(clock.now(), scope="purpose:employment_service")
        assert (await ask(client, sign(KEY, scoped))).status_code == 200


RULES = """
token_types = ["at+jwt", "JWT"]
clients = ["a-machine"]
[[providers.test.actors]]
when = { "realm_access.roles" = "station", office = "yes" }
kind = "station"
region_claim = "region"
[[providers.test.actors]]
when = { roles = "civil-affairs" }
kind = "department"
department = "civil_affairs"
region_claim = "region"
"""


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"realm_access": {"roles": ["x", "station"]}, "office": "yes", "region": WUFENG}, "station"),
        ({"realm_access.roles": "station", "office": "yes", "region": WUFENG}, "station"),
        ({"roles": ["civil-affairs"], "region": "530627000000"}, "department"),
        ({"realm_access": {"roles": ["station"]}, "region": WUFENG}, "subject_unknown"),
        ({"realm_access": "station", "office": "yes", "region": WUFENG}, "subject_unknown"),
        ({"realm_access": {"roles": "a station"}, "office": "yes", "region": WUFENG}, "subject_unknown"),
        ({"roles": ["civil-affairs"]}, "token_invalid"),
        ({"roles": ["civil-affairs"], "region": "990000000000"}, "token_invalid"),
        ({"roles": ["civil-affairs"], "region": "'; DROP TABLE access.actor; --"}, "token_invalid"),
        ({"roles": ["civil-affairs"], "region": "530627000000", "client_id": "another"}, "token_invalid"),
        ({"roles": ["civil-affairs"], "region": "530627000000", "azp": "another"}, "token_invalid"),
    ],
)
async def test_claims_make_an_actor_by_rule(
    settings: Settings, register: None, idp: Idp, clock: FixedClock, tmp_path: Path, claims: dict[str, Any],
    outcome: str,
) -> None:  # fmt: skip
    async with running(build_app(configured(settings, tmp_path, idp, RULES), clock=clock)) as client:
        token = sign(KEY, idp.claims(clock.now(), **{"client_id": "a-machine", **claims}), typ="JWT")
        purpose = "employment_service" if outcome == "station" else "social_assistance"
        answer = await client.post(
            "/graphql", json=ME, headers={"Authorization": f"Bearer {token}", "X-Purpose": purpose}
        )
        if outcome in ("station", "department"):
            assert answer.json() == {"data": {"me": {"kind": outcome}}}, answer.text
        else:
            assert reason_of(answer) == outcome


async def test_a_rule_is_no_way_around_a_revocation(
    settings: Settings, actors: Make, idp: Idp, clock: FixedClock, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    actor = await actors("station", region_code=WUFENG)
    await store_revocation(pool, actor.actor_id, clock=clock)
    async with running(build_app(configured(settings, tmp_path, idp, RULES), clock=clock)) as client:
        claims = {"realm_access": {"roles": ["station"]}, "office": "yes", "region": WUFENG, "client_id": "a-machine"}
        assert reason_of(await ask(client, sign(KEY, idp.claims(clock.now(), **claims)))) == "actor_revoked"
    assert await pool.fetchval("SELECT count(*) FROM access.actor WHERE kind = 'station'") == 1


async def test_a_busy_client_costs_no_statement_a_request(
    client: httpx.AsyncClient, station: Actor, idp: Idp, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = gate.fetch_token_revoked

    async def counted(*args: Any, **named: Any) -> bool:
        asked.append("once")
        return await real(*args, **named)

    monkeypatch.setattr(gate, "fetch_token_revoked", counted)
    token = sign(KEY, idp.claims(clock.now()))
    for _ in range(10):
        assert (await ask(client, token)).status_code == 200
    assert 1 <= len(asked) < 10
