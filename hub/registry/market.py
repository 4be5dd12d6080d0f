"""Openings, programmes and posts from the feeds into the market.

What a feed no longer holds is closed, not removed. Openings posted through the hub are nobody's feed and stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.registry.store import store_rows
from hub.telemetry import Progress


@dataclass(frozen=True, slots=True)
class MarketReport:
    """Rows added or changed; ``unplaced`` targets name a region that is not in the list of divisions."""

    openings: int
    programmes: int
    posts: int
    unplaced: int


@dataclass(frozen=True, slots=True)
class _Kind:
    table: LiteralString
    dates: frozenset[str]
    columns: Mapping[str, Any]  # name -> value where the row says nothing


_KINDS = {
    "opening": _Kind(
        "opening",
        frozenset({"posted_on", "closes_on"}),
        {
            "reference": None, "partner_code": None, "employer_name": None, "employer_code": None, "title": None,
            "occupation_code": None, "duties": "", "region_code": None, "channel": "local",
            "wage_low_yuan_per_month": None, "wage_high_yuan_per_month": None, "wage_kind": "monthly",
            "vacancies": None, "filled": 0, "education_min": None, "age_min": None, "age_max": None,
            "skill_level_min": None, "skill_occupation_code": None, "heavy_labour": False, "night_shift": False,
            "lodging": False, "social_insurance": False, "term_months": None, "posted_on": None, "closes_on": None,
            "state": "open",
        },
    ),
    "programme": _Kind(
        "programme",
        frozenset({"starts_on"}),
        {
            "reference": None, "name": None, "organiser": None, "occupation_code": None, "mode": "course",
            "certificate_kind": "completion", "skill_level": None, "education_min": None, "age_min": None,
            "age_max": None, "days": None, "seats": None, "taken": 0, "starts_on": None, "region_code": None,
            "allowance_yuan_per_day": None, "state": "open",
        },
    ),
    "post": _Kind(
        "post",
        frozenset({"starts_on"}),
        {
            "reference": None, "name": None, "kind": "other", "department": None, "region_code": None,
            "vacancies": None, "filled": 0, "wage_yuan_per_month": None, "term_months": None, "heavy_labour": False,
            "starts_on": None, "state": "open",
        },
    ),
}  # fmt: skip


async def publish_market(pool: asyncpg.Pool, *, clock: Clock, progress: Progress) -> MarketReport:
    """Bring the market up to what partners and departments last sent, in one transaction."""
    queries = load_queries("hub.registry")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(queries.fetch_lock)
        regions = {row["region_code"] for row in await connection.fetch(queries.fetch_regions)}
        changed, unplaced = {}, 0
        with progress.stage("store market"):
            for entity, kind in _KINDS.items():
                found = await connection.fetch(queries.fetch_target_records, entity)
                placed = [row for row in found if row["values"].get("region_code") in regions]
                unplaced += len(found) - len(placed)
                known = {row["reference"]: row for row in await connection.fetch(queries.fetch_targets_known, entity)}
                rows = [row for row in placed if _is_news(row, known.get(row["values"]["reference"]))]
                changed[entity] = await store_rows(
                    connection,
                    ("market", kind.table),
                    [*kind.columns, "source_record_id", "updated_at"],
                    ["reference"],
                    [(*_target_row(kind, row), row["source_record_id"], clock.now()) for row in rows],
                    versioned=True,
                    ignored=["updated_at"],
                )
    return MarketReport(changed["opening"], changed["programme"], changed["post"], unplaced)


def _is_news(row: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    """Whether a row says something the market has not taken up.

    A row that was taken up once is not taken up again: since then places were filled and openings closed here.
    """
    if known is None or known["source_record_id"] != row["source_record_id"]:
        return known is None or known["source_record_id"] is not None
    return row["gone_on"] is not None and known["state"] == "open"


def _target_row(kind: _Kind, row: Mapping[str, Any]) -> tuple[Any, ...]:
    values = row["values"]
    cells = {name: values.get(name, default) for name, default in kind.columns.items()}
    for name in kind.dates:
        if isinstance(cells[name], str):
            cells[name] = date.fromisoformat(cells[name])
    if cells.get("wage_high_yuan_per_month") is None and "wage_high_yuan_per_month" in cells:
        cells["wage_high_yuan_per_month"] = cells["wage_low_yuan_per_month"]
    if row["gone_on"] is not None and cells["state"] == "open":
        cells["state"] = "closed"
    return tuple(cells.values())
