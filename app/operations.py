"""For those who run the hub: alive, ready, figures. Not for the world.

From this machine without more, unless a proxy passed the request on; from elsewhere, and from here once a token is set,
with ``Authorization: Bearer`` and that token. Whoever may not look is told that there is nothing.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hub.api.service import GraphQLService
from hub.db.migrate import migrations_dir
from hub.db.sql import load_queries
from hub.errors import HubError
from hub.metrics import Metrics

_LOG = logging.getLogger("app.operations")
#: Headers that tell of a proxy: then the nearest peer is not the one who asks.
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
#: Seconds the database has to answer.
_PATIENCE_S = 2.0
_NO_STORE = {"cache-control": "no-store"}


class Running(Protocol):
    """What is looked at."""

    metrics: Metrics

    def service(self) -> GraphQLService:
        """Raises Unavailable while the application starts."""
        ...

    def database(self) -> asyncpg.Pool:
        """Raises Unavailable while the application starts."""
        ...


def routes(running: Running, *, token: str | None) -> list[Route]:
    """``/healthz``, ``/readyz`` and ``/metrics``.

    Parameters
    ----------
    token
        Asked for from everybody, where there is one.
    """
    expected = frozenset(path.stem for path in Path(migrations_dir()).glob("*.sql"))

    def guarded(answer: Callable[[], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await answer() if may_look(request, token) else PlainTextResponse("Not Found", status_code=404)

        return endpoint

    async def healthz() -> Response:
        return JSONResponse({"status": "alive"}, headers=_NO_STORE)

    async def readyz() -> Response:
        reasons = await _problems(running, expected)
        if not reasons:
            return JSONResponse({"status": "ready"}, headers=_NO_STORE)
        _LOG.warning("not_ready", extra={"fields": {"reasons": reasons}})
        body = {"status": "not ready", "reasons": reasons}
        return JSONResponse(body, status_code=503, headers={**_NO_STORE, "Retry-After": "2"})

    async def metrics() -> Response:
        await _look(running)
        return Response(running.metrics.render(), media_type=CONTENT_TYPE_LATEST, headers=_NO_STORE)

    return [
        Route("/healthz", guarded(healthz)),
        Route("/readyz", guarded(readyz)),
        Route("/metrics", guarded(metrics)),
    ]


def may_look(request: Request, token: str | None) -> bool:
    """Whether a request comes from whoever runs the hub."""
    if token is not None:
        sent = request.headers.get("authorization", "")
        return hmac.compare_digest(sent.encode("utf-8", "replace"), f"Bearer {token}".encode())
    if request.client is None or any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _problems(running: Running, expected: frozenset[str]) -> list[str]:
    """Why the hub should get no requests; nothing where it should."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            found = await running.database().fetchrow(load_queries("app").fetch_readiness)
    except HubError:
        return ["starting"]
    except asyncpg.PostgresError as error:
        # A table or column that it asks for is not there: the schema is another.
        known = isinstance(error, asyncpg.SyntaxOrAccessError)
        return ["migrations_missing" if known else "database_unavailable"]
    except (OSError, TimeoutError, asyncpg.InterfaceError):
        return ["database_unavailable"]
    problems = []
    applied = frozenset(found["migrations"])
    if expected - applied:
        problems.append("migrations_missing")
    if applied - expected:
        problems.append("migrations_unknown")
    if not found["audit_writable"]:
        problems.append("audit_not_writable")
    return problems


async def _look(running: Running) -> None:
    """Bring up to date what is read rather than counted."""
    metrics = running.metrics
    try:
        figures, pool = running.service().engine.cache_figures(), running.database()
    except HubError:
        metrics.database_up.set(0)
        return
    metrics.cache_lookups.labels("hit").set(figures["hits"])
    metrics.cache_lookups.labels("miss").set(figures["misses"])
    metrics.cache_size.set(figures["plans"])
    metrics.documents.set(figures["documents"])
    metrics.pool.labels("idle").set(pool.get_idle_size())
    metrics.pool.labels("in_use").set(pool.get_size() - pool.get_idle_size())
    metrics.pool.labels("most").set(pool.get_max_size())
    # asyncpg does not tell who waits; its queue's waiters are those.
    metrics.pool_waiting.set(len(getattr(getattr(pool, "_queue", None), "_getters", ())))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            metrics.rejected(map(tuple, await pool.fetch(load_queries("app").fetch_rejection_counts)))
        metrics.database_up.set(1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        metrics.database_up.set(0)
