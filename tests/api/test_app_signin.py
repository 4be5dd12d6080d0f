"""Signing in to the pages with a provider: one of the package oidc-provider-mock, and one whose faults we choose."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import asyncpg
import httpx
import pytest

from app.server import build_app
from hub.access.accounts import store_account
from hub.access.actor import Actor
from hub.access.actors import store_revocation
from hub.access.signon.links import store_link, store_unlinking
from hub.access.signon.visit import cookie_name
from hub.clock import Clock, FixedClock, SystemClock
from hub.settings import Settings
from tests.api.conftest import WUFENG
from tests.api.test_api_server import running
from tests.api.test_api_signon import Turning, configured
from tests.provider import CLIENT, Idp, rsa_key, running_idp, sign

KEY, OTHER = rsa_key("first"), rsa_key("first")
Make = Callable[..., Awaitable[Actor]]
BACK = "/openings?done=x"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def mock_provider(port: int) -> Iterator[str]:
    """The package oidc-provider-mock in a process of its own; every start has another key."""
    command = [sys.executable, "-m", "oidc_provider_mock", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{issuer}/jwks", trust_env=False).raise_for_status()
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=30)


async def begin(client: httpx.AsyncClient, *, back: str = BACK) -> tuple[str, dict[str, str]]:
    """Where the browser is sent, and what with."""
    answer = await client.get("/signin/with/test", params={"back": back})
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    return where, {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}


async def consent(where: str, subject: str) -> str:
    """Somebody signs in at the provider; returns the path and query that the browser comes back with."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.post(where, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"


