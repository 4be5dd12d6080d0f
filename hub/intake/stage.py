"""Canonical rows → bytes for COPY → staging; then, in the same transaction, source records."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import asyncpg

from hub.db.sql import load_queries
from hub.intake.canonical import Canonical, Rejection, row_hash
from hub.intake.reasons import reason_for
from hub.intake.refusal import FileRefused, Limits
from schema.feeds import Layout

_SQL: Final = load_queries("hub.intake")
_COLUMNS: Final = ("batch_id", "line", "record_key", "row_hash", "values", "raw")
_REJECTION_COLUMNS: Final = ("batch_id", "line", "field", "heading", "code", "reason", "raw")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(slots=True)
class Tally:
    """What has been read of a file so far."""

    read: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    rejected_keys: list[str] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, part: Canonical, limits: Limits) -> None:
        """Count one chunk.

        Raises
        ------
        FileRefused
            ``rejections_too_many``.
        """
        self.read += part.read
        self.rejected += part.rejected
        self.rejections += part.rejections
        self.rejected_keys += part.rejected_keys
        self.codes.update(rejection.code for rejection in part.rejections)
        if len(self.rejections) > limits.rejections:
            code, count = self.codes.most_common(1)[0]
            raise FileRefused(
                "rejections_too_many",
                f"More than {limits.rejections} things are wrong with it, most often {code} ({count} times).",
                hint="It is probably another form than the layout describes.",
            )


@dataclass(frozen=True, slots=True)
class Landing:
    """Rows written and marked."""

    new: int
    unchanged: int
    gone: int
    repeated: int
    stale: int


def _array(cells: Sequence[str]) -> str:
    text = '","'.join(cells)
    if "\\" in text or text.count('"') != 2 * (len(cells) - 1):
        text = '","'.join(cell.replace("\\", "\\\\").replace('"', '\\"') for cell in cells)
    return f'{{"{text}"}}' if cells else "{}"


def encode_rows(batch_id: int, part: Canonical) -> bytes:
    """The chunk's good rows in PostgreSQL's text format for COPY into ``intake.staged_row``."""
    lines = []
    for line, key, values, cells in zip(part.lines, part.keys, part.values, part.raws, strict=True):
        raw = _array(cells)
        digest = row_hash(values).hex()
        row = f"{batch_id}\t{line}\t{key}\t\\\\x{digest}\t{values}\t{raw}\n"
        if not (row.count("\t") == 5 and row.count("\n") == 1 and row.count("\\") == 2 and "\r" not in row):
            escaped = (text.translate(_ESCAPES) for text in (key, values, raw))
            key, values, raw = escaped  # noqa: PLW2901  # the same three, as COPY wants them
            row = f"{batch_id}\t{line}\t{key}\t\\\\x{digest}\t{values}\t{raw}\n"
        lines.append(row)
    return "".join(lines).encode()


async def _ahead(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Blocks made in a thread, one ahead: the next is parsed while PostgreSQL takes the last."""
    pending = asyncio.ensure_future(asyncio.to_thread(next, blocks, None))
    try:
        while (block := await pending) is not None:
            pending = asyncio.ensure_future(asyncio.to_thread(next, blocks, None))
            if block:
                yield block
    finally:
        # Whatever ended this, the thread must be done with the file before it is closed.
        await asyncio.gather(pending, return_exceptions=True)


async def stage_rows(
    connection: asyncpg.Connection, batch_id: int, parts: Iterator[Canonical], *, limits: Limits
) -> Tally:
    """COPY all chunks into staging and their rejections beside it, within the caller's transaction."""
    tally = Tally()

    def blocks() -> Iterator[bytes]:
        for part in parts:
            tally.add(part, limits)
            yield encode_rows(batch_id, part)

    await connection.copy_to_table(
        "staged_row", schema_name="intake", columns=_COLUMNS, source=_ahead(blocks()), format="text"
    )
    await connection.copy_records_to_table(
        "rejection",
        schema_name="intake",
        columns=_REJECTION_COLUMNS,
        records=[(batch_id, r.line, r.field, r.heading, r.code, r.reason, list(r.raw)) for r in tally.rejections],
    )
    return tally


def _count(status: str) -> int:
    return int(status.rsplit(" ", 1)[1])


async def land_rows(
    connection: asyncpg.Connection,
    batch_id: int,
    *,
    layout: Layout,
    region_code: str,
    as_of: date,
    full: bool,
    rejected_keys: list[str],
    step: Callable[[str], None] = lambda _: None,
) -> Landing:
    """Staged rows → source records, within the caller's transaction.

    Parameters
    ----------
    step
        Told the name of each statement before it runs.
    """

    feed = layout.name

    async def run(name: str, *values: object) -> int:
        step(name)
        return _count(await connection.execute(getattr(_SQL, name), batch_id, *values))

    repeated = await run("drop_repeated")
    stale = 0
    if not full:
        stale = await run("store_stale", feed, region_code, as_of, reason_for("row_stale", None))
        await run("drop_stale")
    unchanged = await run("mark_seen", feed, region_code, as_of)
    if full:
        gone = await run("mark_absent", feed, region_code, as_of, rejected_keys)
    else:
        gone = await run("mark_replaced", feed, region_code, as_of)
    new = await run("store_records", feed, region_code, layout.entity, layout.department, as_of)
    await run("clear_staged")
    return Landing(new, unchanged, gone, repeated, stale)
