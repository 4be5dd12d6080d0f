"""An export, from the form to the last byte.

One statement with a server-side cursor in a read-only REPEATABLE READ transaction: one snapshot, each row read once and
in order, and no more held than one fetch. Pages by key would need the same transaction for the same snapshot, and would
look their place up anew each time. Rows are counted first in that snapshot, so that too many are refused before the
first byte and each file says how many rows it has.

What a piece tells of whom is in the audit before the piece leaves; the last entry says how much went out.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from hub.access.actor import Actor
from hub.access.audit import AuditEntry, AuditLog
from hub.access.claimed import ClaimPool
from hub.api.errors import as_hub_error
from hub.api.exports.csv_file import CsvWriter
from hub.api.exports.form import FORMATS, ExportForm
from hub.api.exports.parquet_file import ParquetWriter
from hub.api.exports.sheet import Sheet, SheetWriter, Watermark
from hub.api.exports.xlsx_file import MOST_ROWS, XlsxWriter
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import LimitExceeded, Unavailable
from hub.query.engine import Engine, GraphQLErrors
from hub.query.rows import RowsQuery, plan_rows
from hub.tracing import span, sql_span
from schema.catalog import camel, plural_of
from schema.grants import load_grants

T = TypeVar("T")

#: Rows of one fetch; what is held of an export is a few of these.
_FETCH = 5000
#: Most ids of one audit entry.
_IDS = 10_000
#: Seconds to wait for a connection of the pool.
_ACQUIRE_S = 10.0


class ExportsBusy(LimitExceeded):
    """As many exports are running as are allowed at once."""

    http_status = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLimits:
    """Rows of one export, and exports at once: of an actor, and of this process."""

    rows: int = 1_000_000
    at_once: int = 2
    in_all: int = 4
    xlsx_rows: int = MOST_ROWS


@dataclass(slots=True)
class Told:
    """What of an export is in the audit, and what went out."""

    parts: int = 0
    rows: int = 0
    rows_out: int = 0
    bytes_out: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Export:
    """An export whose rows are about to be read."""

    file_name: str
    media: str
    rows: int
    columns: tuple[str, ...]
    withheld: tuple[str, ...]
    pieces: AsyncGenerator[bytes, None]
    told: Told


class ExportService:
    """Exports for the endpoint, the pages and the command line alike.

    Parameters
    ----------
    folder
        Where workbooks are made before they are sent.
    finished
        Called at each end with format, outcome (``complete``, ``broken``, ``refused``), rows out and seconds.
    """

    def __init__(
        self,
        pool: ClaimPool,
        audit: AuditLog,
        clock: Clock,
        engine: Engine,
        *,
        folder: Path,
        limits: ExportLimits | None = None,
        finished: Callable[[str, str, int, float], None] | None = None,
    ) -> None:
        self._pool, self._audit, self._clock, self._engine = pool, audit, clock, engine
        self._folder, self._limits = folder, limits or ExportLimits()
        self._finished = finished or (lambda *_: None)
        self._running: Counter[int] = Counter()

    @asynccontextmanager
    async def open(
        self, form: ExportForm, *, actor: Actor, purpose: str, request_id: uuid.UUID | None = None
    ) -> AsyncIterator[Export]:
        """Begin an export; its pieces are there until the context is left.

        Leaving it before the last piece stops the query, and the audit says so. An export that is refused has its
        entry before the error is raised.

        Raises
        ------
        HubError
            ``export_…``, or the query asks for what it may not.
        GraphQLErrors
            The document is not valid.
        """
        run = _Run(self, form, actor, purpose, request_id or uuid.uuid4())
        try:
            with self._turn(actor):
                query = self._plan(run)
                async with (
                    self._pool.of(actor, purpose).acquire(within_s=_ACQUIRE_S) as connection,
                    connection.transaction(isolation="repeatable_read", readonly=True),
                ):
                    # A statement of an export reads more than a query's.
                    await connection.execute(load_queries("hub.api").store_export_timeout)
                    export = await self._begin(run, query, connection)
                    try:
                        yield export
                    finally:
                        # Ends the cursor, and writes the last entry where the pieces were not all taken.
                        await export.pieces.aclose()
                        await run.end("broken")
        except Exception as error:
            if not run.begun:
                await self._refuse(run, error)
            raise

    @contextmanager
    def _turn(self, actor: Actor) -> Iterator[None]:
        if self._running[actor.actor_id] >= self._limits.at_once or self._running.total() >= self._limits.in_all:
            raise ExportsBusy("exports_busy", "Too many exports are running.", hint="Wait until one of them is done.")
        self._running[actor.actor_id] += 1
        try:
            yield
        finally:
            self._running[actor.actor_id] -= 1
            self._running += Counter()  # leaves out who has none

    def _plan(self, run: _Run) -> RowsQuery:
        with span("plan"):
            return plan_rows(
                self._engine,
                document=run.form.query,
                operation_name=run.form.operation_name,
                variables=run.form.variables,
                actor=run.actor,
                purpose=run.purpose,
                today=self._clock.today(),
                most=self._limits.rows,
            )

    async def _begin(self, run: _Run, query: RowsQuery, connection: asyncpg.Connection) -> Export:
        with sql_span(query.count_text):
            rows = await connection.fetchval(query.count_text, *query.count_values)
        self._check_size(rows, run.form)
        watermark = Watermark(run.actor, run.purpose, run.request_id, self._clock.now())
        zh = run.form.headings == "zh"
        sheet = Sheet(query.entity.name, query.columns, query.withheld, watermark, rows, zh_headings=zh)
        writer = self._writer(run.form, sheet)
        try:
            await run.start(query, rows)
        except BaseException:
            writer.close()
            raise
        name = watermark.file_name(plural_of(query.entity.name), run.form.format)
        media = FORMATS[run.form.format]
        if run.form.format == "csv":
            media += f"; charset={run.form.encoding}; header=present"
        gone = tuple(item.path for item in query.withheld if item.access == "withheld")
        columns = tuple(column.path for column in query.columns)
        return Export(name, media, rows, columns, gone, self._pieces(run, query, writer, connection), run.told)

    def _check_size(self, rows: int, form: ExportForm) -> None:
        if rows > self._limits.rows:
            raise LimitExceeded(
                "export_too_large",
                f"An export has at most {self._limits.rows} rows.",
                hint="Narrow it with a filter, region by region.",
            )
        if form.format == "xlsx" and rows > self._limits.xlsx_rows:
            raise LimitExceeded(
                "export_too_large_for_xlsx",
                f"A worksheet holds {self._limits.xlsx_rows} rows.",
                hint='Ask for Parquet ("format": "parquet"), or narrow it with a filter.',
            )

    def _writer(self, form: ExportForm, sheet: Sheet) -> SheetWriter:
        if form.format == "csv":
            return CsvWriter(sheet, form.encoding)
        return ParquetWriter(sheet) if form.format == "parquet" else XlsxWriter(sheet, self._folder)

    async def _pieces(
        self, run: _Run, query: RowsQuery, writer: SheetWriter, connection: asyncpg.Connection
    ) -> AsyncGenerator[bytes, None]:
        try:
            with sql_span(query.text):
                cursor = await connection.cursor(query.text, *query.values)
            held = await _in_thread(writer.begin)
            while rows := await cursor.fetch(_FETCH):
                run.gather(rows)
                # Encoding is work for the processor: other requests are answered meanwhile.
                held += await _in_thread(writer.add, rows)
                if held:
                    await run.tell()
                    yield held
                    run.went(held)
                    held = b""
            rest = await _in_thread(writer.end)
            await run.tell()
            while piece := held or await _in_thread(next, rest, b""):
                held = b""
                yield piece
                run.went(piece)
            run.told.rows_out = run.told.rows
            await run.end("complete")
        finally:
            writer.close()

    async def _refuse(self, run: _Run, error: Exception) -> None:
        reason = "graphql" if isinstance(error, GraphQLErrors) else as_hub_error(error, run.request_id).code
        self._finished(run.form.format, "refused", 0, run.seconds)
        await run.record(allowed=False, reason=reason)


async def _in_thread(work: Callable[..., T], *given: Any) -> T:
    """Run in a thread; who is cancelled still waits for it, so that nothing is closed while it is written to."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *given))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


