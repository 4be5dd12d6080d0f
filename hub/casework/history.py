"""The referral feed: two years of offers and what came of them, from the departments' own books.

A row whose person or target nobody knows is not lost: it stays a source record, is counted and reported, and is tried
again by the next publication. A row that replaces an earlier one goes on with the same referral.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.identity.names import normalise_name, pinyin_of
from hub.identity.numbers import parse_citizen_number
from hub.telemetry import Progress

_SUBJECT_COLUMNS = ["subject_no", "number_text", "name_text", "number", "number_raw", "name", "pinyin"]
_ISSUES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class HistoryIssue:
    """A row that no referral was made of: ``person_unknown``, ``target_unknown`` or ``already_referred``."""

    source_record_id: int
    code: str


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """One publication of the history.

    Attributes
    ----------
    rows
        Rows of the feed in force.
    referrals, outcomes
        Added.
    changed
        Referrals of which the feed said something new.
    unknown_people, unknown_targets, doubled
        Rows that no referral was made of, by reason; ``issues`` names the first of them.
    """

    rows: int
    referrals: int
    outcomes: int
    changed: int
    unknown_people: int
    unknown_targets: int
    doubled: int
    issues: tuple[HistoryIssue, ...]


async def publish_history(pool: asyncpg.Pool, *, clock: Clock, progress: Progress) -> HistoryReport:
    """Turn rows of the referral feed into referrals with their outcomes, in one transaction."""
    queries = load_queries("hub.casework")
    at = clock.now()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(queries.fetch_history_lock)
        await connection.execute(queries.store_persons_of_station)
        with progress.stage("publish history") as step:
            await _store_subjects(connection)
            await connection.execute(queries.create_offers)
            await connection.execute(queries.store_known_offers)
            await connection.execute(queries.store_continued_offers)
            await connection.execute(queries.store_new_offers)
            referrals = await _count(connection, queries.store_referrals, at)
            await connection.execute(queries.store_first_transitions)
            changed = await _count(connection, queries.store_new_states, at)
            outcomes = await _count(connection, queries.store_outcomes)
            await connection.execute(queries.store_persons_of_feed)
            counts = await connection.fetchrow(queries.fetch_history_counts)
            issues = await connection.fetch(queries.fetch_history_issues, _ISSUES_SHOWN)
            await connection.execute(queries.drop_history_staging)
            step.advance(counts["rows"])
    return HistoryReport(
        rows=counts["rows"],
        referrals=referrals,
        outcomes=outcomes,
        changed=changed,
        unknown_people=counts["unknown_people"],
        unknown_targets=counts["unknown_targets"],
        doubled=counts["doubled"],
        issues=tuple(HistoryIssue(row["source_record_id"], row["code"]) for row in issues),
    )


async def _store_subjects(connection: asyncpg.Connection) -> None:
    """Whom the rows mean: numbers and names are read as identity reads them, each spelling once."""
    queries = load_queries("hub.casework")
    await connection.execute(queries.create_subjects)
    records = []
    for number_of_row, row in enumerate(await connection.fetch(queries.fetch_subjects)):
        number = parse_citizen_number(row["number"])
        name = normalise_name(row["name"]) or None
        pinyin = pinyin_of(name) if name else None
        records.append((number_of_row, row["number"], row["name"], number.number, number.raw, name, pinyin))
    await connection.copy_records_to_table("subject", columns=_SUBJECT_COLUMNS, records=records)
    await connection.execute(queries.store_subjects_by_number)
    await connection.execute(queries.store_subjects_by_name)
    await connection.execute(queries.store_subjects_without_number)


async def _count(connection: asyncpg.Connection, statement: str, *arguments: object) -> int:
    return int(str(await connection.execute(statement, *arguments)).rpartition(" ")[2])
