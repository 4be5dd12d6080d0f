"""The ASGI application: GraphQL, the pages, health; one pool of the program's own role for all."""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from importlib import resources
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from app import operations
from app.pages import failed_page, not_found
from app.pages import routes as page_routes
from app.pages.documents import document_names, load_document
from app.pages.session import COOKIE
from app.signon import SESSION, Desk
from hub.access.actor import Actor
from hub.access.actors import ActorCache
from hub.access.audit import AuditLog
from hub.access.claimed import ClaimPool, open_claimed
from hub.access.keeper import AuditKeeper
from hub.access.rate import Turns
from hub.access.signon.assemble import open_entrance
from hub.access.signon.providers import load_providers
from hub.api.documents import DocumentGate
from hub.api.exports.form import ExportForm
from hub.api.exports.http import ExportApp
from hub.api.exports.service import Export, ExportLimits, ExportService
from hub.api.http import GraphQLApp
from hub.api.live.changes import Changes
from hub.api.live.socket import LiveSocket
from hub.api.live.sse import EventStreams
from hub.api.live.streams import Streams
from hub.api.service import GraphQLService
from hub.clock import Clock, SystemClock
from hub.db import open_database
from hub.errors import HubError, Unavailable
from hub.metrics import Metrics
from hub.query.trusted import TrustedDocuments
from hub.settings import Settings
from hub.telemetry import configure_logging
from hub.tracing import configure_tracing
from schema.grants import load_grants

#: Bytes from which an answer is worth compressing, and how hard it is tried: 4 takes a third of the time of 9.
_COMPRESSED_FROM, _COMPRESSION = 1000, 4
#: Bytes of one message on a socket, as of a request's body.
_MOST_OF_MESSAGE = 1_000_000


@dataclass(slots=True)
class HubServices:
    """What the endpoint and the pages share; filled when the application has started."""

    settings: Settings
    clock: Clock
    pool: asyncpg.Pool | None = None
    graphql: GraphQLService | None = None
    exporting: ExportService | None = None
    metrics: Metrics = field(default_factory=Metrics)
    entrance: Desk | None = None
    gate: DocumentGate | None = None
    live: Streams | None = None

    def service(self) -> GraphQLService:
        """The GraphQL service."""
        if self.graphql is None:
            raise Unavailable("starting", "The hub is still starting.", hint="Try again shortly.")
        return self.graphql

    def database(self) -> asyncpg.Pool:
        """The pool."""
        self.service()
        return self.pool

    def exports(self) -> ExportService:
        """The service of exports."""
        self.service()
        assert self.exporting is not None  # noqa: S101 - made together with the service
        return self.exporting

    def documents(self) -> DocumentGate:
        """The gate of documents."""
        self.service()
        assert self.gate is not None  # noqa: S101 - made before the service
        return self.gate

    def streams(self) -> Streams:
        """Operations over connections that stay."""
        self.service()
        assert self.live is not None  # noqa: S101 - made together with the service
        return self.live

    async def may_see_graphiql(self, headers: Mapping[str, str]) -> bool:
        """Whether a browser is shown GraphiQL: in production only to somebody signed in who may send any document."""
        if self.settings.mode == "development":
            return True
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        if cookie is None:
            return False
        try:
            actor = await self.actor_of(cookie.value)
        except HubError:
            return False
        return any(self.documents().may_send_any(actor, purpose) for purpose in actor.purposes)

    def desk(self) -> Desk:
        """Where people sign in and out."""
        self.service()
        assert self.entrance is not None  # noqa: S101 - made before the service
        return self.entrance

    async def actor_of(self, token: str) -> Actor:
        """The actor a token speaks for, ours or a provider's."""
        return await self.desk().entrance.gate.actor_of(token)

    async def execute(
        self, *, actor: Actor, purpose: str, document: str, operation_name: str, variables: dict[str, object]
    ) -> dict[str, object]:
        """A GraphQL response, for the pages."""
        reply = await self.service().execute(
            actor=actor, purpose=purpose, document=document, operation_name=operation_name, variables=variables
        )
        return reply.parsed()

    def export(self, form: ExportForm, *, actor: Actor, purpose: str) -> AbstractAsyncContextManager[Export]:
        """An export, for the pages."""
        return self.exports().open(form, actor=actor, purpose=purpose)


