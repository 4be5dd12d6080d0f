"""Traces of requests, for OpenTelemetry, and the ids that tie log lines together.

Without an endpoint nothing of OpenTelemetry is imported and a span is one shared object that does nothing. Attributes
hold kinds, statuses and the text of statements, which has no value of any request in it; never variables, never rows,
never an exception's message. Source: W3C Trace Context; OpenTelemetry semantic conventions for databases and HTTP.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


class _State:
    """The process's tracer; none unless an endpoint was configured."""

    __slots__ = ("tracer",)

    def __init__(self) -> None:
        self.tracer: Tracer | None = None


_STATE = _State()
#: Request id and trace id of what is being answered.
_REQUEST: ContextVar[tuple[str, str]] = ContextVar("request", default=("", ""))


class _Nothing:
    """A span where nothing is traced."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


_NOTHING = _Nothing()


class _Traced:
    """A span. An error leaves its type behind, not its message, which may quote a row."""

    __slots__ = ("_held", "_name", "_options", "_tracer", "span")

    def __init__(self, tracer: Tracer, name: str, options: dict[str, Any]) -> None:
        self._tracer, self._name, self._options = tracer, name, options

    def __enter__(self) -> None:
        self._held = self._tracer.start_as_current_span(
            self._name, record_exception=False, set_status_on_exception=False, **self._options
        )
        self.span: Span = self._held.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            from opentelemetry.trace import Status, StatusCode

            self.span.set_attribute("error.type", kind.__name__)
            self.span.set_status(Status(StatusCode.ERROR))
        self._held.__exit__(kind, error, trace)


def span(name: str, attributes: Mapping[str, Any] | None = None) -> AbstractContextManager[None]:
    """A step of what is being answered."""
    tracer = _STATE.tracer
    return _NOTHING if tracer is None else _Traced(tracer, name, {"attributes": attributes})


def sql_span(text: str) -> AbstractContextManager[None]:
    """The database's work on a statement; its text holds places of values, never values."""
    tracer = _STATE.tracer
    if tracer is None:
        return _NOTHING
    return _Traced(tracer, "sql", {"attributes": {"db.system.name": "postgresql", "db.query.text": text}})


class _Request:
    """The span of a request, and its ids for log lines meanwhile."""

    __slots__ = ("_headers", "_held", "_kind", "_request_id", "_token")

    def __init__(self, kind: str, headers: Mapping[str, str], request_id: uuid.UUID) -> None:
        self._kind, self._headers, self._request_id = kind, headers, request_id

    def __enter__(self) -> None:
        self._held: _Traced | None = None
        tracer = _STATE.tracer
        given = self._headers.get("traceparent")
        if tracer is None:
            found = _TRACEPARENT.fullmatch(given) if given else None
            trace_id = found.group(1) if found else ""
        else:
            trace_id = self._begin(tracer)
        self._token: Token[tuple[str, str]] = _REQUEST.set((str(self._request_id), trace_id))

    def _begin(self, tracer: Tracer) -> str:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract(dict(self._headers))
        attributes = {"yunqiao.request_id": str(self._request_id)}
        options = {"context": parent, "kind": SpanKind.SERVER, "attributes": attributes}
        self._held = _Traced(tracer, self._kind, options)
        self._held.__enter__()
        return f"{self._held.span.get_span_context().trace_id:032x}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _REQUEST.reset(self._token)
        if self._held is not None:
            self._held.__exit__(kind, error, trace)


def request_span(kind: str, headers: Mapping[str, str], request_id: uuid.UUID) -> AbstractContextManager[None]:
    """What one request does; a caller's ``traceparent`` (headers in lower case) is its parent."""
    return _Request(kind, headers, request_id)


def request_ids() -> dict[str, str]:
    """Ids of what is being answered, for a log line."""
    request_id, trace_id = _REQUEST.get()
    found = {"request_id": request_id} if request_id else {}
    return {**found, "trace_id": trace_id} if trace_id else found


def mark_span(name: str, value: str | int) -> None:
    """An attribute of the present span."""
    if _STATE.tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attribute(name, value)


def trace_headers() -> dict[str, str]:
    """``traceparent`` and ``tracestate`` of the present span, for an answer or a request of our own; empty without."""
    if _STATE.tracer is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier


def configure_tracing(environ: Mapping[str, str] | None = None) -> Callable[[], None]:
    """Send traces by OTLP over HTTP where the standard variables name an endpoint.

    Returns
    -------
    Callable
        Sends what is left and ends it.
    """
    env = os.environ if environ is None else environ
    named = env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or env.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    off = env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER", "otlp") == "none"
    if not named or off:
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({} if env.get("OTEL_SERVICE_NAME") else {"service.name": "yunqiao"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _STATE.tracer = provider.get_tracer("yunqiao")

    def stop() -> None:
        _STATE.tracer = None
        provider.shutdown()

    return stop
