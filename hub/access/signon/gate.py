"""The gate: from a bearer token, ours or a provider's, to whom it speaks for."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from hub.access.actor import Actor
from hub.access.actors import ActorCache
from hub.access.signon.claims import ForeignClaims, check_access_claims
from hub.access.signon.jose import check_header, header_type, parse_token, verify_signature
from hub.access.signon.keyring import KeyRing
from hub.access.signon.links import fetch_linked_actor, fetch_token_revoked, narrowed
from hub.access.signon.providers import Provider, Providers
from hub.access.signon.refusal import TokenRefused
from hub.access.token import ISSUER, read_token
from hub.clock import Clock
from hub.errors import HubError, Unauthenticated

_LOG = logging.getLogger("hub.access.signon")


@dataclass(frozen=True, slots=True)
class _Pass:
    """What a token was found to be."""

    actor: Actor
    expires_at: datetime
    until: float  # monotonic, s: looked at anew from then on


class TokenGate:
    """Takes tokens or refuses them, and logs why; remembers for two seconds, so that a busy client costs little.

    A token that is revoked, elsewhere too, is refused within seconds: these two, and those of :class:`ActorCache`.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        actors: ActorCache,
        *,
        providers: Providers,
        rings: Mapping[str, KeyRing],
        secret: bytes,
        clock: Clock,
        valid_s: float = 2.0,
        most: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool, self._actors, self._providers, self._rings = pool, actors, providers, rings
        self._secret, self._clock, self._monotonic = secret, clock, monotonic
        self._valid_s, self._most = valid_s, most
        self._held: OrderedDict[bytes, _Pass] = OrderedDict()

    async def actor_of(self, text: str) -> Actor:
        """The actor a token speaks for.

        Raises
        ------
        Unauthenticated
            ``token_invalid``, ``token_expired``, ``token_revoked``, ``actor_revoked``.
        Forbidden
            ``subject_unknown``, ``scope_missing``.
        Unavailable
            ``provider_unavailable``.
        """
        digest = _digest(text)
        held = self._held.get(digest)
        if held is not None and self._monotonic() < held.until:
            if self._clock.now() >= held.expires_at:
                raise _refused("expired")
            return held.actor
        self._held.pop(digest, None)
        try:
            found = await self._look(text)
        except TokenRefused as refusal:
            _log(refusal.why)
            raise _refused(refusal.why) from refusal
        except HubError as error:
            _log(error.code)
            raise
        self._held[digest] = found
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return found.actor

    def forget(self, text: str) -> None:
        """Look at this token anew next time."""
        self._held.pop(_digest(text), None)

    async def _look(self, text: str) -> _Pass:
        said = parse_token(text)
        if said.claims.get("iss") == ISSUER:
            return await self._look_at_ours(text)
        provider = self._providers.by_issuer(said.claims.get("iss"))
        if provider is None:
            raise TokenRefused("issuer")
        if header_type(said.header) not in provider.token_types:
            raise TokenRefused("type")
        foreign = await read_foreign(text, provider=provider, ring=self._rings[provider.name], clock=self._clock)
        actor = await fetch_linked_actor(self._pool, self._actors, provider=provider, said=foreign, clock=self._clock)
        # The skew is the provider's: a token is good for as long as its claims were found to be.
        expires_at = foreign.expires_at + timedelta(seconds=provider.skew_s)
        return await self._standing(
            narrowed(actor, foreign, provider), foreign.issuer, foreign.token_id, foreign.issued_at, expires_at
        )

    async def _look_at_ours(self, text: str) -> _Pass:
        claims = read_token(text, secret=self._secret, clock=self._clock)
        actor = await self._actors.fetch(claims.actor_id)
        return await self._standing(actor, ISSUER, claims.token_id, claims.issued_at, claims.expires_at)

    async def _standing(
        self, actor: Actor, issuer: str, token_id: str | None, issued_at: datetime, expires_at: datetime
    ) -> _Pass:
        until = self._monotonic() + self._valid_s
        if await fetch_token_revoked(
            self._pool, issuer=issuer, token_id=token_id, actor_id=actor.actor_id, issued_at=issued_at
        ):
            raise Unauthenticated("token_revoked", "The token was revoked.", hint="Sign in again.")
        return _Pass(actor, expires_at, until)


async def read_foreign(text: str, *, provider: Provider, ring: KeyRing, clock: Clock) -> ForeignClaims:
    """Claims of a provider's access token, once signature, audience and term hold; raises as the gate does."""
    await verify_foreign(text, provider=provider, ring=ring)
    return check_access_claims(parse_token(text).claims, provider, now=clock.now())


async def verify_foreign(text: str, *, provider: Provider, ring: KeyRing) -> None:
    """Return where one of the provider's keys signed the token.

    Raises
    ------
    TokenRefused, Unavailable
        As :func:`check_header`, :meth:`KeyRing.key` and :func:`verify_signature`.
    """
    header = parse_token(text).header
    algorithm = check_header(header, algorithms=provider.algorithms)
    kid = header.get("kid")
    try:
        verify_signature(text, await ring.key(kid, algorithm), algorithm=algorithm)
    except TokenRefused as refusal:
        # A provider that names no keys may have changed them: the name cannot tell.
        changed = await ring.changed_key(algorithm) if kid is None and refusal.why == "signature" else None
        if changed is None:
            raise
        verify_signature(text, changed, algorithm=algorithm)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _refused(why: str) -> Unauthenticated:
    if why == "expired":
        return Unauthenticated("token_expired", "The token has expired.", hint="Sign in again.")
    return Unauthenticated("token_invalid", "The token is not one that this hub takes.", hint="Sign in again.")


def _log(why: str) -> None:
    _LOG.info("token_refused", extra={"fields": {"why": why}})
