"""The ASGI application: GraphQL, the pages, health; one pool of the program's own role for all."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from app.pages import routes as page_routes
from hub.access.accounts import sign_in
from hub.access.actor import Actor
from hub.access.actors import fetch_actor
from hub.access.audit import AuditLog
from hub.access.token import issue_token, read_token
from hub.api.http import GraphQLApp
from hub.api.service import GraphQLService
from hub.clock import Clock, SystemClock
from hub.db import open_database
from hub.errors import Unavailable
from hub.settings import Settings
from hub.telemetry import configure_logging

#: A signed-in visit lasts a working day.
SESSION = timedelta(hours=10)


@dataclass(slots=True)
class HubServices:
    """What the endpoint and the pages share; filled when the application has started."""

    settings: Settings
    clock: Clock
    pool: asyncpg.Pool | None = None
    graphql: GraphQLService | None = None

    def service(self) -> GraphQLService:
        """The GraphQL service."""
        if self.graphql is None:
            raise Unavailable("starting", "The hub is still starting.", hint="Try again shortly.")
        return self.graphql

    def _pool(self) -> asyncpg.Pool:
        self.service()
        return self.pool

    async def sign_in(self, username: str, password: str) -> str:
        """A session token for an account."""
        actor = await sign_in(self._pool(), username=username, password=password, clock=self.clock)
        return issue_token(actor, secret=self.settings.token_secret, clock=self.clock, valid_for=SESSION)

    async def actor_of(self, token: str) -> Actor:
        """The actor a token speaks for."""
        return await fetch_actor(self._pool(), read_token(token, secret=self.settings.token_secret, clock=self.clock))

    async def execute(
        self, *, actor: Actor, purpose: str, document: str, operation_name: str, variables: dict[str, object]
    ) -> dict[str, object]:
        """A GraphQL response, for the pages."""
        reply = await self.service().execute(
            actor=actor, purpose=purpose, document=document, operation_name=operation_name, variables=variables
        )
        return reply.parsed()


def build_app(settings: Settings, *, clock: Clock | None = None) -> Starlette:
    """The application; it connects when it starts and lets go when it ends."""
    services = HubServices(settings, clock or SystemClock())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with open_database(settings) as pool:
            services.pool = pool
            services.graphql = GraphQLService(pool, AuditLog(pool), services.clock)
            yield
            services.graphql = None

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        try:
            await services._pool().fetchval("SELECT 1")
        except (Unavailable, OSError, asyncpg.PostgresError):
            return JSONResponse({"status": "not ready"}, status_code=503, headers={"Retry-After": "2"})
        return JSONResponse({"status": "ready"})

    graphql = GraphQLApp(services.service, services.actor_of, graphiql=settings.mode == "development")
    with resources.as_file(resources.files("hub.api").joinpath("static/graphiql")) as graphiql_files:
        graphiql_static = StaticFiles(directory=Path(graphiql_files))
    with resources.as_file(resources.files("app.pages").joinpath("static")) as page_files:
        page_static = StaticFiles(directory=Path(page_files))
    return Starlette(
        routes=[
            Route("/graphql", _Raw(graphql), methods=None),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Mount("/static/graphiql", graphiql_static),
            Mount("/static", page_static),
            *page_routes(services, secret=settings.token_secret, session=SESSION),
        ],
        lifespan=lifespan,
    )


class _Raw:
    """An ASGI application as the endpoint of a route, handed on untouched."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)


def serve(settings: Settings) -> None:
    """Serve until told to stop; what runs is finished first.

    Raises
    ------
    Unavailable
        ``port_taken``.
    """
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Unavailable(
                "port_taken",
                f"{settings.host}:{settings.port} cannot be used ({error.strerror}).",
                hint="Name another with --port or YUNQIAO_PORT.",
            ) from error
    configure_logging()
    uvicorn.run(
        build_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
    )