class _Run:
    """One export and its entries in the audit."""

    def __init__(
        self, service: ExportService, form: ExportForm, actor: Actor, purpose: str, request_id: uuid.UUID
    ) -> None:
        self._service, self.form, self.actor = service, form, actor
        self.purpose, self.request_id = purpose, request_id
        self.told = Told()
        self.begun = self._ended = False
        self._started = time.perf_counter()
        self._people: dict[int, None] = {}
        self._rows = self._rows_told = 0
        self._fields: list[str] = []
        self._entity = ""
        self._expected = 0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    async def start(self, query: RowsQuery, rows: int) -> None:
        """The first entry: what is about to be exported."""
        self._fields, self._entity, self._expected = list(query.fields), query.entity.name, rows
        await self.record(detail={"part": 0, "rows": rows})
        self.begun = True

    def gather(self, rows: list[Any]) -> None:
        """Whose data the rows hold."""
        for row in rows:
            if ids := row["ids"]:
                self._people.update(dict.fromkeys(map(int, ids.split(","))))
        self._rows += len(rows)

    async def tell(self) -> None:
        """Return once all that was gathered is durable."""
        people = list(self._people)
        if not self._rows:
            return
        told, self._people, self._rows = self._rows, {}, 0
        for start in range(0, max(len(people), 1), _IDS):
            self.told.parts += 1
            detail = {"part": self.told.parts, "rows": told if start == 0 else 0}
            await self.record(detail=detail, person_ids=people[start : start + _IDS])
        self.told.rows += told

    def went(self, piece: bytes) -> None:
        """A piece has left."""
        self.told.bytes_out += len(piece)
        self.told.digest.update(piece)
        # Of a workbook whole rows leave only with its end.
        if self.form.format != "xlsx":
            self.told.rows_out = self.told.rows

    async def end(self, outcome: str) -> None:
        """The last entry; once."""
        if self._ended or not self.begun:
            return
        self._ended = True
        told = self.told
        self._service._finished(self.form.format, outcome, told.rows_out, self.seconds)
        detail = {
            "outcome": outcome,
            "rows": self._expected,
            "rows_out": told.rows_out,
            "bytes_out": told.bytes_out,
            "parts": told.parts,
        }
        if outcome == "complete":
            detail["sha256"] = told.digest.hexdigest()
        # Whoever asked may be gone, and this task with them; the entry is written all the same.
        await asyncio.shield(self.record(detail=detail, reason="" if outcome == "complete" else "export_broken"))

    async def record(
        self,
        *,
        detail: dict[str, Any] | None = None,
        person_ids: list[int] | None = None,
        allowed: bool = True,
        reason: str = "",
    ) -> None:
        """One entry; all of an export have its request's id."""
        entry = AuditEntry(
            happened_at=self._service._clock.now(),
            request_id=self.request_id,
            actor_id=self.actor.actor_id,
            actor_kind=self.actor.kind,
            purpose=self.purpose if self.purpose in load_grants().purposes else "",
            action="export",
            operation_name=camel(plural_of(self._entity)) if self._entity else None,
            operation_sha256=hashlib.sha256(self.form.query.encode("utf-8", "surrogatepass")).digest(),
            person_ids=person_ids or [],
            fields=self._fields,
            allowed=allowed,
            reason=reason,
            detail={"format": self.form.format, **(detail or {})},
            duration_ms=self.seconds * 1000,
        )
        try:
            with span("audit"):
                await self._service._audit.record(entry)
        except Exception as error:
            as_hub_error(error, self.request_id)
            raise Unavailable(
                "audit_unavailable", "The export could not be recorded, so it has no answer.", hint="Try again."
            ) from error
