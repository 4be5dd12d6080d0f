"""Register, market and history of a region → what matching works on. The one place here that reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import asyncpg
import numpy as np

from hub.db.sql import load_queries
from hub.recommend.frame import (
    Frame,
    Row,
    Rows,
    accepted_targets,
    frame_history,
    frame_openings,
    frame_people,
    frame_posts,
    frame_programmes,
    posted_vacancies,
)
from matching.pipeline import Commitments
from matching.records import History, Int32, Int64, Openings, People, Posts, Programmes
from schema.ranking import RankingPolicy
from schema.regions import prefix_of

_SQL = load_queries("hub.recommend")


@dataclass(frozen=True, slots=True)
class Market:
    """Everything a run over a region needs."""

    people: People
    openings: Openings
    posts: Posts
    programmes: Programmes
    history: History
    commitments: Commitments


def region_bounds(region_code: str) -> tuple[str, str]:
    """Half-open range of the codes inside a region, in byte order."""
    prefix = prefix_of(region_code)
    return prefix, prefix + ":"  # the character after "9"


async def read_market(
    connection: asyncpg.Connection, region_code: str, *, today: date, policy: RankingPolicy
) -> Market:
    """Read a region. Call inside one repeatable-read transaction, so that the parts fit together."""
    low, high = region_bounds(region_code)
    settled = today - timedelta(days=policy.training.settled_after_days)
    people_rows = await read_people(connection, low, high, person_id=None)
    opening_rows: Sequence[Row] = await connection.fetch(_SQL.fetch_openings, today, low, high, None)
    posts = frame_posts(await connection.fetch(_SQL.fetch_posts, low, high))
    programmes = frame_programmes(await connection.fetch(_SQL.fetch_programmes, today))
    horizon = today - timedelta(days=round(policy.worth.horizon_months * 30.4))
    offers: Sequence[Row] = await connection.fetch(_SQL.fetch_offers, low, high, settled, horizon, today)
    accepted: Sequence[Row] = await connection.fetch(_SQL.fetch_accepted, low, high)
    held = {row["household_id"]: row["held"] for row in await connection.fetch(_SQL.fetch_posts_held, low, high, today)}
    frame = frame_people(people_rows, today=today)
    openings, is_open = frame_openings(opening_rows)
    history = frame_history(frame, replace(openings, vacancies=posted_vacancies(opening_rows)), offers)
    people, openings = frame.people.take(frame.willing), openings.take(is_open)
    return Market(
        people=people,
        openings=openings,
        posts=posts,
        programmes=programmes,
        history=history,
        commitments=Commitments(
            opening=_accepted(accepted, "opening", people, openings.target_id),
            post=_accepted(accepted, "post", people, posts.target_id),
            programme=_accepted(accepted, "programme", people, programmes.target_id),
            posts_held=np.array([held.get(key, 0) for key in people.household_id.tolist()], dtype=np.int32),
        ),
    )


def _accepted(rows: Sequence[Row], kind: str, people: People, target_id: Int64) -> Int32:
    return accepted_targets(rows, kind, person_id=people.person_id, target_id=target_id)


async def read_people(connection: asyncpg.Connection, low: str, high: str, *, person_id: int | None) -> Rows:
    """The rows of people living in a range of codes, or of one person."""
    bounds = (low, high, person_id)
    return Rows(
        people=await connection.fetch(_SQL.fetch_people, *bounds),
        employment=await connection.fetch(_SQL.fetch_employment, *bounds),
        certificates=await connection.fetch(_SQL.fetch_certificates, *bounds),
        trainings=await connection.fetch(_SQL.fetch_trainings, *bounds),
    )


async def read_person(connection: asyncpg.Connection, person_id: int, *, today: date) -> Frame:
    """One person, willing or not; an empty frame when there is no such person."""
    return frame_people(await read_people(connection, "", "", person_id=person_id), today=today)


async def read_opening(connection: asyncpg.Connection, opening_id: int, *, today: date) -> tuple[Openings, bool]:
    """One opening and whether it is open; no rows when there is no such opening."""
    openings, is_open = frame_openings(await connection.fetch(_SQL.fetch_openings, today, "", "", opening_id))
    return openings, bool(is_open.any())
