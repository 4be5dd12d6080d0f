"""Gate and sign-on, put together over one connection to each provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg

from hub.access.actors import ActorCache
from hub.access.signon.gate import TokenGate
from hub.access.signon.keyring import KeyRing, open_client
from hub.access.signon.providers import Providers
from hub.access.signon.visit import SignOn
from hub.clock import Clock


@dataclass(frozen=True, slots=True)
class Entrance:
    """All ways in."""

    gate: TokenGate
    sign_on: SignOn


@asynccontextmanager
async def open_entrance(
    pool: asyncpg.Pool, actors: ActorCache, *, providers: Providers, secret: bytes, clock: Clock
) -> AsyncIterator[Entrance]:
    """The ways in, until the context ends. No provider is asked before somebody comes from there."""
    async with AsyncExitStack() as stack:
        rings = {
            provider.name: KeyRing(provider, await stack.enter_async_context(open_client(provider)))
            for provider in providers.all
        }
        gate = TokenGate(pool, actors, providers=providers, rings=rings, secret=secret, clock=clock)
        yield Entrance(gate, SignOn(pool, actors, providers=providers, rings=rings, secret=secret, clock=clock))
