"""Refer, contact, record what came of it. Functions run in the caller's transaction, beside its audit row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.casework.states import LIVE, OF_OUTCOME, TAKEN, check_transition
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput, NotFound
from hub.registry.station import store_station_entry
from schema.codes import CONTACT_CHANNEL, CONTACT_RESULT, OUTCOME_REASON, OUTCOME_RESULT, CodeList

_LOCKS = {"opening": "fetch_opening_lock", "programme": "fetch_programme_lock", "post": "fetch_post_lock"}
_FILLS = {"opening": "store_opening_filled", "programme": "store_programme_taken", "post": "store_post_filled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEntry:
    """What came of a referral, as a clerk enters it."""

    result: str
    reason: str | None = None
    wage_yuan_per_month: int | None = None
    started_on: date | None = None
    ended_on: date | None = None
    months_kept: int | None = None


async def refer(
    connection: asyncpg.Connection,
    *,
    actor: Actor,
    person_id: int,
    kind: str,
    target_id: int,
    run_id: int | None,
    rank: int | None,
    clock: Clock,
) -> int:
    """Put a person forward for an opening, a programme or a post; returns the referral's key.

    Raises
    ------
    NotFound
        ``person_unknown`` or ``target_unknown``.
    Conflict
        ``target_closed``, ``target_full`` or ``already_referred``.
    """
    queries = load_queries("hub.casework")
    if await connection.fetchrow(queries.fetch_person_place, person_id) is None:
        raise NotFound("person_unknown", "There is no such person.")
    target = await _lock_target(connection, kind, target_id)
    if target["state"] != "open":
        raise Conflict("target_closed", "It is no longer open.", hint="Choose another.")
    if target["filled"] >= target["vacancies"]:
        raise Conflict("target_full", "No place is left.", hint="Choose another.")
    keys = [target_id if kind == name else None for name in ("opening", "programme", "post")]
    try:
        referral: int = await connection.fetchval(
            queries.store_referral,
            person_id,
            kind,
            *keys,
            run_id,
            rank,
            actor.actor_id,
            clock.today(),
            clock.now(),
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            "already_referred", "The person is referred there already.", hint="See their referrals."
        ) from error
    await connection.execute(queries.store_transition, referral, None, "referred", actor.actor_id, None, clock.now())
    return referral


async def record_contact(
    connection: asyncpg.Connection,
    *,
    actor: Actor,
    referral_id: int,
    version: int,
    channel: str,
    result: str,
    note: str,
    clock: Clock,
) -> int:
    """Record an attempt to reach the person; reaching them moves the referral on. Returns the contact's key.

    Raises
    ------
    NotFound, Conflict, InvalidInput, InvalidTransition
        ``referral_unknown``, ``version_stale``, ``code_unknown``, ``transition_refused``.
    """
    queries = load_queries("hub.casework")
    _check_code(CONTACT_CHANNEL, channel)
    _check_code(CONTACT_RESULT, result)
    referral = await _lock_referral(connection, referral_id, version)
    to_state = "contacted" if result == "reached" else referral["state"]
    if to_state != referral["state"] or referral["state"] not in LIVE:
        check_transition(referral["state"], "contacted")
    contact: int = await connection.fetchval(
        queries.store_contact, referral_id, channel, result, note, clock.now(), actor.actor_id
    )
    await _move(connection, referral, to_state, actor, None, clock)
    return contact


async def record_outcome(
    connection: asyncpg.Connection, *, actor: Actor, referral_id: int, version: int, entry: OutcomeEntry, clock: Clock
) -> int:
    """Record what came of a referral: takes or frees the place, and tells the register of a new job.

    Raises
    ------
    NotFound, Conflict, InvalidInput, InvalidTransition
        ``referral_unknown``; ``version_stale``, ``target_full``; ``code_unknown``, ``outcome_invalid``;
        ``transition_refused``.
    """
    queries = load_queries("hub.casework")
    _check_code(OUTCOME_RESULT, entry.result)
    if entry.reason is not None:
        _check_code(OUTCOME_REASON, entry.reason)
    if entry.started_on and entry.ended_on and entry.ended_on < entry.started_on:
        raise InvalidInput("outcome_invalid", "The end lies before the start.", hint="Check the two days.")
    referral = await _lock_referral(connection, referral_id, version)
    to_state = OF_OUTCOME[entry.result]
    check_transition(referral["state"], to_state)
    kind = referral["kind"]
    target = await _lock_target(connection, kind, referral[f"{kind}_id"])
    if to_state in TAKEN:
        if target["filled"] >= target["vacancies"]:
            raise Conflict("target_full", "No place is left.", hint="End the referral, or ask the employer for more.")
        await connection.execute(getattr(queries, _FILLS[kind]), referral[f"{kind}_id"], 1, clock.now())
    elif referral["state"] in TAKEN and entry.result != "completed":
        await connection.execute(getattr(queries, _FILLS[kind]), referral[f"{kind}_id"], -1, clock.now())
    outcome: int = await connection.fetchval(
        queries.store_outcome,
        referral_id,
        entry.result,
        entry.reason,
        entry.wage_yuan_per_month,
        entry.started_on or (clock.today() if to_state in TAKEN else None),
        entry.ended_on,
        entry.months_kept,
        clock.now(),
        actor.actor_id,
    )
    await _move(connection, referral, to_state, actor, entry.reason, clock)
    await _tell_register(connection, referral, target, entry, actor, clock)
    return outcome


async def _tell_register(
    connection: asyncpg.Connection,
    referral: asyncpg.Record,
    target: asyncpg.Record,
    entry: OutcomeEntry,
    actor: Actor,
    clock: Clock,
) -> None:
    """A placement, or its end, is what the station knows of the person's work."""
    kind = referral["kind"]
    if kind == "programme" or entry.result not in ("placed", "left"):
        return
    place = await connection.fetchrow(load_queries("hub.casework").fetch_person_place, referral["person_id"])
    if entry.result == "placed":
        values: dict[str, Any] = {
            "employment_status": "employed",
            "employment_form": "welfare_post" if kind == "post" else "unit",
            "employer_name": target["employer_name"] if kind == "opening" else None,
            "occupation": target["title"] if kind == "opening" else target["name"],
            "wage_yuan_per_month": entry.wage_yuan_per_month,
            "left_on": (entry.started_on or clock.today()).isoformat(),
            "welfare_post": True if kind == "post" else None,
        }
    else:
        values = {
            "employment_status": "unemployed",
            "returned_on": (entry.ended_on or clock.today()).isoformat(),
            "welfare_post": False if kind == "post" else None,
        }
    await store_station_entry(
        connection,
        region_code=actor.region_code or place["living_region_code"] or place["registered_region_code"],
        actor_name=actor.name,
        person_id=referral["person_id"],
        values=values,
        clock=clock,
    )


