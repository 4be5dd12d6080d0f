"""Signing in with a provider: authorization code with PKCE, state and nonce, each good for one answer.

The state is drawn at random and kept, signed, in a cookie of the browser that began; nonce and PKCE verifier are
derived from it with the secret of this hub, so nothing is stored until an answer comes. The answer uses the state up in
the database, whichever process began: a second one with the same state is refused.

Source: OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE); RFC 9207 (issuer of an answer); RFC 9700, 2.1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg
import httpx
import jwt

from hub.access.actor import Actor
from hub.access.actors import ActorCache
from hub.access.signon.claims import check_id_claims
from hub.access.signon.gate import verify_foreign
from hub.access.signon.jose import parse_token
from hub.access.signon.keyring import KeyRing, Metadata, fetch_json
from hub.access.signon.links import fetch_linked_actor
from hub.access.signon.providers import Provider, Providers
from hub.access.signon.refusal import TokenRefused
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Forbidden, NotFound, Unauthenticated, Unavailable

_LOG = logging.getLogger("hub.access.signon")
#: How long somebody may take at the provider.
TERM = timedelta(minutes=10)
_AUDIENCE = "yunqiao-sign-on"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it must bring back."""

    url: str
    cookie_name: str
    cookie: str
    secure: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """Who signed in, and where they wanted to go."""

    actor: Actor
    back: str


