"""The desk where people sign in and out: with an account of this hub or with a provider; each attempt is audited."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import asyncpg

from hub.access.accounts import sign_in
from hub.access.actor import Actor
from hub.access.audit import AuditEntry, AuditLog
from hub.access.signon.assemble import Entrance
from hub.access.signon.links import store_token_revocation
from hub.access.signon.providers import Providers
from hub.access.signon.visit import Begun, Finished
from hub.access.token import ISSUER, issue_token, read_token
from hub.clock import Clock
from hub.errors import HubError

#: A signed-in visit lasts a working day.
SESSION = timedelta(hours=10)
#: What the audit calls an account of this hub.
_LOCAL = "local"

T = TypeVar("T", Actor, Finished)


@dataclass(frozen=True, slots=True)
class Desk:
    """Signing in and out of the pages."""

    pool: asyncpg.Pool
    audit: AuditLog
    entrance: Entrance
    providers: Providers
    secret: bytes
    clock: Clock

    async def sign_in(self, username: str, password: str) -> str:
        """A session token for an account; raises as :func:`hub.access.accounts.sign_in`."""
        attempt = sign_in(self.pool, username=username, password=password, clock=self.clock)
        return self._session(await self._recorded(attempt, _LOCAL))

    def offered(self, lang: str) -> list[tuple[str, str]]:
        """Name and title of the providers to sign in with."""
        return [(provider.name, provider.title[lang]) for provider in self.providers.of_pages()]

    async def begin(self, name: str, *, back: str) -> Begun:
        """Where to send a browser that wants to sign in with a provider; raises as :meth:`SignOn.begin`."""
        return await self.entrance.sign_on.begin(name, back=back)

    async def finish(self, name: str, *, answer: Mapping[str, str], cookie: str) -> tuple[str, str]:
        """A session token and where to go with it; raises as :meth:`SignOn.finish`."""
        # The audit holds no text of a stranger's choosing.
        provider = self.entrance.sign_on.provider(name).name
        attempt = self.entrance.sign_on.finish(name, answer=answer, cookie=cookie)
        finished = await self._recorded(attempt, provider)
        return self._session(finished.actor), finished.back

    async def sign_out(self, token: str) -> None:
        """End a visit for good: a copy of its token opens nothing either."""
        claims = read_token(token, secret=self.secret, clock=self.clock)
        await store_token_revocation(
            self.pool, issuer=ISSUER, token_id=claims.token_id, expires_at=claims.expires_at, clock=self.clock
        )
        self.entrance.gate.forget(token)

    def _session(self, actor: Actor) -> str:
        return issue_token(actor, secret=self.secret, clock=self.clock, valid_for=SESSION)

    async def _recorded(self, attempt: Awaitable[T], provider: str) -> T:
        """What came of an attempt, once its entry is durable."""
        try:
            done = await attempt
        except HubError as error:
            await self.audit.record(self._entry(None, provider, error.code))
            raise
        await self.audit.record(self._entry(done if isinstance(done, Actor) else done.actor, provider, ""))
        return done

    def _entry(self, actor: Actor | None, provider: str, reason: str) -> AuditEntry:
        return AuditEntry(
            happened_at=self.clock.now(),
            request_id=uuid.uuid4(),
            actor_id=actor.actor_id if actor else None,
            actor_kind=actor.kind if actor else "unknown",
            purpose="",
            action="sign_in",
            allowed=not reason,
            reason=reason,
            detail={"provider": provider},
        )
