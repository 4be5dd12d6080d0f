"""The referral feed: two years of offers and what came of them, from the departments' own books.

A row whose person or target nobody knows is not lost: it stays a source record, is counted, and is tried again by the
next publication.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg

from hub.clock import ZONE, Clock
from hub.db.sql import load_queries
from hub.identity.names import normalise_name
from hub.identity.numbers import parse_citizen_number
from hub.telemetry import Progress

_REFERRAL = (
    "person_id",
    "kind",
    "opening_id",
    "programme_id",
    "post_id",
    "state",
    "rank",
    "source_record_id",
    "shown_on",
    "updated_at",
)
_OUTCOME = (
    "referral_id",
    "result",
    "reason",
    "wage_yuan_per_month",
    "started_on",
    "ended_on",
    "months_kept",
    "recorded_at",
    "source_record_id",
)


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """Referrals and outcomes added; rows whose person or target nobody knows yet."""

    referrals: int
    outcomes: int
    unknown_people: int
    unknown_targets: int


async def publish_history(pool: asyncpg.Pool, *, clock: Clock, progress: Progress) -> HistoryReport:
    """Turn rows of the referral feed into referrals with their outcomes, in one transaction."""
    queries = load_queries("hub.casework")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(queries.fetch_history_lock)
        await connection.execute(queries.store_moved_referrals)
        rows = await connection.fetch(queries.fetch_referral_rows)
        if not rows:
            return HistoryReport(0, 0, 0, 0)
        with progress.stage("store history", len(rows)) as step:
            people = _People(await connection.fetch(queries.fetch_numbers))
            found = await connection.fetch(queries.fetch_targets_by_reference)
            targets = {(row["kind"], row["reference"]): row["target_id"] for row in found}
            referrals, said = [], {}
            unknown_people = unknown_targets = 0
            for row in rows:
                values = row["values"]
                person = people.find(values.get("citizen_number"), values.get("name"))
                target = targets.get((values.get("kind"), values.get("reference")))
                if person is None:
                    unknown_people += 1
                elif target is None:
                    unknown_targets += 1
                else:
                    referrals.append(_referral(row["source_record_id"], person, target, values, clock.now()))
                    said[row["source_record_id"]] = values
                step.advance()
            await connection.copy_records_to_table(
                "referral", schema_name="casework", columns=_REFERRAL, records=referrals
            )
            stored = await connection.fetch(queries.fetch_referrals_of_feed, list(said))
            outcomes = [
                _outcome(row["referral_id"], row["source_record_id"], said[row["source_record_id"]], clock.now())
                for row in stored
                if said[row["source_record_id"]].get("result")
            ]
            await connection.copy_records_to_table(
                "outcome", schema_name="casework", columns=_OUTCOME, records=outcomes
            )
    return HistoryReport(len(referrals), len(outcomes), unknown_people, unknown_targets)


class _People:
    """People by their number; where several share one, by number and name."""

    def __init__(self, rows: list[Mapping[str, Any]]) -> None:
        self._by_number: dict[str, set[int]] = defaultdict(set)
        self._by_both: dict[tuple[str, str | None], set[int]] = defaultdict(set)
        for row in rows:
            self._by_number[row["citizen_number"]].add(row["person_id"])
            self._by_both[row["citizen_number"], row["name"]].add(row["person_id"])

    def find(self, number_text: str | None, name_text: str | None) -> int | None:
        """The one person that a row means; None where there is none or it could be two."""
        number = parse_citizen_number(number_text).number
        if number is None:
            return None
        candidates = self._by_number.get(number, set())
        if len(candidates) > 1:
            candidates = self._by_both.get((number, normalise_name(name_text or "") or None), set())
        return next(iter(candidates)) if len(candidates) == 1 else None


def _referral(record: int, person: int, target: int, values: Mapping[str, Any], at: datetime) -> tuple[Any, ...]:
    kind = values["kind"]
    keys = [target if kind == name else None for name in ("opening", "programme", "post")]
    state = values.get("state") or "shown"
    # A live state of a past book is over: nobody at this station works on it.
    if state in ("referred", "contacted", "accepted"):
        state = "ended"
    return person, kind, *keys, state, values.get("rank"), record, _day(values["shown_on"]), at


def _outcome(referral: int, record: int, values: Mapping[str, Any], at: datetime) -> tuple[Any, ...]:
    when = _day(values.get("contacted_on")) or _day(values.get("shown_on"))
    recorded_at = datetime(when.year, when.month, when.day, tzinfo=ZONE) if when else at
    return (
        referral,
        values["result"],
        values.get("reason"),
        values.get("wage_yuan_per_month"),
        _day(values.get("started_on")),
        _day(values.get("ended_on")),
        values.get("months_kept"),
        recorded_at,
        record,
    )


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None
