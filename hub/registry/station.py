"""The station as a source like any other: what a clerk enters is a source record, and the register follows it.

The station knows whom it speaks of, so nobody has to guess: the record carries the person's key, and belongs to them
from the start. An entry stays in force until the station says every one of its fields anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg

from hub.access.actor import Actor
from hub.clock import Clock
from hub.db.registrar import as_registrar
from hub.db.sql import load_queries
from hub.errors import InvalidInput, NotFound
from hub.identity.numbers import parse_citizen_number
from hub.registry.publish import publish_connection
from hub.telemetry import SilentProgress
from schema.codes import LISTS
from schema.regions import load_regions

#: Fields that a station may enter beyond those that departments send.
_OWN_FIELDS = frozenset(
    {
        "wishes_to_work", "household_person_id", "wage_yuan_per_month", "occupation_code", "work_region_code",
        "training_occupation_code", "training_ended_on", "certificate_issued_on",
    }
)  # fmt: skip
_DEPARTMENT_FIELDS = frozenset(
    {
        "name", "citizen_number", "phone", "sex", "born_on", "age", "nationality", "education", "registered_address",
        "living_address", "registered_region_code", "living_region_code", "person_category", "employment_status",
        "employment_form", "employer_name", "occupation", "work_place", "left_on", "returned_on", "export_mode",
        "training_occupation", "certificate_kind", "skill_level", "wish_scope", "wish_occupation",
        "wish_wage_yuan_per_month", "cannot_leave_home", "cannot_leave_reason", "accepts_night_shift", "relation",
        "labour_ability", "labour_skill", "disability_kind", "disability_level", "disability_certificate",
        "household_code", "school_state", "health", "relocated",
    }
)  # fmt: skip
ENTRY_FIELDS = _DEPARTMENT_FIELDS | _OWN_FIELDS
#: A province, for an actor without a region of their own (a person, a partner).
_WHOLE_PROVINCE = "530000000000"
#: Above this somebody has written a year's wage, or a digit too many.
_HIGHEST_WAGE = 200_000


async def store_station_entry(
    connection: asyncpg.Connection,
    *,
    actor: Actor,
    person_id: int | None,
    values: Mapping[str, Any],
    clock: Clock,
) -> int:
    """Enter what a station says of a person, in the caller's transaction; returns the person's key.

    The person and their household are published before it returns. Publications wait for one another, so a caller takes
    this step last of its locks.

    Parameters
    ----------
    person_id
        Whom the entry speaks of; None for somebody whom no file knows. A key merged away leads to the living one.
    values
        Canonical fields of a person, and those of :data:`ENTRY_FIELDS` that only a station knows. None says nothing.

    Raises
    ------
    InvalidInput
        ``entry_empty``, ``field_unknown``, ``code_unknown``, ``region_unknown``, ``day_invalid``, ``wage_invalid``,
        ``number_invalid``; ``name_missing`` for a new person.
    NotFound
        ``person_unknown``.
    """
    said = {name: _plain(value) for name, value in values.items() if value is not None}
    _check(said, is_new=person_id is None)
    queries = load_queries("hub.registry")
    await connection.execute(queries.fetch_lock)
    at, today = clock.now(), clock.today()
    async with as_registrar(connection):
        person = await _person(connection, person_id, at)
        await connection.execute(queries.store_station_superseded, person, [*said, "person_id", "entry"], today)
    # The entry itself is the actor's, within the actor's rights; what follows from it is the register's.
    record = await _store_record(connection, actor, person, said, at=at, today=today)
    async with as_registrar(connection):
        event = None
        if person_id is None:
            event = await connection.fetchval(queries.store_creation, [[record, None, person]], actor.actor_id, at)
        await connection.execute(queries.store_membership, record, person, event, at)
        await publish_connection(connection, clock=clock, progress=SilentProgress(), person_ids=[person])
    return person


def _check(said: Mapping[str, Any], *, is_new: bool) -> None:
    if not said:
        raise InvalidInput("entry_empty", "The entry says nothing.", hint="Fill in at least one field.")
    for name, value in said.items():
        if name not in ENTRY_FIELDS:
            raise InvalidInput("field_unknown", f"A station does not enter {name}.", hint="Leave it out.")
        codes = LISTS.get(name)
        if codes is not None and value not in codes:
            allowed = ", ".join(entry.code for entry in codes.entries)
            raise InvalidInput("code_unknown", f"{name} has no such code.", hint=f"Use one of: {allowed}.")
        if name.endswith("region_code") and value not in load_regions():
            raise InvalidInput("region_unknown", f"{name} is not in the list of divisions.", hint="Correct it.")
        if name.endswith("_on") and not _is_day(value):
            raise InvalidInput("day_invalid", f"{name} is no day.", hint="Write it as YYYY-MM-DD.")
        if name.endswith("yuan_per_month") and not 0 < value <= _HIGHEST_WAGE:
            raise InvalidInput("wage_invalid", f"{name} must be from 1 to {_HIGHEST_WAGE}.", hint="Correct it.")
    if "citizen_number" in said and parse_citizen_number(str(said["citizen_number"])).number is None:
        raise InvalidInput("number_invalid", "The citizen number cannot be right.", hint="Check every digit.")
    if is_new and not str(said.get("name", "")).strip():
        raise InvalidInput("name_missing", "A new person needs a name.", hint="Fill in the name.")


async def _person(connection: asyncpg.Connection, person_id: int | None, at: datetime) -> int:
    queries = load_queries("hub.registry")
    if person_id is None:
        return int(await connection.fetchval(queries.store_person_key, at))
    living = await connection.fetchrow(queries.fetch_living_keys, [person_id])
    if living is None:
        raise NotFound("person_unknown", "There is no such person.")
    return int(living["person_id"])


async def _store_record(
    connection: asyncpg.Connection, actor: Actor, person: int, said: Mapping[str, Any], *, at: datetime, today: date
) -> int:
    queries = load_queries("hub.registry")
    # Saying a thing again on another day is another entry: the number makes the two differ.
    entry = uuid4().hex
    values = {**said, "person_id": person, "entry": entry}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).digest()
    region = actor.region_code or _WHOLE_PROVINCE
    headings = sorted(said)
    batch = await connection.fetchval(
        queries.store_station_batch, region, digest, f"station entry {entry}", len(text), today, headings, at
    )
    record: int = await connection.fetchval(
        queries.store_station_record,
        batch,
        region,
        f"{person}|{entry}",
        digest,
        values,
        [str(said[name]) for name in headings],
        today,
    )
    return record


def _is_day(value: object) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def _plain(value: object) -> object:
    """A value as canonical JSON holds it."""
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
