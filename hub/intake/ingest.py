"""Files in, batches out: keep the file, note it, land it in one transaction, report.

What a crash leaves, by moment: a draft that is swept the next day, a kept file without a batch (the next run uses it),
a batch ``received`` (the next run takes it up), or a transaction PostgreSQL undoes. Run again, it ends the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import InvalidInput
from hub.intake.canonical import Canonical, Canonicaliser
from hub.intake.detect import Plan, Sender, detect_layout, parse_sender
from hub.intake.keep import Draft, draft_copy, store_file
from hub.intake.naming import FileName, parse_file_name, read_paths
from hub.intake.refusal import FileRefused, Limits
from hub.intake.report import BatchReport
from hub.intake.stage import Tally, land_rows, stage_rows
from hub.settings import Settings
from hub.telemetry import Progress, Step
from schema.feeds import Layout, LayoutError, Mode, load_layouts

_SQL: Final = load_queries("hub.intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What is the same for all files of one run."""

    pool: asyncpg.Pool
    settings: Settings
    clock: Clock
    layouts: dict[str, Layout]
    limits: Limits = field(default_factory=Limits)
    #: told the name of every step before it is taken; tests stop the run there
    checkpoint: Callable[[str], None] = lambda _: None


async def ingest_paths(
    pool: asyncpg.Pool,
    paths: Iterable[Path],
    *,
    settings: Settings,
    clock: Clock,
    progress: Progress,
    feed: str | None = None,
    region_code: str | None = None,
    as_of: date | None = None,
    mode: Mode | None = None,
) -> list[BatchReport]:
    """Take in files, the oldest first; a directory stands for the files in its ``feeds``.

    Parameters
    ----------
    feed, region_code, as_of, mode
        What the files' names do not say. They go before what the names say.

    Returns
    -------
    list of BatchReport
        One a file, in the order taken. A refused file does not keep the others from landing.

    Raises
    ------
    InvalidInput
        ``path_missing``, ``layout_invalid``, ``feed_unknown``: the call itself cannot be carried out.
    """
    try:
        layouts = load_layouts(settings.layouts_dir)
    except LayoutError as error:
        raise InvalidInput("layout_invalid", str(error), hint="Mend the layout's TOML file.") from error
    if feed is not None and feed not in layouts:
        raise InvalidInput("feed_unknown", f"There is no layout {feed!r}.", hint=f"Known: {', '.join(layouts)}.")
    intake = Intake(pool=pool, settings=settings, clock=clock, layouts=layouts)
    given = FileName(feed, region_code.ljust(12, "0") if region_code else None, as_of, mode)
    files = read_paths(paths)
    with progress.stage("intake", sum(path.stat().st_size for path in files)) as step:
        return [await ingest_file(intake, path, given=given, step=step) for path in files]


async def ingest_file(
    intake: Intake, path: Path, *, given: FileName | None = None, step: Step | None = None
) -> BatchReport:
    """Take in one file. What is wrong with it is in the report, not an exception."""
    named = parse_file_name(path.name)
    meter = _Meter(step, path.stat().st_size)
    report = BatchReport(
        file_name=path.name, state="refused", feed=named.feed, region_code=named.region_code, as_of=named.as_of,
        mode=named.mode,
    )  # fmt: skip
    try:
        sender = parse_sender(named, given or FileName(), intake.layouts, today=intake.clock.today())
        with draft_copy(path, intake.settings.files_dir) as draft:
            report = await _ingest_draft(intake, draft, sender, report, meter)
    except FileRefused as error:
        report = replace(report, refusal=error.refusal)
    meter.reach(1.0)
    return report


class _Meter:
    """Shares of one file as bytes of the whole run."""

    def __init__(self, step: Step | None, size: int) -> None:
        self._step, self._size, self._done = step, size, 0

    def reach(self, share: float) -> None:
        done = int(min(1.0, share) * self._size)
        if self._step is not None and done > self._done:
            self._step.advance(done - self._done)
            self._done = done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """A noted file: the row it has in ``intake.batch``."""

    batch_id: int
    layout: Layout
    mode: Mode
    region_code: str
    as_of: date
    sha256: bytes

    def landed(self, row: asyncpg.Record) -> bool:
        """Whether the row says that just this had been done."""
        return (row["state"], row["mode"], row["layout_sha256"]) == ("landed", self.mode, self.layout.sha256)


async def _ingest_draft(
    intake: Intake, draft: Draft, sender: Sender, report: BatchReport, meter: _Meter
) -> BatchReport:
    refused: FileRefused | None = None
    plan: Plan | None = None
    try:
        plan = await asyncio.to_thread(
            detect_layout, draft.path, intake.layouts, named=report.feed, layout=sender.layout, limits=intake.limits
        )
    except FileRefused as error:
        refused = error
    layout = plan.layout if plan else sender.layout
    if layout is None:
        assert refused is not None  # noqa: S101  # without a plan there was a refusal; this tells the type checker
        raise refused
    mode = sender.mode or layout.mode
    report = replace(report, feed=layout.name, region_code=sender.region_code, as_of=sender.as_of, mode=mode)
    intake.checkpoint("keep")
    await asyncio.to_thread(store_file, draft, intake.settings.files_dir)
    async with intake.pool.acquire() as connection:
        intake.checkpoint("receive")
        batch = _Batch(
            batch_id=0, layout=layout, mode=mode, region_code=sender.region_code, as_of=sender.as_of,
            sha256=draft.sha256,
        )  # fmt: skip
        row = await _receive(connection, batch, draft, plan, file_name=report.file_name, clock=intake.clock)
        batch = replace(batch, batch_id=row["batch_id"])
        report = replace(report, batch_id=batch.batch_id)
        if batch.landed(row):
            return _unchanged(report, row)
        try:
            if plan is None:
                assert refused is not None  # noqa: S101  # as above
                raise refused
            async with connection.transaction():
                report = await _land(intake, connection, batch, plan, report=report, meter=meter)
        except FileRefused as error:
            intake.checkpoint("refuse")
            await connection.execute(_SQL.refuse_batch, batch.batch_id, asdict(error.refusal), intake.clock.now())
            return replace(report, refusal=error.refusal)
        intake.checkpoint("done")
        return report


