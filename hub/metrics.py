"""Figures of one server process, in a registry of its own.

No label holds anything that a caller can choose: unknown values are ``other``. Several workers are several processes,
and each answers for itself; ``yunqiao_worker`` says which one did.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_KINDS: Final = frozenset({"query", "mutation", "subscription", "request", "export"})
_ACTORS: Final = frozenset({"department", "station", "partner", "county", "person", "administrator", "unknown"})
_FORMATS: Final = frozenset({"csv", "parquet", "xlsx"})
_OUTCOMES: Final = frozenset({"complete", "broken", "refused"})
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_EXPORT_SECONDS: Final = (0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 900)


class Metrics:
    """All figures; :meth:`render` gives them as Prometheus reads them."""

    def __init__(self) -> None:
        held = self._registry = CollectorRegistry()
        self.requests = Counter(
            "yunqiao_requests",
            "GraphQL requests answered, by kind of operation, HTTP status and kind of actor",
            ("kind", "status", "actor"),
            registry=held,
        )
        self._answered: dict[tuple[str, int, str], tuple[Counter, Histogram]] = {}
        self.request_seconds = Histogram(
            "yunqiao_request_seconds",
            "From the request to its durable audit entry",
            ("kind",),
            buckets=_SECONDS,
            registry=held,
        )
        self.audit_entries = Histogram(
            "yunqiao_audit_batch_entries",
            "Entries of one audit batch",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
            registry=held,
        )
        self.audit_seconds = Histogram(
            "yunqiao_audit_batch_seconds", "Writing one audit batch", buckets=_SECONDS, registry=held
        )
        self.audit_wait = Histogram(
            "yunqiao_audit_wait_seconds", "An answer's wait for its audit entry", buckets=_SECONDS, registry=held
        )
        self.audit_failures = Counter("yunqiao_audit_failures", "Audit batches that were not written", registry=held)
        self.exports = Counter("yunqiao_exports", "Exports ended", ("format", "outcome"), registry=held)
        self.export_rows = Counter("yunqiao_export_rows", "Rows that went out in exports", ("format",), registry=held)
        self.export_seconds = Histogram(
            "yunqiao_export_seconds",
            "From the request for an export to its end",
            ("format",),
            buckets=_EXPORT_SECONDS,
            registry=held,
        )
        self.cache_lookups = Gauge(
            "yunqiao_plan_cache_lookups", "Lookups of compiled plans since the start", ("result",), registry=held
        )
        self.cache_size = Gauge("yunqiao_plan_cache_size", "Compiled plans held", registry=held)
        self.documents = Gauge("yunqiao_document_cache_size", "Parsed documents held", registry=held)
        self.pool = Gauge(
            "yunqiao_pool_connections", "Connections to the database, by what they do", ("state",), registry=held
        )
        self.pool_waiting = Gauge("yunqiao_pool_waiting", "Requests that wait for a connection", registry=held)
        self.database_up = Gauge("yunqiao_database_up", "1 where the database answers", registry=held)
        self.rejections = Gauge(
            "yunqiao_rejected_rows", "Rows of landed feeds that were rejected, in all", ("department",), registry=held
        )
        self.refused_files = Gauge(
            "yunqiao_refused_files", "Files that were refused whole, in all", ("department",), registry=held
        )
        worker = Gauge("yunqiao_worker", "1; the process that answers", ("pid",), registry=held)
        worker.labels(str(os.getpid())).set(1)
        ProcessCollector(registry=held)
        GCCollector(registry=held)

    def answered(self, kind: str, status: int, actor: str, seconds: float) -> None:
        """One GraphQL request was answered."""
        kind = kind if kind in _KINDS else "other"
        actor = actor if actor in _ACTORS else "other"
        # The library finds a child by its labels under a lock; ours are few.
        held = self._answered.get((kind, status, actor))
        if held is None:
            held = self.requests.labels(kind, str(status), actor), self.request_seconds.labels(kind)
            self._answered[kind, status, actor] = held
        held[0].inc()
        held[1].observe(seconds)

    def audited(self, entries: int, seconds: float, written: bool) -> None:
        """One batch of the audit was written, or not."""
        if not written:
            self.audit_failures.inc()
            return
        self.audit_entries.observe(entries)
        self.audit_seconds.observe(seconds)

    def exported(self, format_: str, outcome: str, rows: int, seconds: float) -> None:
        """One export ended."""
        format_ = format_ if format_ in _FORMATS else "other"
        self.exports.labels(format_, outcome if outcome in _OUTCOMES else "other").inc()
        self.export_rows.labels(format_).inc(rows)
        self.export_seconds.labels(format_).observe(seconds)

    def rejected(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """Rejected rows and refused files by department; the departments are those of the layouts."""
        for department, rejected, refused in rows:
            self.rejections.labels(department).set(rejected)
            self.refused_files.labels(department).set(refused)

    def render(self) -> bytes:
        """Prometheus text format 0.0.4."""
        return generate_latest(self._registry)
