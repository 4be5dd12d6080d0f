"""A provider's addresses and keys: read over the network, kept for a while, read again when they change.

Keys are read again once they are old, and once more when a token names one that nobody knows; never more often than the
configuration says, so that forged names of keys do not reach the provider. While it is silent the keys at hand go on
working, up to a bound.

Source: OpenID Connect Discovery 1.0, 3 and 4; RFC 8414; RFC 7517.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from hub.access.signon.jose import fitting_key
from hub.access.signon.providers import Provider, checked_url
from hub.access.signon.refusal import TokenRefused
from hub.errors import Unavailable

_LOG = logging.getLogger("hub.access.signon")
_PATIENCE_S = 5.0
_MOST_BYTES = 512_000
_MOST_KEYS = 100
#: After a reading that failed.
_AGAIN_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class Metadata:
    """Addresses of a provider; those that the pages need are None where it has none."""

    jwks_uri: str
    authorization_endpoint: str | None
    token_endpoint: str | None
    names_issuer: bool  # RFC 9207: its answers say who gave them


@dataclass(frozen=True, slots=True)
class _Held:
    metadata: Metadata
    keys: tuple[Mapping[str, Any], ...]
    read_at: float  # monotonic, s


def open_client(provider: Provider) -> httpx.AsyncClient:
    """A client for one provider: no proxies and no passwords of the environment, nowhere it sends us on to."""
    context = ssl.create_default_context(cafile=provider.ca_file)
    return httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False, timeout=_PATIENCE_S)


async def fetch_json(client: httpx.AsyncClient, request: httpx.Request) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of an answer, within a bound of time and size.

    Raises
    ------
    httpx.HTTPError, TimeoutError, ValueError
        No answer, none in time, or another than was asked for.
    """
    async with asyncio.timeout(_PATIENCE_S):
        answer = await client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError("the answer is too long")
        finally:
            await answer.aclose()
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("the answer is no object")
    return answer.status_code, value


def parse_metadata(body: Mapping[str, Any], issuer: str) -> Metadata:
    """Addresses from a discovery document.

    Raises
    ------
    ValueError
        It is another issuer's, or an address cannot be used.
    """
    if body.get("issuer") != issuer:
        raise ValueError("the document is of another issuer")
    optional = {
        key: checked_url(body[key], key) if body.get(key) is not None else None
        for key in ("authorization_endpoint", "token_endpoint")
    }
    names_issuer = body.get("authorization_response_iss_parameter_supported") is True
    return Metadata(checked_url(body.get("jwks_uri"), "jwks_uri"), **optional, names_issuer=names_issuer)


class KeyRing:
    """Addresses and keys of one provider."""

    def __init__(
        self, provider: Provider, client: httpx.AsyncClient, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.provider, self.client, self._monotonic = provider, client, monotonic
        self._held: _Held | None = None
        self._next_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    async def metadata(self) -> Metadata:
        """Its addresses; raises as :meth:`key`."""
        return (await self._current()).metadata

    async def key(self, kid: object, algorithm: str) -> jwt.PyJWK:
        """The key of this name for this algorithm; the only one that fits where a token names none.

        Raises
        ------
        TokenRefused
            ``key_unknown``, also after the provider was asked again; ``key_unfit``: it is not for this.
        Unavailable
            ``provider_unavailable``: it does not answer, and there are no keys or they are too old.
        """
        held = await self._current()
        try:
            return _choose(held.keys, kid, algorithm)
        except TokenRefused as refusal:
            if refusal.why != "key_unknown" or not await self._read_again():
                raise
        return _choose((await self._current()).keys, kid, algorithm)

    async def changed_key(self, algorithm: str) -> jwt.PyJWK | None:
        """The only fitting key, read anew; for providers that name no keys. None where it is too soon to ask again."""
        return await self.key(None, algorithm) if await self._read_again() else None

    async def _current(self) -> _Held:
        if self._held is None or self._age(self._held) > self.provider.keys_fresh_s:
            await self._read_again()
        if self._held is None or self._age(self._held) > self.provider.keys_kept_s:
            raise Unavailable(
                "provider_unavailable", "The identity provider does not answer just now.", hint="Try again shortly."
            )
        return self._held

    def _age(self, held: _Held) -> float:
        return self._monotonic() - held.read_at

    async def _read_again(self) -> bool:
        """Read once for all who wait; whether there is something newer than before."""
        before = self._held
        if self._reading is None:
            if self._monotonic() < self._next_at:
                return False
            self._reading = asyncio.create_task(self._read())
        # One who waits and goes away does not end it for the others.
        await asyncio.shield(self._reading)
        return self._held is not before

    async def _read(self) -> None:
        wait = _AGAIN_AFTER_S
        try:
            body = await self._fetch(self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
            metadata = parse_metadata(body, self.provider.issuer)
            keys = (await self._fetch(metadata.jwks_uri)).get("keys")
            if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
                raise ValueError("the keys are no list of a usual length")
            usable = tuple(key for key in keys if isinstance(key, dict))
            self._held = _Held(metadata, usable, self._monotonic())
            wait = self.provider.refetch_after_s
        except (httpx.HTTPError, TimeoutError, OSError, ValueError, RecursionError) as error:
            fields = {"provider": self.provider.name, "why": type(error).__name__}
            _LOG.warning("provider_silent", extra={"fields": fields})
        finally:
            self._next_at = self._monotonic() + wait
            self._reading = None

    async def _fetch(self, url: str) -> dict[str, Any]:
        request = self.client.build_request("GET", url, headers={"accept": "application/json"})
        status, body = await fetch_json(self.client, request)
        if status != 200:
            raise ValueError(f"status {status}")
        return body


def _choose(keys: tuple[Mapping[str, Any], ...], kid: object, algorithm: str) -> jwt.PyJWK:
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    if not named:
        raise TokenRefused("key_unknown")
    fitting = [made for key in named if (made := fitting_key(key, algorithm)) is not None]
    if len(fitting) != 1:
        raise TokenRefused("key_unfit")
    return fitting[0]
