"""Openings, programmes and posts from the feeds into the market.

A row is taken up once, when it is news: since then places were filled and openings closed here, and a department that
repeats itself must not undo that. What a feed no longer holds is closed, not removed. What was posted through the hub
is no feed's and stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

import asyncpg

from hub.clock import Clock
from hub.db.fragment import bind, sql
from hub.db.sql import load_queries
from hub.registry.sync import (
    Changes,
    Table,
    close_staging,
    execute_fragment,
    open_staging,
    stage_rows,
    sync_table,
)
from hub.telemetry import Progress


@dataclass(frozen=True, slots=True)
class MarketReport:
    """Rows added and changed by kind; ``unplaced``: targets left out because their region is not in the list."""

    openings: Changes
    programmes: Changes
    posts: Changes
    unplaced: int


@dataclass(frozen=True, slots=True)
class _Kind:
    table: Table
    dates: frozenset[str]
    taken: str  # column that counts places taken
    places: str  # column that counts places
    full_state: str | None  # state of a target that is open and full, None when it stays open
    defaults: Mapping[str, Any]  # column → value where the row says nothing


def _kind(
    name: LiteralString,
    defaults: Mapping[str, Any],
    *,
    dates: set[str],
    taken: str,
    places: str,
    full_state: str | None,
) -> _Kind:
    columns = tuple(column for column in defaults if column != "reference")
    table = Table(
        "market",
        name,
        ("reference",),
        (*columns, "source_record_id"),
        scope="reference",
        silent=("source_record_id",),
        versioned=True,
    )
    return _Kind(table, frozenset(dates), taken, places, full_state, defaults)


_KINDS = {
    "opening": _kind(
        "opening",
        {
            "reference": None, "partner_code": None, "employer_name": None, "employer_code": None, "title": None,
            "occupation_code": None, "duties": "", "region_code": None, "channel": "local",
            "wage_low_yuan_per_month": None, "wage_high_yuan_per_month": None, "wage_kind": "monthly",
            "vacancies": None, "filled": 0, "education_min": None, "age_min": None, "age_max": None,
            "skill_level_min": None, "skill_occupation_code": None, "heavy_labour": False, "night_shift": False,
            "lodging": False, "social_insurance": False, "term_months": None, "posted_on": None, "closes_on": None,
            "state": "open",
        },
        dates={"posted_on", "closes_on"}, taken="filled", places="vacancies", full_state="filled",
    ),
    "programme": _kind(
        "programme",
        {
            "reference": None, "name": None, "organiser": None, "occupation_code": None, "mode": "course",
            "certificate_kind": "completion", "skill_level": None, "education_min": None, "age_min": None,
            "age_max": None, "days": None, "seats": None, "taken": 0, "starts_on": None, "region_code": None,
            "allowance_yuan_per_day": None, "state": "open",
        },
        dates={"starts_on"}, taken="taken", places="seats", full_state=None,
    ),
    "post": _kind(
        "post",
        {
            "reference": None, "name": None, "kind": "other", "department": None, "region_code": None,
            "vacancies": None, "filled": 0, "wage_yuan_per_month": None, "term_months": None, "heavy_labour": False,
            "starts_on": None, "state": "open",
        },
        dates={"starts_on"}, taken="filled", places="vacancies", full_state=None,
    ),
}  # fmt: skip


async def publish_market(pool: asyncpg.Pool, *, clock: Clock, progress: Progress) -> MarketReport:
    """Bring the market up to what partners and departments last sent, in one transaction."""
    queries = load_queries("hub.registry")
    changes: dict[str, Changes] = {}
    unplaced = 0
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(queries.fetch_market_lock)
        regions = {row["region_code"] for row in await connection.fetch(queries.fetch_region_codes)}
        with progress.stage("publish market", len(_KINDS)) as step:
            for entity, kind in _KINDS.items():
                found = await connection.fetch(queries.fetch_target_records, entity)
                placed = [row for row in found if row["values"].get("region_code") in regions]
                unplaced += len(found) - len(placed)
                known = {row["reference"]: row for row in await connection.fetch(queries.fetch_targets_known, entity)}
                rows = [
                    _target_row(kind, row, known.get(row["values"]["reference"]))
                    for row in placed
                    if _is_news(row, known.get(row["values"]["reference"]))
                ]
                await open_staging(connection, kind.table)
                await stage_rows(connection, kind.table, rows)
                changes[entity] = await sync_table(connection, kind.table, scope=None, at=clock.now())
                gone = [
                    row["values"]["reference"] for row in placed if _is_gone(row, known.get(row["values"]["reference"]))
                ]
                changes[entity] += Changes(changed=await _store_closed(connection, kind.table, gone, at=clock.now()))
                await close_staging(connection, kind.table)
                step.advance()
    return MarketReport(changes["opening"], changes["programme"], changes["post"], unplaced)


def _is_news(row: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    """Whether a row says something that the market has not taken up."""
    if known is None:
        return True
    # What was posted here came from no record.
    return bool(known["source_record_id"] is not None and known["source_record_id"] != row["source_record_id"])


def _is_gone(row: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    """Whether the row that a target was made from is gone from its feed while the target stands open."""
    return (
        known is not None
        and known["source_record_id"] == row["source_record_id"]
        and row["gone_on"] is not None
        and known["state"] == "open"
    )


async def _store_closed(connection: asyncpg.Connection, table: Table, references: list[str], *, at: datetime) -> int:
    if not references:
        return 0
    return await execute_fragment(
        connection,
        sql("UPDATE ")
        + table.qualified()
        + sql(" SET state = 'closed', version = version + 1, updated_at = ")
        + bind(at, "timestamptz")
        + sql(" WHERE reference = ANY (")
        + bind(references, "text[]")
        + sql(")"),
    )


def _target_row(kind: _Kind, row: Mapping[str, Any], known: Mapping[str, Any] | None) -> tuple[Any, ...]:
    values = row["values"]
    cells = {name: values.get(name, default) for name, default in kind.defaults.items()}
    for name in kind.dates:
        if cells[name] is not None:
            cells[name] = date.fromisoformat(cells[name])
    if "wage_high_yuan_per_month" in cells:
        # A lone figure is both ends.
        low, high = cells["wage_low_yuan_per_month"], cells["wage_high_yuan_per_month"]
        cells["wage_low_yuan_per_month"], cells["wage_high_yuan_per_month"] = min(low or high, high or low), high or low
    if known is not None:
        # The poster's count may not have heard yet of those whom a station placed.
        cells[kind.taken] = max(cells[kind.taken], known["placed_here"])
    if row["gone_on"] is not None and cells["state"] == "open":
        cells["state"] = "closed"
    if cells["state"] == "open" and kind.full_state is not None and cells[kind.taken] >= cells[kind.places]:
        cells["state"] = kind.full_state
    reference = cells.pop("reference")
    return reference, *cells.values(), row["source_record_id"]