class SignOn:
    """Signing in with the providers that the pages offer."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        actors: ActorCache,
        *,
        providers: Providers,
        rings: Mapping[str, KeyRing],
        secret: bytes,
        clock: Clock,
    ) -> None:
        self._pool, self._actors, self._rings, self._clock = pool, actors, rings, clock
        self._offered = {provider.name: provider for provider in providers.of_pages()}
        self._public_url = providers.public_url or ""
        # A key of its own: what it signs is no session, and a session is no state.
        self._secret = hmac.new(secret, b"sign-on", hashlib.sha256).digest()

    def provider(self, name: str) -> Provider:
        """An offered provider; raises NotFound ``provider_unknown``."""
        if name not in self._offered:
            raise NotFound("provider_unknown", "There is no identity provider of this name.", hint="Sign in again.")
        return self._offered[name]

    async def begin(self, name: str, *, back: str) -> Begun:
        """Begin to sign in; ``back`` is the path to go to afterwards.

        Raises
        ------
        NotFound, Unavailable
            ``provider_unknown``; ``provider_unavailable``.
        """
        provider = self.provider(name)
        metadata = await self._rings[name].metadata()
        if metadata.authorization_endpoint is None:
            raise _silent()
        state = secrets.token_urlsafe(32)
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self._redirect_uri(name),
            "scope": " ".join(provider.scopes),
            "state": state,
            "nonce": self._derived("nonce", state),
            "code_challenge": _b64(hashlib.sha256(self._derived("verifier", state).encode()).digest()),
            "code_challenge_method": "S256",
            **({"prompt": provider.prompt} if provider.prompt else {}),
        }
        parts = urlsplit(metadata.authorization_endpoint)
        url = urlunsplit(parts._replace(query=urlencode(parse_qsl(parts.query) + list(asked.items()))))
        expires_at = int((self._clock.now() + TERM).timestamp())
        kept = {"aud": _AUDIENCE, "state": state, "provider": name, "back": back, "exp": expires_at}
        cookie = jwt.encode(kept, self._secret, algorithm="HS256")
        return Begun(url, cookie_name(state), cookie, self._public_url.startswith("https:"))

    async def finish(self, name: str, *, answer: Mapping[str, str], cookie: str) -> Finished:
        """Take the provider's answer.

        Raises
        ------
        Unauthenticated
            ``sign_in_invalid``: not an answer to what this browser asked; ``sign_in_replayed``: it was used before;
            ``actor_revoked``.
        Forbidden
            ``sign_in_refused``: the provider refused, or its token does not hold; ``subject_unknown``.
        NotFound, Unavailable
            ``provider_unknown``; ``provider_unavailable``.
        """
        provider, ring = self.provider(name), self._rings[name]
        back, state = await self._take_state(name, answer.get("state", ""), cookie)
        metadata = await ring.metadata()
        if answer.get("iss", provider.issuer if not metadata.names_issuer else None) != provider.issuer:
            raise _invalid("answer_issuer")
        if "error" in answer or not answer.get("code"):
            raise _provider_refused("answer_error")
        text = await self._exchange(provider, ring, metadata, code=answer["code"], state=state)
        try:
            await verify_foreign(text, provider=provider, ring=ring)
            nonce = self._derived("nonce", state)
            said = check_id_claims(parse_token(text).claims, provider, nonce=nonce, now=self._clock.now())
            actor = await fetch_linked_actor(self._pool, self._actors, provider=provider, said=said, clock=self._clock)
        except TokenRefused as refusal:
            raise _provider_refused(refusal.why) from refusal
        return Finished(actor, back)

    async def _take_state(self, name: str, state: str, cookie: str) -> tuple[str, str]:
        """Path and state of what this browser began; uses the state up."""
        try:
            kept: dict[str, Any] = jwt.decode(
                cookie, self._secret, algorithms=["HS256"], audience=_AUDIENCE, options={"verify_exp": False}
            )
        except jwt.InvalidTokenError as error:
            raise _invalid("cookie") from error
        expires_at = datetime.fromtimestamp(kept["exp"], UTC)
        if not hmac.compare_digest(kept["state"].encode(), state.encode("utf-8", "replace")):
            raise _invalid("state")
        if kept["provider"] != name:
            raise _invalid("provider")
        if self._clock.now() >= expires_at:
            raise _invalid("too_late")
        digest = hashlib.sha256(state.encode()).digest()
        queries = load_queries("hub.access.signon")
        if not await self._pool.fetchval(queries.store_used_state, digest, self._clock.now(), expires_at):
            _log("state_replayed")
            raise Unauthenticated("sign_in_replayed", "This sign-in was used already.", hint="Sign in again.")
        return kept["back"], state

    async def _exchange(self, provider: Provider, ring: KeyRing, metadata: Metadata, *, code: str, state: str) -> str:
        """The ID token for a code."""
        if metadata.token_endpoint is None:
            raise _silent()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri(provider.name),
            "code_verifier": self._derived("verifier", state),
        }
        client_id, secret = provider.client_id or "", provider.client_secret or ""
        headers = {"accept": "application/json"}
        if provider.client_auth == "client_secret_basic":
            # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = client_id
            if provider.client_auth == "client_secret_post":
                form["client_secret"] = secret
        try:
            request = ring.client.build_request("POST", metadata.token_endpoint, data=form, headers=headers)
            status, body = await fetch_json(ring.client, request)
        except (httpx.HTTPError, TimeoutError, OSError, ValueError) as error:
            raise _silent() from error
        if status >= 500:
            raise _silent()
        text = body.get("id_token")
        if status != 200 or not isinstance(text, str):
            raise _provider_refused("code")
        return text

    def _redirect_uri(self, name: str) -> str:
        return f"{self._public_url}/signin/with/{name}/return"

    def _derived(self, use: str, state: str) -> str:
        """43 characters that only this hub can find for a state (RFC 7636, 4.1)."""
        return _b64(hmac.new(self._secret, f"{use}:{state}".encode(), hashlib.sha256).digest())


def cookie_name(state: str) -> str:
    """One cookie a sign-in, so that two windows do not disturb each other."""
    return "signin_" + hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()[:16]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _invalid(why: str) -> Unauthenticated:
    _log(why)
    return Unauthenticated("sign_in_invalid", "This answers no sign-in of this browser.", hint="Sign in again.")


def _provider_refused(why: str) -> Forbidden:
    _log(why)
    return Forbidden("sign_in_refused", "The identity provider's answer does not hold.", hint="Sign in again.")


def _silent() -> Unavailable:
    return Unavailable(
        "provider_unavailable", "The identity provider does not answer just now.", hint="Try again shortly."
    )


def _log(why: str) -> None:
    _LOG.info("sign_in_refused", extra={"fields": {"why": why}})