def build_app(settings: Settings, *, clock: Clock | None = None, alone: bool = False) -> Starlette:
    """The application; it connects when it starts and lets go when it ends.

    Parameters
    ----------
    alone
        The process does nothing else, so that its garbage collector may be set for this.
    """
    services = HubServices(settings, clock or SystemClock())
    providers = load_providers(settings.providers_file)
    turns = Turns(load_grants().rates, factor=settings.rate_factor)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        secret, on = settings.token_secret, services.clock
        async with (
            # One of them listens for changes.
            open_database(settings, max_size=min(settings.pool_size, 4) + 1) as pool,
            open_claimed(settings, services.clock) as claimed,
            open_entrance(pool, ActorCache(pool), providers=providers, secret=secret, clock=on) as entrance,
        ):
            audit = AuditLog(pool, written=services.metrics.audited)
            services.pool = pool
            services.entrance = Desk(pool, audit, entrance, providers, secret, on)
            production = settings.mode == "production"
            trusted = TrustedDocuments(pool, builtin=(load_document(name) for name in document_names()))
            services.gate = DocumentGate(trusted, services.clock, trusted_only=production)
            services.graphql = GraphQLService(
                claimed, audit, services.clock, metrics=services.metrics, hide_suggestions=production
            )
            changes = Changes(pool)
            services.live = Streams(services.graphql, changes, services.actor_of, services.gate, turns)
            services.exporting = exports_of(settings, services.graphql, claimed, audit, services)
            keeper = AuditKeeper(pool, settings.anchors_path, clock=services.clock)
            keeper.start()
            changes.start()
            with _settled() if alone else nullcontext():
                yield
            await changes.close()
            services.graphql = None
            # What runs has finished by now; its entries are written before the pool closes, and the last is anchored.
            await audit.close()
            await keeper.close()

    graphql = GraphQLApp(
        services.service,
        services.actor_of,
        graphiql=services.may_see_graphiql,
        documents=services.documents,
        turns=turns,
        events=EventStreams(services.streams),
    )
    with resources.as_file(resources.files("hub.api").joinpath("static/graphiql")) as graphiql_files:
        graphiql_static = StaticFiles(directory=Path(graphiql_files))
    with resources.as_file(resources.files("app.pages").joinpath("static")) as page_files:
        page_static = StaticFiles(directory=Path(page_files))
    application = HubApplication(
        routes=[
            *operations.routes(services, token=settings.metrics_token),
            Route("/export", ExportApp(services.exports, services.service, services.actor_of, services.documents)),
            Mount("/static/graphiql", GZipMiddleware(graphiql_static, _COMPRESSED_FROM)),
            Mount("/static", GZipMiddleware(page_static, _COMPRESSED_FROM)),
            *page_routes(services, secret=settings.token_secret, session=SESSION),
        ],
        lifespan=lifespan,
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={404: not_found, Exception: failed_page},
    )
    application.graphql = graphql
    application.compressed = GZipMiddleware(application.graphql, _COMPRESSED_FROM, compresslevel=_COMPRESSION)
    application.live = LiveSocket(services.streams)
    return application


@contextmanager
def _settled() -> Iterator[None]:
    """Leave what lasts out of the garbage collector's rounds, and let it go round less often.

    Schema, grants and catalogue are a million objects for as long as the process lives; looking through them again and
    again took a tenth of the processor time of requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    yield
    gc.unfreeze()  # libraries look for what is left of theirs at the end


def exports_of(
    settings: Settings, service: GraphQLService, pool: ClaimPool, audit: AuditLog, services: HubServices
) -> ExportService:
    """Exports with the installation's limits: at most half of the connections are theirs."""
    limits = ExportLimits(
        rows=settings.export_rows, at_once=settings.exports_at_once, in_all=max(1, settings.pool_size // 2)
    )
    return ExportService(
        pool,
        audit,
        services.clock,
        service.engine,
        folder=settings.exports_dir,
        limits=limits,
        finished=services.metrics.exported,
    )


class SecurityHeaders:
    """Headers that every answer has unless it brings its own: what a browser may do with it."""

    _HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        (
            b"content-security-policy",
            b"default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    )

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on, with the headers that are missing."""

        async def completed(message: Any) -> None:
            if message["type"] == "http.response.start":
                held = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in self._HEADERS if one[0] not in held)]
            await send(message)

        await self._app(scope, receive, completed if scope["type"] == "http" else send)


class HubApplication(Starlette):
    """Hands ``/graphql`` on untouched: the framework's way to a route costs a tenth of such a request's CPU."""

    graphql: Callable[..., Awaitable[None]]
    compressed: Callable[..., Awaitable[None]]
    live: Callable[..., Awaitable[None]]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"] == "/graphql":
            # Pages are never compressed: an answer by a cookie that quotes its request must not tell by its length.
            packs = any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
            await (self.compressed if packs else self.graphql)(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == "/graphql":
            await self.live(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def application() -> Starlette:
    """The application by the environment's settings; what each worker process makes for itself."""
    configure_logging()
    return build_app(Settings.from_env(), alone=True)


def serve(settings: Settings, *, workers: int = 1) -> None:
    """Serve until told to stop; what runs is finished first.

    Parameters
    ----------
    workers
        Processes that share the port. Each has its own connections, caches and part of the limits by rate.

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
    # uvicorn raises the signal again once all is finished; it has done its work by then, and stopping is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    stop_tracing = configure_tracing()
    try:
        uvicorn.run(
            build_app(settings, alone=True) if workers == 1 else "app.server:application",
            factory=workers > 1,
            workers=workers,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=_MOST_OF_MESSAGE,
            timeout_graceful_shutdown=20,
        )
    finally:
        stop_tracing()
