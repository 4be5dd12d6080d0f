"""Refer, contact, record what came of it. Functions run in the caller's transaction, beside its audit entry.

Locks are taken in one order: the referral, the target, the register. A refusal leaves the transaction usable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.casework.states import HOLDING, LIVE, RELEASING, check_transition, state_after
from hub.clock import Clock
from hub.db.registrar import as_registrar
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from hub.registry.station import store_station_entry
from schema.codes import CONTACT_CHANNEL, CONTACT_RESULT, OUTCOME_REASON, OUTCOME_RESULT, CodeList
from schema.occupations import occupation_name
from schema.regions import full_name

_LOCKS = {"opening": "fetch_opening_lock", "programme": "fetch_programme_lock", "post": "fetch_post_lock"}
_FILLS = {"opening": "store_opening_filled", "programme": "store_programme_taken", "post": "store_post_filled"}
_LONGEST_NOTE = 2_000


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
    run_id: int | None = None,
    rank: int | None = None,
    clock: Clock,
) -> int:
    """Put a person forward for an opening, a programme or a post; returns the referral's key.

    Parameters
    ----------
    run_id, rank
        The run whose recommendation it follows and the 1-based place in that list; both or neither.

    Raises
    ------
    NotFound
        ``person_unknown``, ``target_unknown`` or ``recommendation_unknown``.
    Conflict
        ``target_closed``, ``target_full`` or ``already_referred``.
    """
    queries = load_queries("hub.casework")
    async with as_registrar(connection):
        person = await connection.fetchval(queries.fetch_person_here, person_id)
    if person is None:
        raise NotFound("person_unknown", "There is no such person.")
    target = await _lock_target(connection, kind, target_id)
    if target["state"] == "closed" or (target["closes_on"] is not None and target["closes_on"] < clock.today()):
        raise Conflict("target_closed", "It is no longer open.", hint="Choose another.")
    if target["state"] == "filled" or target["filled"] >= target["vacancies"]:
        raise Conflict("target_full", "No place is left.", hint="Choose another.")
    if run_id is not None or rank is not None:
        held = await connection.fetchval(queries.fetch_recommended, run_id, person, kind, rank)
        if held != target_id:
            raise NotFound(
                "recommendation_unknown", "No such run recommends it at that place.", hint="Load the list again."
            )
    keys = [target_id if kind == name else None for name in ("opening", "programme", "post")]
    try:
        async with connection.transaction():
            referral: int = await connection.fetchval(
                queries.store_referral, person, kind, *keys, run_id, rank, actor.actor_id, clock.today(), clock.now()
            )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            "already_referred", "The person is referred there already.", hint="Go on with that referral."
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
    note: str = "",
    accepted: bool = False,
    clock: Clock,
) -> int:
    """Record an attempt to reach the person; reaching them moves the referral on. Returns the contact's key.

    Parameters
    ----------
    accepted
        The person was reached and wants the place.

    Raises
    ------
    NotFound, Conflict, InvalidInput, InvalidTransition
        ``referral_unknown``; ``version_stale``; ``code_unknown``, ``contact_invalid``; ``transition_refused``.
    """
    queries = load_queries("hub.casework")
    _check_code(CONTACT_CHANNEL, channel)
    _check_code(CONTACT_RESULT, result)
    if len(note) > _LONGEST_NOTE or (accepted and result != "reached"):
        raise InvalidInput(
            "contact_invalid",
            f"A note has at most {_LONGEST_NOTE} characters, and only who was reached accepts.",
            hint="Correct it.",
        )
    referral = await _lock_referral(connection, referral_id, version)
    state = referral["state"]
    if state not in LIVE:
        raise InvalidTransition(
            "transition_refused",
            f"A referral that is {state} is not contacted about.",
            hint="Record what came of it, or make a new referral.",
        )
    to_state = state
    if accepted and state != "accepted":
        to_state = "accepted"
    elif result == "reached" and state == "referred":
        to_state = "contacted"
    contact: int = await connection.fetchval(
        queries.store_contact, referral_id, channel, result, note, clock.now(), actor.actor_id
    )
    await _move(connection, referral, to_state, actor, None, clock)
    return contact


async def record_outcome(
    connection: asyncpg.Connection, *, actor: Actor, referral_id: int, version: int, entry: OutcomeEntry, clock: Clock
) -> int:
    """Record what came of a referral: takes or frees the place, and tells the register. Returns the outcome's key.

    Raises
    ------
    NotFound, Conflict, InvalidInput, InvalidTransition
        ``referral_unknown``; ``version_stale``, ``target_full``; ``code_unknown``, ``outcome_invalid``;
        ``transition_refused``.
    """
    queries = load_queries("hub.casework")
    _check_entry(entry)
    referral = await _lock_referral(connection, referral_id, version)
    kind, state = referral["kind"], referral["state"]
    to_state = state_after(state, entry.result)
    if entry.result == "completed" and kind != "programme":
        raise InvalidInput("outcome_invalid", "Only a programme is completed.", hint="Use left when a job has ended.")
    target = await _lock_target(connection, kind, referral[f"{kind}_id"])
    if to_state in HOLDING:
        if target["filled"] >= target["vacancies"]:
            raise Conflict("target_full", "No place is left.", hint="End the referral, or ask for more places.")
        await connection.execute(getattr(queries, _FILLS[kind]), referral[f"{kind}_id"], 1, clock.now())
    elif state in HOLDING and entry.result in RELEASING:
        await connection.execute(getattr(queries, _FILLS[kind]), referral[f"{kind}_id"], -1, clock.now())
    outcome: int = await connection.fetchval(
        queries.store_outcome,
        referral_id,
        entry.result,
        entry.reason,
        entry.wage_yuan_per_month,
        entry.started_on or (clock.today() if entry.result == "placed" else None),
        entry.ended_on or (clock.today() if entry.result in ("left", "completed") else None),
        entry.months_kept,
        clock.now(),
        actor.actor_id,
    )
    await _move(connection, referral, to_state, actor, entry.reason, clock)
    began = await connection.fetchrow(queries.fetch_placement, referral_id)
    values = plan_entry(kind, dict(target), entry, dict(began) if began else {}, today=clock.today())
    if values:
        await store_station_entry(connection, actor=actor, person_id=referral["person_id"], values=values, clock=clock)
    return outcome


def plan_entry(
    kind: str, target: dict[str, Any], entry: OutcomeEntry, began: dict[str, Any], *, today: date
) -> dict[str, Any]:
    """What the station thereby knows of the person, as an entry; empty when it is nothing the register holds.

    Parameters
    ----------
    began
        ``started_on`` and ``wage_yuan_per_month`` of the placement, as recorded before.
    """
    if kind == "programme":
        if entry.result != "completed":
            return {}
        # A certificate beyond that of attendance is an examination's to give, not the course's.
        return {
            "training_occupation": occupation_name(target["occupation_code"]),
            "training_occupation_code": target["occupation_code"],
            "training_ended_on": entry.ended_on or today,
            "certificate_kind": "completion",
            "certificate_issued_on": entry.ended_on or today,
        }
    if entry.result not in ("placed", "left"):
        return {}
    # Both entries name the same fields, so that the second replaces the first.
    placed = entry.result == "placed"
    return {
        "employment_status": "employed" if placed else "unemployed",
        "employment_form": "welfare_post" if kind == "post" else "unit",
        "employer_name": target["employer_name"],
        "occupation": target["title"] if kind == "post" else occupation_name(target["occupation_code"]),
        "occupation_code": target["occupation_code"],
        "work_place": full_name(target["region_code"]),
        "work_region_code": target["region_code"],
        "export_mode": "organised",
        "wage_yuan_per_month": (entry.wage_yuan_per_month if placed else began.get("wage_yuan_per_month"))
        or target["wage_yuan_per_month"],
        "left_on": (entry.started_on if placed else began.get("started_on")) or today,
        "returned_on": None if placed else entry.ended_on or today,
    }


def _check_entry(entry: OutcomeEntry) -> None:
    _check_code(OUTCOME_RESULT, entry.result)
    if entry.reason is not None:
        _check_code(OUTCOME_REASON, entry.reason)
    if entry.started_on and entry.ended_on and entry.ended_on < entry.started_on:
        raise InvalidInput("outcome_invalid", "The end lies before the start.", hint="Check the two days.")
    if entry.wage_yuan_per_month is not None and entry.wage_yuan_per_month <= 0:
        raise InvalidInput("outcome_invalid", "A wage is positive.", hint="Correct it or leave it out.")
    if entry.months_kept is not None and entry.months_kept < 0:
        raise InvalidInput("outcome_invalid", "Months are not negative.", hint="Correct it or leave it out.")


async def _move(
    connection: asyncpg.Connection,
    referral: asyncpg.Record,
    to_state: str,
    actor: Actor,
    reason: str | None,
    clock: Clock,
) -> None:
    queries = load_queries("hub.casework")
    state = referral["state"]
    if to_state != state:
        check_transition(state, to_state)
        await connection.execute(
            queries.store_transition,
            referral["referral_id"],
            state,
            to_state,
            actor.actor_id,
            reason,
            clock.now(),
        )
    await connection.execute(queries.store_state, referral["referral_id"], to_state, clock.now())


async def _lock_target(connection: asyncpg.Connection, kind: str, target_id: int) -> asyncpg.Record:
    if kind not in _LOCKS:
        raise InvalidInput("kind_unknown", "A target is an opening, a programme or a post.", hint="Name one of them.")
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