async def _move(
    connection: asyncpg.Connection,
    referral: asyncpg.Record,
    to_state: str,
    actor: Actor,
    reason: str | None,
    clock: Clock,
) -> None:
    queries = load_queries("hub.casework")
    await connection.execute(queries.store_state, referral["referral_id"], to_state, clock.now())
    if to_state != referral["state"]:
        await connection.execute(
            queries.store_transition,
            referral["referral_id"],
            referral["state"],
            to_state,
            actor.actor_id,
            reason,
            clock.now(),
        )


async def _lock_target(connection: asyncpg.Connection, kind: str, target_id: int) -> asyncpg.Record:
    if kind not in _LOCKS:
        raise InvalidInput("kind_unknown", "A target is an opening, a programme or a post.")
    target = await connection.fetchrow(getattr(load_queries("hub.casework"), _LOCKS[kind]), target_id)
    if target is None:
        raise NotFound("target_unknown", "There is no such target.")
    return target


async def _lock_referral(connection: asyncpg.Connection, referral_id: int, version: int) -> asyncpg.Record:
    referral = await connection.fetchrow(load_queries("hub.casework").fetch_referral_lock, referral_id)
    if referral is None:
        raise NotFound("referral_unknown", "There is no such referral.")
    if referral["version"] != version:
        raise Conflict(
            "version_stale", "Somebody else changed this referral meanwhile.", hint="Load it again and check."
        )
    return referral


def _check_code(codes: CodeList, code: str) -> None:
    if code not in codes:
        allowed = ", ".join(entry.code for entry in codes.entries)
        raise InvalidInput("code_unknown", f"{codes.name} has no such code.", hint=f"Use one of: {allowed}.")