async def _receive(
    connection: asyncpg.Connection, batch: _Batch, draft: Draft, plan: Plan | None, *, file_name: str, clock: Clock
) -> asyncpg.Record:
    """The file's row, made or taken up again; one that landed is left as it is."""
    key = (batch.layout.name, batch.region_code, batch.sha256, batch.as_of)
    row = await connection.fetchrow(_SQL.fetch_batch, *key)
    if row is None or row["state"] != "landed":
        await connection.execute(
            _SQL.store_batch, *key, batch.layout.entity, batch.layout.department, batch.layout.sha256, file_name,
            draft.size_bytes, batch.mode, list(plan.match.headings) if plan else [], clock.now(),
        )  # fmt: skip
        row = await connection.fetchrow(_SQL.fetch_batch, *key)
    return row


async def _land(
    intake: Intake, connection: asyncpg.Connection, batch: _Batch, plan: Plan, *, report: BatchReport, meter: _Meter
) -> BatchReport:
    """All that is written of a file's rows, within the caller's transaction."""
    layout = batch.layout
    intake.checkpoint("lock")
    await connection.execute(_SQL.lock_feed, layout.name, batch.region_code)
    row = await connection.fetchrow(_SQL.lock_batch, batch.batch_id)
    if batch.landed(row):  # somebody else landed it while we waited for the lock
        return _unchanged(report, row)
    newest = await connection.fetchval(_SQL.fetch_newest_full, layout.name, batch.region_code)
    if newest is not None and batch.as_of < newest:
        raise FileRefused(
            "older_than_landed",
            f"It speaks of {batch.as_of}, but a full file of {newest} has landed.",
            hint="Send a newer file: what was known of a day before cannot be put under what is known since.",
        )
    await connection.execute(_SQL.plan_by_hash)
    await connection.execute(_SQL.clear_batch, batch.batch_id)
    intake.checkpoint("stage")
    canonicaliser = Canonicaliser(layout, plan.match, region_code=batch.region_code)
    tally = await stage_rows(connection, batch.batch_id, _parts(plan, canonicaliser, meter), limits=intake.limits)
    _check_rows(tally, batch.mode)
    landing = await land_rows(
        connection, batch.batch_id, layout=layout, region_code=batch.region_code, as_of=batch.as_of,
        full=batch.mode == "full", rejected_keys=tally.rejected_keys, step=intake.checkpoint,
    )  # fmt: skip
    if landing.stale:
        tally.codes["row_stale"] = landing.stale
    rejected = tally.rejected + landing.stale
    intake.checkpoint("finish")
    await connection.execute(
        _SQL.finish_batch, batch.batch_id, batch.mode, layout.sha256, list(canonicaliser.headings), tally.read,
        landing.new, landing.unchanged, landing.gone, rejected, intake.clock.now(),
    )  # fmt: skip
    intake.checkpoint("commit")
    used = set(plan.match.columns.values())
    return replace(
        report, state="landed", rows_read=tally.read, rows_new=landing.new, rows_unchanged=landing.unchanged,
        rows_gone=landing.gone, rows_rejected=rejected, rows_repeated=landing.repeated,
        rejected_by_code=dict(tally.codes.most_common()),
        unused_headings=tuple(h for i, h in enumerate(plan.match.headings) if h and i not in used),
    )  # fmt: skip


def _parts(plan: Plan, canonicaliser: Canonicaliser, meter: _Meter) -> Iterator[Canonical]:
    match = plan.match
    for chunk in plan.table.chunks(match.head, after=match.after, width=len(match.headings)):
        meter.reach(chunk.done)
        yield canonicaliser.canonical(chunk)


def _check_rows(tally: Tally, mode: Mode) -> None:
    if tally.read == 0:
        raise FileRefused("no_rows", "There are headings but no rows.", hint="Export it again.")
    if tally.read == tally.rejected and mode == "full":
        # Landed, it would mark all that is known as gone.
        code, count = tally.codes.most_common(1)[0]
        raise FileRefused(
            "no_readable_rows",
            f"Not one of its {tally.read} rows can be read, most often for {code} ({count} times).",
            hint="Check that it is the right file for the layout.",
        )


def _unchanged(report: BatchReport, row: asyncpg.Record) -> BatchReport:
    return replace(
        report, state="unchanged", rows_read=row["rows_read"], rows_unchanged=row["rows_read"] - row["rows_rejected"],
        rows_rejected=row["rows_rejected"],
    )  # fmt: skip