async def keys_of(issuer: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{issuer}/jwks")).json()


async def last_entry(pool: asyncpg.Pool) -> Any:
    return await pool.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")


@pytest.fixture
async def station(actors: Make) -> Actor:
    return await actors("station", region_code=WUFENG)


# With a real provider -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with mock_provider(_free_port()) as issuer:
        yield issuer


def _for_mock(settings: Settings, folder: Path, issuer: str) -> Settings:
    file = folder / "providers.toml"
    file.write_text(
        f"""
        public_url = "http://127.0.0.1:9"
        [providers.test]
        title = {{ zh = "省统一身份认证", en = "Provincial identity" }}
        issuer = "{issuer}"
        client_id = "{CLIENT}"
        client_secret_file = "secret"
        algorithms = ["RS256"]
        refetch_after_s = 1
        """,
        encoding="utf-8",
    )
    (folder / "secret").write_text("a secret: with odd characters % &\n", encoding="utf-8")
    return replace(settings, providers_file=file)


@pytest.fixture
async def linked(pool: asyncpg.Pool, station: Actor, mock: str) -> Actor:
    await store_link(pool, issuer=mock, subject="alice", actor_id=station.actor_id, clock=SystemClock())
    return station


async def test_somebody_signs_in_with_a_real_provider_and_out_again(
    settings: Settings, linked: Actor, mock: str, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    async with running(build_app(_for_mock(settings, tmp_path, mock))) as client:
        page = (await client.get("/signin?back=/openings")).text
        assert 'href="/signin/with/test?back=/openings"' in page
        assert "省统一身份认证" in page
        where, asked = await begin(client)
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == "http://127.0.0.1:9/signin/with/test/return"
        assert BACK not in where, "the provider does not learn where somebody is going"
        arrived = await client.get(await consent(where, "alice"))
        assert (arrived.status_code, arrived.headers["location"]) == (303, BACK), arrived.text
        assert not [name for name in client.cookies if name.startswith("signin_")], "its cookie is gone"
        assert (await client.get("/openings")).status_code == 200
        entry = await last_entry(pool)
        signed = await pool.fetchrow("SELECT * FROM audit.entry WHERE action = 'sign_in'")
        assert entry["actor_id"] == signed["actor_id"] == linked.actor_id
        assert (signed["allowed"], signed["detail"]) == (True, {"provider": "test"})
        session = client.cookies["session"]
        form = (await client.get("/openings")).text.partition('name="csrf" value="')[2].partition('"')[0]
        assert (await client.post("/signout", data={"csrf": form})).status_code == 303
        client.cookies.set("session", session)
        assert (await client.get("/openings")).headers["location"].startswith("/signin"), "a copy of the cookie is dead"


async def test_a_code_is_good_for_one_sign_in(
    settings: Settings, linked: Actor, mock: str, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    async with running(build_app(_for_mock(settings, tmp_path, mock))) as client:
        where, _ = await begin(client)
        back = await consent(where, "alice")
        code = parse_qs(urlsplit(back).query)["code"][0]
        kept = dict(client.cookies)
        assert (await client.get(back)).status_code == 303
        client.cookies.update(kept)
        again = await client.get(back)
        assert again.status_code == 401, "the same answer again"
        assert "已用过" in again.text
        assert (await last_entry(pool))["reason"] == "sign_in_replayed"
        _, fresh = await begin(client)
        stolen = await client.get("/signin/with/test/return", params={"code": code, "state": fresh["state"]})
        assert stolen.status_code == 403, "the code under another state"
        assert (await last_entry(pool))["reason"] == "sign_in_refused"


async def test_a_code_of_another_sign_in_is_refused_by_its_nonce(
    settings: Settings, linked: Actor, mock: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(build_app(_for_mock(settings, tmp_path, mock))) as client:
        where, _ = await begin(client)
        code = parse_qs(urlsplit(await consent(where, "alice")).query)["code"][0]
        _, mine = await begin(client)
        with caplog.at_level(logging.INFO, logger="hub.access.signon"):
            answer = await client.get("/signin/with/test/return", params={"code": code, "state": mine["state"]})
        # This provider does not check PKCE: what holds here is the nonce.
        assert answer.status_code == 403
        assert [record.fields for record in caplog.records if record.name == "hub.access.signon"] == [{"why": "nonce"}]  # type: ignore[attr-defined]  # set by the logging call
        assert "session" not in client.cookies


async def test_an_answer_counts_once_whichever_process_takes_it(
    settings: Settings, linked: Actor, mock: str, tmp_path: Path
) -> None:
    ready = _for_mock(settings, tmp_path, mock)
    async with running(build_app(ready)) as one, running(build_app(ready)) as two:
        where, _ = await begin(one)
        back = await consent(where, "alice")
        two.cookies.update(one.cookies)
        answers = await asyncio.gather(one.get(back), two.get(back))
        assert sorted(answer.status_code for answer in answers) == [303, 401]


async def test_another_browser_cannot_be_signed_in_with_an_answer(
    settings: Settings, linked: Actor, mock: str, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    async with running(build_app(_for_mock(settings, tmp_path, mock))) as client:
        where, _ = await begin(client)
        back = await consent(where, "alice")
        client.cookies.clear()
        assert (await client.get(back)).status_code == 401
        assert (await last_entry(pool))["reason"] == "sign_in_invalid"
        await begin(client)
        assert (await client.get(back)).status_code == 401, "a cookie of another sign-in"


async def test_somebody_whom_nobody_linked_is_told_what_to_do(
    settings: Settings, linked: Actor, mock: str, tmp_path: Path, pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(build_app(_for_mock(settings, tmp_path, mock))) as client:
        where, _ = await begin(client)
        with caplog.at_level(logging.INFO):
            answer = await client.get(await consent(where, "13800000000"))
        assert answer.status_code == 403
        assert "管理员开通" in answer.text
        assert "session" not in client.cookies
        entry = await last_entry(pool)
        assert (entry["action"], entry["allowed"], entry["reason"]) == ("sign_in", False, "subject_unknown")
        ours = [repr(record.__dict__) for record in caplog.records if record.name.startswith(("hub", "app"))]
        assert "13800000000" not in answer.text + str(dict(entry)) + "".join(ours)


async def test_a_provider_that_starts_with_another_key_is_believed_without_a_restart(
    settings: Settings, station: Actor, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    port = _free_port()
    issuer = f"http://127.0.0.1:{port}"
    await store_link(pool, issuer=issuer, subject="alice", actor_id=station.actor_id, clock=SystemClock())
    async with running(build_app(_for_mock(settings, tmp_path, issuer))) as client:
        with mock_provider(port):
            where, _ = await begin(client)
            assert (await client.get(await consent(where, "alice"))).status_code == 303
            first = await keys_of(issuer)
        where, asked = await begin(client)
        gone = await client.get("/signin/with/test/return", params={"code": "x", "state": asked["state"]})
        assert gone.status_code == 503
        assert gone.headers["retry-after"]
        assert "没有响应" in gone.text
        with mock_provider(port):
            assert await keys_of(issuer) != first
            for _ in range(100):
                where, _ = await begin(client)
                answer = await client.get(await consent(where, "alice"))
                if answer.status_code == 303:
                    break
                await asyncio.sleep(0.1)
            assert answer.status_code == 303, "the new key is read when the old ones do not fit"


# With a provider whose faults we choose -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faulty() -> Iterator[Idp]:
    with running_idp() as started:
        yield started


@pytest.fixture
def idp(faulty: Idp) -> Idp:
    faulty.set(KEY, discovery={}, status=200, token=[400, {}])
    return faulty


@pytest.fixture
async def client(
    settings: Settings, idp: Idp, station: Actor, pool: asyncpg.Pool, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    await store_link(pool, issuer=idp.issuer, subject="somebody", actor_id=station.actor_id, clock=clock)
    async with running(build_app(configured(settings, tmp_path, idp), clock=clock)) as opened:
        yield opened


def id_claims(idp: Idp, clock: Clock, nonce: str, /, **changed: Any) -> dict[str, Any]:
    return idp.claims(clock.now(), **{"aud": CLIENT, "nonce": nonce, "client_id": None, "jti": None, **changed})


async def arrive(client: httpx.AsyncClient, state: str, **more: str) -> httpx.Response:
    return await client.get("/signin/with/test/return", params={"code": "c", "state": state, **more})


async def test_an_id_token_in_order_signs_in(client: httpx.AsyncClient, idp: Idp, clock: FixedClock) -> None:
    _, asked = await begin(client)
    idp.set(token=[200, {"id_token": sign(KEY, id_claims(idp, clock, asked["nonce"]), typ="JWT")}])
    assert (await arrive(client, asked["state"], iss=idp.issuer)).status_code == 303
    assert client.cookies["session"]


FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another nonce": ({"nonce": "another"}, {}, "nonce"),
    "no nonce": ({"nonce": None}, {}, "nonce"),
    "nonce no text": ({"nonce": ["x"]}, {}, "nonce"),
    "another audience": ({"aud": "another"}, {}, "audience"),
    "an access token": ({"aud": "the-hub"}, {}, "audience"),
    "several audiences, no client": ({"aud": [CLIENT, "another"]}, {}, "client"),
    "another client": ({"azp": "another"}, {}, "client"),
    "another issuer": ({"iss": "https://id.example"}, {}, "issuer"),
    "expired": ({"exp": 1}, {}, "expired"),
    "nobody": ({"sub": None}, {}, "subject"),
    "unknown key": ({}, {"kid": "forged"}, "key_unknown"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_an_id_token_out_of_order_is_refused(
    client: httpx.AsyncClient, idp: Idp, clock: FixedClock, pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:  # fmt: skip
    changed, header, why = FAULTS[name]
    _, asked = await begin(client)
    token = sign(KEY, id_claims(idp, clock, asked["nonce"], **changed), **{"typ": "JWT", **header})
    await _refused(client, idp, asked["state"], token, why, pool, caplog)


async def test_an_id_token_of_a_swapped_key_is_refused(
    client: httpx.AsyncClient, idp: Idp, clock: FixedClock, pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    _, asked = await begin(client)
    token = sign(OTHER, id_claims(idp, clock, asked["nonce"]), typ="JWT")
    await _refused(client, idp, asked["state"], token, "signature", pool, caplog)


async def _refused(
    client: httpx.AsyncClient, idp: Idp, state: str, token: str, why: str, pool: asyncpg.Pool,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    idp.set(token=[200, {"id_token": token}])
    with caplog.at_level(logging.INFO, logger="hub.access.signon"):
        answer = await arrive(client, state)
    assert answer.status_code == 403
    assert "session" not in client.cookies
    assert [record.fields for record in caplog.records if record.name == "hub.access.signon"] == [{"why": why}]  # type: ignore[attr-defined]  # set by the logging call
    entry = await last_entry(pool)
    assert (entry["action"], entry["allowed"], entry["reason"]) == ("sign_in", False, "sign_in_refused")


@pytest.mark.parametrize(
    ("more", "status"),
    [({"iss": "https://id.example"}, 401), ({"error": "access_denied"}, 403), ({"code": ""}, 403)],
    ids=["mixed up", "denied", "no code"],
)
async def test_an_answer_that_is_none_is_refused_before_the_provider_is_asked(
    client: httpx.AsyncClient, idp: Idp, more: dict[str, str], status: int
) -> None:
    before = idp.counts().get("/token", 0)
    _, asked = await begin(client)
    assert (await arrive(client, asked["state"], **more)).status_code == status
    assert idp.counts().get("/token", 0) == before


async def test_a_provider_that_says_it_names_itself_must(client: httpx.AsyncClient, idp: Idp) -> None:
    idp.set(discovery={"authorization_response_iss_parameter_supported": True})
    _, asked = await begin(client)
    assert (await arrive(client, asked["state"])).status_code == 401


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ([400, {"error": "invalid_grant"}], 403),
        ([200, {"access_token": "x"}], 403),
        ([200, {"id_token": 5}], 403),
        ([200, ["no object"]], 503),
        ([503, {}], 503),
    ],
    ids=str,
)
async def test_a_token_endpoint_may_say_anything(
    client: httpx.AsyncClient, idp: Idp, token: list[Any], status: int
) -> None:
    idp.set(token=token)
    _, asked = await begin(client)
    assert (await arrive(client, asked["state"])).status_code == status
    assert "session" not in client.cookies


async def test_who_takes_too_long_begins_again(
    settings: Settings, idp: Idp, clock: FixedClock, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    turning = Turning(clock.now())
    async with running(build_app(configured(settings, tmp_path, idp), clock=turning)) as client:
        _, asked = await begin(client)
        turning.at += timedelta(minutes=10)
        assert (await arrive(client, asked["state"])).status_code == 401
        assert (await last_entry(pool))["reason"] == "sign_in_invalid"


@pytest.mark.parametrize("cookie", ["", "a.b.c", "x" * 4000])
async def test_a_cookie_of_somebody_elses_making_is_no_sign_in(
    client: httpx.AsyncClient, idp: Idp, cookie: str
) -> None:
    _, asked = await begin(client)
    (name,) = [name for name in client.cookies if name.startswith("signin_")]
    client.cookies.clear()
    client.headers["cookie"] = f"{name}={cookie}"
    assert (await arrive(client, asked["state"])).status_code == 401


async def test_a_cookie_under_the_name_of_another_sign_in_is_none(
    client: httpx.AsyncClient, idp: Idp, clock: FixedClock
) -> None:
    _, one = await begin(client)
    (cookie,) = [value for name, value in client.cookies.items() if name.startswith("signin_")]
    idp.set(token=[200, {"id_token": sign(KEY, id_claims(idp, clock, one["nonce"]), typ="JWT")}])
    client.cookies.clear()
    client.headers["cookie"] = f"{cookie_name('mine')}={cookie}"
    assert (await arrive(client, "mine")).status_code == 401
    assert "session" not in client.cookies


async def test_a_sign_in_with_one_provider_is_not_finished_with_another(
    settings: Settings, idp: Idp, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extra = f"""
        [providers.other]
        issuer = "http://127.0.0.1:1"
        client_id = "{CLIENT}"
        algorithms = ["RS256"]
    """
    async with running(build_app(configured(settings, tmp_path, idp, extra), clock=clock)) as client:
        _, asked = await begin(client)
        with caplog.at_level(logging.INFO, logger="hub.access.signon"):
            answer = await client.get("/signin/with/other/return", params={"code": "c", "state": asked["state"]})
    assert answer.status_code == 401
    assert [record.fields for record in caplog.records if record.name == "hub.access.signon"] == [{"why": "provider"}]  # type: ignore[attr-defined]  # set by the logging call


async def test_a_session_token_is_no_sign_in_and_a_sign_in_is_no_session(
    client: httpx.AsyncClient, idp: Idp, clock: FixedClock
) -> None:
    await begin(client)
    (kept,) = [value for name, value in client.cookies.items() if name.startswith("signin_")]
    answer = await client.post(
        "/graphql", json={"query": "{ me { kind } }"}, headers={"Authorization": f"Bearer {kept}"}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post", "none"])
async def test_the_code_goes_with_its_verifier_and_the_clients_own_proof(
    settings: Settings, idp: Idp, clock: FixedClock, tmp_path: Path, auth: str
) -> None:
    secret = "odd: % é+"
    (tmp_path / "secret").write_text(secret, encoding="utf-8")
    extra = f'client_auth = "{auth}"' + ('\nclient_secret_file = "secret"' if auth != "none" else "")
    async with running(build_app(configured(settings, tmp_path, idp, extra), clock=clock)) as client:
        (_, one), (_, two) = await begin(client), await begin(client)
        await arrive(client, one["state"])
    assert all(one[name] != two[name] for name in ("state", "nonce", "code_challenge"))
    authorization, form = idp.asked()
    digest = hashlib.sha256(form.pop("code_verifier").encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == one["code_challenge"]
    redirect_uri = "http://127.0.0.1:9/signin/with/test/return"
    plain = {"grant_type": "authorization_code", "code": "c", "redirect_uri": redirect_uri}
    if auth == "client_secret_basic":
        assert authorization is not None
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        assert [unquote_plus(part) for part in pair.split(":")] == [CLIENT, secret]
        assert form == plain
    else:
        proof = {"client_id": CLIENT, **({"client_secret": secret} if auth != "none" else {})}
        assert (authorization, form) == (None, {**plain, **proof})


async def test_an_unlinked_or_revoked_visitor_is_out(
    client: httpx.AsyncClient, idp: Idp, clock: FixedClock, pool: asyncpg.Pool, station: Actor
) -> None:
    _, asked = await begin(client)
    idp.set(token=[200, {"id_token": sign(KEY, id_claims(idp, clock, asked["nonce"]), typ="JWT")}])
    assert (await arrive(client, asked["state"])).status_code == 303
    await store_unlinking(pool, issuer=idp.issuer, subject="somebody", clock=clock)
    assert (await client.get("/openings")).headers["location"].startswith("/signin"), "the visit ends with the link"
    await store_link(pool, issuer=idp.issuer, subject="somebody", actor_id=station.actor_id, clock=clock)
    await store_revocation(pool, station.actor_id, clock=clock)
    _, asked = await begin(client)
    idp.set(token=[200, {"id_token": sign(KEY, id_claims(idp, clock, asked["nonce"]), typ="JWT")}])
    for _ in range(100):
        answer = await arrive(client, asked["state"])
        if answer.status_code == 401:
            break
        await asyncio.sleep(0.1)
        _, asked = await begin(client)
        idp.set(token=[200, {"id_token": sign(KEY, id_claims(idp, clock, asked["nonce"]), typ="JWT")}])
    assert "已停用" in answer.text


@pytest.mark.parametrize("back", ["https://else.where/", "//else.where", "/\\else.where"])
async def test_nobody_is_sent_elsewhere_afterwards(
    client: httpx.AsyncClient, idp: Idp, clock: FixedClock, back: str
) -> None:
    _, asked = await begin(client, back=back)
    idp.set(token=[200, {"id_token": sign(KEY, id_claims(idp, clock, asked["nonce"]), typ="JWT")}])
    assert (await arrive(client, asked["state"])).headers["location"] == "/"


async def test_there_is_no_button_and_no_way_without_a_provider(settings: Settings, clock: FixedClock) -> None:
    async with running(build_app(settings, clock=clock)) as client:
        assert "/signin/with" not in (await client.get("/signin")).text
        assert (await client.get("/signin/with/test")).status_code == 404
        assert (await client.get("/signin/with/test/return?state=x&code=y")).status_code == 404


async def test_a_silent_provider_is_said_on_the_page(client: httpx.AsyncClient, idp: Idp) -> None:
    idp.set(status=500)
    answer = await client.get("/signin/with/test")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_local_accounts_go_on_and_are_audited(
    client: httpx.AsyncClient, pool: asyncpg.Pool, clock: FixedClock, station: Actor
) -> None:
    await store_account(pool, username="wufeng", password="correct horse battery", actor=station, clock=clock)
    wrong = await client.post("/signin", data={"username": "wufeng", "password": "wrong"})
    assert wrong.status_code == 401
    entry = await last_entry(pool)
    assert (entry["action"], entry["reason"], entry["actor_id"]) == ("sign_in", "sign_in_wrong", None)
    right = await client.post("/signin", data={"username": "wufeng", "password": "correct horse battery"})
    assert right.status_code == 303
    entry = await last_entry(pool)
    assert (entry["allowed"], entry["actor_id"], entry["detail"]) == (True, station.actor_id, {"provider": "local"})
