"""The review queue as a clerk works through it: what is open, what speaks for and against, and the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations, pairwise

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput, NotFound
from hub.identity.assign import Assignment
from hub.identity.clerk import store_links
from hub.identity.numbers import certain_number


@dataclass(frozen=True, slots=True)
class Review:
    """A doubtful case. ``kind``: two_numbers, shared_number or grey; ``score``, of two records compared, in bits."""

    review_id: int
    kind: str
    records: list[int]
    stake: int
    score: float | None
    state: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewedRecord:
    """What one of its records says, in normal form, and who it is taken for at present."""

    source_record_id: int
    person_id: int
    feed: str
    name: str | None
    sex: str | None
    born_on: date | None
    number: str | None
    number_state: str
    phone: str | None
    registered_region_code: str | None
    relation: str | None


@dataclass(frozen=True, slots=True)
class PersonEvent:
    """A merge, split or undo that moved records to or from a person."""

    event_id: int
    kind: str
    cause: str
    records: int
    undone: bool
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """A clerk's word on two records: ``must`` be one person, or ``cannot``."""

    clerk_link_id: int
    kind: str
    record_a: int
    record_b: int
    reason: str
    decided_at: datetime
    withdrawn_at: datetime | None


async def fetch_reviews(pool: asyncpg.Pool, *, most: int = 50) -> list[Review]:
    """Open cases, what is most at stake first."""
    rows = await pool.fetch(load_queries("hub.identity").fetch_open_reviews, most)
    return [Review(**dict(row)) for row in rows]


async def fetch_reviewed_records(pool: asyncpg.Pool, review_id: int) -> tuple[Review, list[ReviewedRecord]]:
    """A case and its records side by side.

    Raises
    ------
    NotFound
        ``review_unknown``.
    """
    review = await _fetch_review(pool, review_id)
    rows = await pool.fetch(load_queries("hub.identity").fetch_reviewed_records, review.records)
    return review, [ReviewedRecord(**dict(row)) for row in rows]


async def fetch_events(pool: asyncpg.Pool, person_id: int) -> list[PersonEvent]:
    """What was merged into a person, split off or undone; newest first."""
    rows = await pool.fetch(load_queries("hub.identity").fetch_person_events, person_id)
    return [PersonEvent(**dict(row)) for row in rows]


async def fetch_decisions(pool: asyncpg.Pool, person_id: int) -> list[Decision]:
    """The decisions about a person's records, newest first, those taken back too."""
    rows = await pool.fetch(load_queries("hub.identity").fetch_person_decisions, person_id)
    return [Decision(**dict(row)) for row in rows]


async def store_decision(
    pool: asyncpg.Pool, *, review_id: int, same: bool, reason: str, actor_id: int | None, clock: Clock
) -> Assignment:
    """Decide a case: its records are one person, or they are not. Holds against every later score.

    "Not the same" keeps apart the two records compared or, where a group has several valid numbers, the numbers.

    Raises
    ------
    NotFound
        ``review_unknown``.
    Conflict
        ``review_decided``: somebody decided it before.
    InvalidInput
        ``link_invalid``: no reason was given.
    """
    if not reason.strip():
        raise InvalidInput("link_invalid", "A decision needs its reason.", hint="Say how it was found out.")
    queries = load_queries("hub.identity")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(queries.fetch_lock)
        review = await _fetch_review(connection, review_id)
        state = "same" if same else "different"
        if await connection.fetchval(queries.store_review_decision, review_id, state, actor_id, clock.now()) is None:
            raise Conflict("review_decided", "This case was decided already.", hint="List the open ones again.")
        pairs = plan_links(review, dict(await connection.fetch(queries.fetch_normals, review.records)), same=same)
        return await store_links(
            connection,
            kind="must" if same else "cannot",
            pairs=pairs,
            reason=reason,
            actor_id=actor_id,
            at=clock.now(),
        )


def plan_links(review: Review, numbers: dict[int, str | None], *, same: bool) -> Sequence[tuple[int, int]]:
    """The pairs of records that a decision speaks of."""
    first: dict[str, int] = {}
    for record in review.records:
        if number := certain_number(numbers.get(record)):
            first.setdefault(number, record)
    apart = list(combinations(first.values(), 2)) if review.kind == "two_numbers" else []
    return [*dict.fromkeys([*apart, *pairwise(review.records)])] if same else apart or list(pairwise(review.records))


async def _fetch_review(connection: asyncpg.Connection | asyncpg.Pool, review_id: int) -> Review:
    row = await connection.fetchrow(load_queries("hub.identity").fetch_review, review_id)
    if row is None:
        raise NotFound("review_unknown", "There is no such case.", hint="See: yunqiao identity reviews")
    return Review(**dict(row))
