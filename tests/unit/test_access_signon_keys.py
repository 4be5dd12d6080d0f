"""A provider's keys: read, kept within bounds, changed without a restart, and never asked for too often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx
import pytest

from hub.access.signon.jose import fitting_key
from hub.access.signon.keyring import KeyRing, open_client
from hub.access.signon.providers import Provider
from hub.access.signon.refusal import TokenRefused
from hub.errors import Unavailable
from tests.provider import Idp, ec_key, rsa_key, running_idp

_DISCOVERY = "/.well-known/openid-configuration"
FIRST, SECOND = rsa_key("first"), rsa_key("second")


class Watch:
    """A monotonic clock that the test turns on."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def idp() -> Iterator[Idp]:
    with running_idp() as running:
        running.set(FIRST)
        yield running


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def provider(idp: Idp) -> Provider:
    return Provider(name="test", title={"zh": "试", "en": "test"}, issuer=idp.issuer, algorithms=("RS256", "ES256"))


@pytest.fixture
async def ring(provider: Provider, watch: Watch) -> AsyncIterator[KeyRing]:
    async with open_client(provider) as client:
        yield KeyRing(provider, client, monotonic=watch)


async def _refusal(ring: KeyRing, kid: object, algorithm: str = "RS256") -> str:
    with pytest.raises(TokenRefused) as caught:
        await ring.key(kid, algorithm)
    return caught.value.why


async def test_keys_are_read_once_however_many_ask(ring: KeyRing, idp: Idp, watch: Watch) -> None:
    await asyncio.gather(*(ring.key("first", "RS256") for _ in range(20)))
    watch.at += 299
    await ring.key("first", "RS256")
    assert idp.counts() == {_DISCOVERY: 1, "/jwks": 1}
    watch.at += 2
    await ring.key("first", "RS256")
    assert idp.counts()["/jwks"] == 2, "old keys are read again"


async def test_a_key_that_nobody_knows_is_asked_for_once_in_a_while(ring: KeyRing, idp: Idp, watch: Watch) -> None:
    await ring.key("first", "RS256")
    for number in range(50):
        assert await _refusal(ring, f"forged {number}") == "key_unknown"
    assert idp.counts()["/jwks"] == 1
    watch.at += 11
    for number in range(50):
        assert await _refusal(ring, f"forged {number}") == "key_unknown"
    assert idp.counts()["/jwks"] == 2


async def test_a_new_key_is_found_and_one_that_went_is_refused_within_the_bound(
    ring: KeyRing, idp: Idp, watch: Watch
) -> None:
    await ring.key("first", "RS256")
    idp.set(SECOND)
    watch.at += 11
    assert await ring.key("first", "RS256"), "within the bound"
    assert await ring.key("second", "RS256"), "read because its name is new"
    assert await _refusal(ring, "first") == "key_unknown"


async def test_a_key_that_went_is_refused_after_the_bound_even_if_no_new_one_comes(
    ring: KeyRing, idp: Idp, watch: Watch
) -> None:
    await ring.key("first", "RS256")
    idp.set(SECOND)
    watch.at += 301
    assert await _refusal(ring, "first") == "key_unknown"


async def test_keys_go_on_working_while_the_provider_is_silent_up_to_a_bound(
    ring: KeyRing, idp: Idp, watch: Watch
) -> None:
    await ring.key("first", "RS256")
    idp.set(status=500)
    watch.at += 3599
    assert await ring.key("first", "RS256")
    watch.at += 2
    with pytest.raises(Unavailable, match="provider_unavailable"):
        await ring.key("first", "RS256")
    idp.set(status=200)
    watch.at += 3
    assert await ring.key("first", "RS256"), "back without a restart"


async def test_a_silent_provider_is_not_asked_at_every_request(ring: KeyRing, idp: Idp, watch: Watch) -> None:
    idp.set(status=500)
    for _ in range(20):
        with pytest.raises(Unavailable, match="provider_unavailable"):
            await ring.key("first", "RS256")
    assert idp.counts() == {_DISCOVERY: 1}
    watch.at += 3
    with pytest.raises(Unavailable):
        await ring.key("first", "RS256")
    assert idp.counts() == {_DISCOVERY: 2}


async def test_one_who_goes_away_does_not_end_the_reading_for_others(ring: KeyRing) -> None:
    first, second = (asyncio.create_task(ring.key("first", "RS256")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.parametrize(
    "state",
    [
        {"discovery": {"issuer": "http://127.0.0.1:1"}},
        {"discovery": {"jwks_uri": "http://keys.example/jwks"}},
        {"discovery": {"jwks_uri": None}},
        {"discovery": {"token_endpoint": "http://tokens.example/"}},
        {"jwks": {"keys": "none"}},
        {"jwks": ["no object"]},
        {"jwks": {"keys": [{"kid": "x" * 600_000}]}},
        {"jwks": {"keys": [{"kid": str(n)} for n in range(101)]}},
        {"status": 302},
    ],
    ids=[
        "another issuer",
        "no tls",
        "no keys",
        "no tls for tokens",
        "no list",
        "no object",
        "huge",
        "many",
        "elsewhere",
    ],
)
async def test_what_a_provider_may_not_say_counts_as_silence(ring: KeyRing, idp: Idp, state: dict[str, object]) -> None:
    idp.set(**state)
    with pytest.raises(Unavailable, match="provider_unavailable"):
        await ring.key("first", "RS256")


async def test_nobody_there_counts_as_silence(idp: Idp, provider: Provider) -> None:
    idp.stop()
    async with open_client(provider) as client:
        with pytest.raises(Unavailable, match="provider_unavailable"):
            await KeyRing(provider, client).key("first", "RS256")


async def test_a_token_without_a_name_takes_the_only_key_that_fits(ring: KeyRing, idp: Idp, watch: Watch) -> None:
    idp.set(FIRST, ec_key())
    assert (await ring.key(None, "RS256")).key_id == "first"
    idp.set(FIRST, SECOND)
    watch.at += 301
    assert await _refusal(ring, None) == "key_unfit", "which of the two is not guessed"


async def test_a_key_is_for_what_it_says(ring: KeyRing, idp: Idp) -> None:
    idp.set(FIRST, ec_key())
    assert await ring.key("curve", "ES256")
    assert await _refusal(ring, "curve", "RS256") == "key_unfit"
    assert await _refusal(ring, "first", "ES256") == "key_unfit"


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"}, {"alg": "RS512"}, {"alg": "HS256"}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "EC"},
        {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"crv": "P-256"}, {"n": "AQAB"}, {"n": None}, {"n": 5},
        {"e": "?"}, {"kty": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_key_that_does_not_fit_checks_nothing(changed: dict[str, object]) -> None:
    assert fitting_key(FIRST.public, "RS256")
    assert fitting_key({**FIRST.public, **changed}, "RS256") is None


def test_a_short_key_and_another_curve_check_nothing() -> None:
    assert fitting_key(rsa_key(bits=1024).public, "RS256") is None
    assert fitting_key({**ec_key().public, "alg": "ES384"}, "ES384") is None


async def test_the_provider_is_asked_over_no_proxy_and_followed_nowhere(provider: Provider) -> None:
    async with open_client(replace(provider, name="x")) as client:
        assert isinstance(client, httpx.AsyncClient)
        assert not client.trust_env
        assert not client.follow_redirects
