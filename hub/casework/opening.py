"""Openings posted, changed and closed through the hub. What the law forbids is refused with the article."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import date

import asyncpg

from hub.access.actor import Actor
from hub.casework.lawful import find_unlawful, refuse_unlawful
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput, NotFound
from schema.codes import CHANNEL, EDUCATION, SKILL_LEVEL, WAGE_KIND
from schema.law import load_posting
from schema.occupations import load_occupations


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningEntry:
    """An opening as its poster enters it. Wages in yuan a month."""

    employer_name: str
    title: str
    occupation_code: str
    region_code: str
    channel: str
    wage_low_yuan_per_month: int
    wage_high_yuan_per_month: int
    vacancies: int
    employer_code: str | None = None
    duties: str = ""
    wage_kind: str = "monthly"
    education_min: str | None = None
    age_min: int | None = None
    age_max: int | None = None
    skill_level_min: str | None = None
    skill_occupation_code: str | None = None
    heavy_labour: bool = False
    night_shift: bool = False
    lodging: bool = False
    social_insurance: bool = False
    term_months: int | None = None
    closes_on: date | None = None


async def post_opening(connection: asyncpg.Connection, *, actor: Actor, entry: OpeningEntry, clock: Clock) -> int:
    """Post an opening; returns its key.

    Raises
    ------
    InvalidInput
        ``opening_invalid`` names the field; ``opening_unlawful`` the article.
    """
    await _check(connection, entry, clock.today())
    values = asdict(entry)
    order = [
        "employer_name", "employer_code", "title", "occupation_code", "duties", "region_code", "channel",
        "wage_low_yuan_per_month", "wage_high_yuan_per_month", "wage_kind", "vacancies", "education_min", "age_min",
        "age_max", "skill_level_min", "skill_occupation_code", "heavy_labour", "night_shift", "lodging",
        "social_insurance", "term_months",
    ]  # fmt: skip
    opening: int = await connection.fetchval(
        load_queries("hub.casework").store_opening,
        f"hub-{uuid.uuid4()}",
        actor.partner_code,
        *(values[name] for name in order),
        clock.today(),
        entry.closes_on,
        actor.actor_id,
        clock.now(),
    )
    return opening


async def change_opening(
    connection: asyncpg.Connection, *, opening_id: int, version: int, entry: OpeningEntry, clock: Clock
) -> int:
    """Replace what an opening says; returns its key.

    Raises
    ------
    NotFound, Conflict, InvalidInput
        ``opening_unknown``; ``version_stale``, ``opening_closed``; as :func:`post_opening`, and fewer vacancies than
        are filled.
    """
    held = await _lock(connection, opening_id, version)
    if held["state"] == "closed":
        raise Conflict("opening_closed", "A closed opening is not changed.", hint="Post a new one.")
    await _check(connection, entry, clock.today())
    if entry.vacancies < held["filled"]:
        raise _invalid("vacancies", "There are fewer vacancies than people already placed.")
    values = asdict(entry)
    order = [
        "employer_name", "title", "occupation_code", "duties", "region_code", "channel", "wage_low_yuan_per_month",
        "wage_high_yuan_per_month", "wage_kind", "vacancies", "education_min", "age_min", "age_max", "skill_level_min",
        "skill_occupation_code", "heavy_labour", "night_shift", "lodging", "social_insurance", "term_months",
        "closes_on",
    ]  # fmt: skip
    await connection.execute(
        load_queries("hub.casework").store_opening_change,
        opening_id,
        *(values[name] for name in order),
        "filled" if entry.vacancies == held["filled"] else "open",
        entry.employer_code,
        clock.now(),
    )
    return opening_id


async def close_opening(connection: asyncpg.Connection, *, opening_id: int, version: int, clock: Clock) -> int:
    """Close an opening; closing a closed one changes nothing. Returns its key.

    Raises
    ------
    NotFound, Conflict
        ``opening_unknown``, ``version_stale``.
    """
    held = await _lock(connection, opening_id, version)
    if held["state"] != "closed":
        await connection.execute(load_queries("hub.casework").store_opening_closed, opening_id, clock.now())
    return opening_id


async def _lock(connection: asyncpg.Connection, opening_id: int, version: int) -> asyncpg.Record:
    held = await connection.fetchrow(load_queries("hub.casework").fetch_opening_lock, opening_id)
    if held is None:
        raise NotFound("opening_unknown", "There is no such opening.")
    if held["version"] != version:
        raise Conflict(
            "version_stale", "Somebody else changed this opening meanwhile.", hint="Load it again and check."
        )
    return held


async def _check(connection: asyncpg.Connection, entry: OpeningEntry, today: date) -> None:
    for name in ("employer_name", "title"):
        text = getattr(entry, name)
        if not text.strip() or len(text) > 200:
            raise _invalid(name, "It must have 1 to 200 characters.")
    if len(entry.duties) > 5000:
        raise _invalid("duties", "At most 5,000 characters.")
    if entry.occupation_code not in load_occupations():
        raise _invalid("occupation_code", "It is not in the classification of 2022.")
    if not await connection.fetchval(load_queries("hub.casework").fetch_region_known, entry.region_code):
        raise _invalid("region_code", "It is not in the list of divisions.")
    for name, codes in (
        ("channel", CHANNEL),
        ("wage_kind", WAGE_KIND),
        ("education_min", EDUCATION),
        ("skill_level_min", SKILL_LEVEL),
    ):
        code = getattr(entry, name)
        if code is not None and code not in codes:
            raise _invalid(name, "Unknown code.")
    if not 1 <= entry.vacancies <= 100_000:
        raise _invalid("vacancies", "From 1 to 100,000.")
    if not 0 < entry.wage_low_yuan_per_month <= entry.wage_high_yuan_per_month <= 1_000_000:
        raise _invalid("wage_low_yuan_per_month", "The lowest wage must be positive and not above the highest.")
    if entry.age_min is not None and entry.age_max is not None and entry.age_min > entry.age_max:
        raise _invalid("age_min", "The youngest age is above the oldest.")
    if entry.closes_on is not None and entry.closes_on < today:
        raise _invalid("closes_on", "The day is over.")
    refuse_unlawful(
        find_unlawful(
            load_posting(),
            entry.title,
            entry.duties,
            region_code=entry.region_code,
            wage_low_yuan_per_month=entry.wage_low_yuan_per_month,
            today=today,
        )
    )


def _invalid(field: str, what: str) -> InvalidInput:
    return InvalidInput("opening_invalid", f"{field}: {what}", hint="Correct it and send again.")
