"""Rejected rows, given back under the file's own headings so that they can be mended and sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import xlsxwriter

from hub.db.sql import load_queries
from hub.errors import LimitExceeded, NotFound
from hub.intake.canonical import Rejection

_SQL: Final = load_queries("hub.intake")
LINE_HEADING: Final = "行号"
PROBLEM_HEADING: Final = "问题"
_MAX_ROWS: Final = 1_048_575  # of a worksheet, but for the heading
_MAX_CELL: Final = 32_767
_MAX_COLUMNS: Final = 16_384


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """What is wrong with a batch."""

    batch_id: int
    file_name: str
    headings: tuple[str, ...]
    rejections: tuple[Rejection, ...]  # by line; a row with several faults has several


async def fetch_rejections(pool: asyncpg.Pool, batch_id: int) -> RejectedRows:
    """The rejections of a batch.

    Raises
    ------
    NotFound
        ``batch_unknown``.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        batch = await connection.fetchrow(_SQL.fetch_rejected_batch, batch_id)
        if batch is None:
            raise NotFound(
                "batch_unknown", f"There is no batch {batch_id}.", hint="'yunqiao ingest' prints the numbers."
            )
        rows = await connection.fetch(_SQL.fetch_rejections, batch_id)
    rejections = tuple(
        Rejection(row["line"], row["field"], row["heading"], row["code"], row["reason"], tuple(row["raw"]))
        for row in rows
    )
    return RejectedRows(batch_id, batch["file_name"], tuple(batch["headings"]), rejections)


def rejection_table(rejected: RejectedRows) -> list[list[str]]:
    """One row a rejected line, headings first: where it stood, what is wrong, and its cells as they came.

    The two columns of ours stand at the left, so that cells beyond the last heading stay beyond it.
    """
    lines: dict[int, list[Rejection]] = {}
    for rejection in rejected.rejections:
        lines.setdefault(rejection.line, []).append(rejection)
    table = [[LINE_HEADING, PROBLEM_HEADING, *rejected.headings]]
    for line, found in lines.items():
        reasons = "；".join(dict.fromkeys(rejection.reason for rejection in found))
        table.append([str(line), reasons, *found[0].raw])
    return table


async def store_rejections_xlsx(pool: asyncpg.Pool, batch_id: int, path: Path) -> int:
    """Write a batch's rejected rows as a workbook.

    Sent again as a delta file, mended rows land and what was known of others stays. Every cell is text: a citizen
    number keeps its digits, and nothing a department wrote becomes a formula.

    Returns
    -------
    int
        Rejected rows written.

    Raises
    ------
    NotFound
        ``batch_unknown``.
    LimitExceeded
        ``rejections_too_many`` for a worksheet.
    """
    table = rejection_table(await fetch_rejections(pool, batch_id))
    if len(table) - 1 > _MAX_ROWS:
        raise LimitExceeded(
            "rejections_too_many",
            f"{len(table) - 1} rows are more than a worksheet holds.",
            hint="The file was probably of another form; mend the layout and ingest it again.",
        )
    _write_workbook(table, path)
    return len(table) - 1


def _write_workbook(table: Sequence[Sequence[str]], path: Path) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        text = book.add_format({"num_format": "@"})
        heading = book.add_format({"num_format": "@", "bold": True, "text_wrap": True, "valign": "vcenter"})
        sheet = book.add_worksheet("待修改")
        sheet.freeze_panes(1, 2)
        sheet.set_column(1, 1, 40)
        for number, row in enumerate(table):
            for column, cell in enumerate(row[:_MAX_COLUMNS]):
                sheet.write_string(number, column, cell[:_MAX_CELL], text if number else heading)
