"""Traces: a real receiver gets whole ones, nothing personal is in them, and without a receiver nothing is made."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hub import tracing
from hub.access.actor import Actor
from hub.access.token import issue_token
from hub.clock import SystemClock
from hub.settings import Settings
from tests.served import serving

Make = Callable[..., Awaitable[Actor]]
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@contextmanager
def receiver() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP receiver on loopback, and what it got."""
    got: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def spans_of(got: list[ExportTraceServiceRequest]) -> list[Span]:
    return [span for sent in got for held in sent.resource_spans for scope in held.scope_spans for span in scope.spans]


async def test_a_request_is_one_trace_under_its_callers(settings: Settings, actors: Make, tmp_path: Path) -> None:
    station = await actors("station", region_code="530627001000")
    token = issue_token(station, secret=settings.token_secret, clock=SystemClock(), valid_for=timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    query = "query($name: String) { persons(first: 9, filter: { namePrefix: $name }) { nodes { name phone } } }"
    with (
        receiver() as (endpoint, got),
        serving(settings, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="200") as process,
    ):
        async with httpx.AsyncClient(base_url=process.url, headers=headers) as client:
            body = {"query": query, "variables": {"name": "试"}}
            answer = await client.post("/graphql", json=body)
            assert len(answer.json()["data"]["persons"]["nodes"]) == 3
            exported = await client.post(
                "/export", json={"query": "{ persons { nodes { name phone } } }", "format": "csv"}
            )
            assert exported.status_code == 200
            broken = await client.post("/graphql", json={"query": '{ persons(first: 9, filter: { namePrefix: "试 }'})
            assert broken.status_code == 200
    spans = spans_of(got)
    names = {span.name for span in spans}
    assert {"graphql", "export", "parse", "compile", "sql", "audit", "plan"} <= names
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    top = next(span for span in spans if span.name == "graphql" and span.parent_span_id.hex() == PARENT)
    assert top.kind == Span.SPAN_KIND_SERVER
    # Passed on: the answer names the span that the caller's trace goes on with.
    parent = answer.headers["traceparent"].split("-")
    assert parent[1] == TRACE
    below = {span.name for span in spans if span.parent_span_id.hex() == parent[2]}
    assert below == {"parse", "compile", "sql", "audit"}
    statements = [item.value.string_value for span in spans for item in span.attributes if item.key == "db.query.text"]
    assert len(statements) == 3
    assert "namePrefix" not in "".join(statements)
    said = "".join(sent.SerializeToString().decode("latin-1") for sent in got)
    for secret in ("试", token, "100200000", "00062719800101", str(station.name)):
        assert secret.encode().decode("latin-1") not in said
    lines = [json.loads(line) for line in process.words().splitlines()]
    traced = [line for line in lines if line["event"] in ("graphql", "export")]
    assert len(traced) == 3
    assert {line["trace_id"] for line in traced} == {TRACE}


def test_an_error_leaves_its_type_and_not_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as (endpoint, got):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        stop = tracing.configure_tracing()
        try:
            with pytest.raises(ValueError, match="张三"), tracing.span("sql"):
                raise ValueError("Key (name)=(张三) exists")
        finally:
            stop()
    (span,) = spans_of(got)
    assert {item.key: item.value.string_value for item in span.attributes} == {"error.type": "ValueError"}
    assert not span.events
    assert not span.status.message


@pytest.mark.parametrize(
    ("given", "trace_id"),
    [
        (f"00-{TRACE}-{PARENT}-01", TRACE),
        (f"01-{TRACE}-{PARENT}-01-more", TRACE),
        (f"ff-{TRACE}-{PARENT}-01", None),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        ("00-张三-x-01", None),
        ("", None),
    ],
)
def test_the_callers_trace_is_in_the_log_lines_even_where_nothing_is_traced(given: str, trace_id: str | None) -> None:
    number = uuid.uuid4()
    with tracing.request_span("graphql", {"traceparent": given}, number):
        expected = {"request_id": str(number)} | ({"trace_id": trace_id} if trace_id else {})
        assert tracing.request_ids() == expected
        assert tracing.trace_headers() == {}
    assert tracing.request_ids() == {}


def test_without_an_endpoint_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys, app.server, hub.tracing; hub.tracing.configure_tracing({})\n"
        "assert hub.tracing.span('a') is hub.tracing.span('b')\n"
        "assert hub.tracing.sql_span('SELECT') is hub.tracing.span('b')\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.strip() == "[]", run.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
        {},
    ],
)
def test_the_standard_variables_turn_it_off(env: dict[str, str]) -> None:
    tracing.configure_tracing(env)()
    assert tracing.span("a") is tracing.span("b")
