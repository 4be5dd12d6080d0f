"""Clerks' decisions, and taking back what was done: identity is reversible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput, NotFound
from hub.identity.assign import Assignment
from hub.identity.resolve import recluster
from hub.identity.score import load_model


async def store_clerk_link(
    pool: asyncpg.Pool, *, kind: str, records: tuple[int, int], reason: str, actor_id: int | None, clock: Clock
) -> Assignment:
    """Decide that two records are one person (``must``) or two (``cannot``); it outlives every re-scoring.

    Raises
    ------
    InvalidInput
        ``link_invalid``: another kind, the same record twice, or no reason.
    """
    if kind not in ("must", "cannot") or records[0] == records[1] or not reason.strip():
        raise InvalidInput(
            "link_invalid", "A link is 'must' or 'cannot', between two records, with a reason.", hint="Complete it."
        )
    async with pool.acquire() as connection, connection.transaction():
        return await store_links(
            connection, kind=kind, pairs=[records], reason=reason, actor_id=actor_id, at=clock.now()
        )


async def store_links(
    connection: asyncpg.Connection,
    *,
    kind: str,
    pairs: Sequence[tuple[int, int]],
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Assignment:
    """The same decision on several pairs, in the caller's transaction.

    Raises
    ------
    NotFound
        ``record_unknown``.
    """
    queries = load_queries("hub.identity")
    await connection.execute(queries.fetch_lock)
    for pair in pairs:
        try:
            await connection.execute(queries.store_clerk_link, kind, *sorted(pair), reason, actor_id, at)
        except asyncpg.ForeignKeyViolationError as error:
            raise NotFound("record_unknown", "There is no such record.") from error
    concerned = sorted({record for pair in pairs for record in pair})
    assignment, _ = await recluster(connection, concerned, cause="clerk", actor_id=actor_id, at=at, model=load_model())
    return assignment


async def store_clerk_link_withdrawal(
    pool: asyncpg.Pool, *, clerk_link_id: int, actor_id: int | None, clock: Clock
) -> Assignment:
    """Take a decision back; the scores count again.

    Raises
    ------
    NotFound
        ``link_unknown``: there is none in force.
    """
    queries = load_queries("hub.identity")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(queries.fetch_lock)
        row = await connection.fetchrow(queries.store_clerk_link_withdrawal, clerk_link_id, clock.now())
        if row is None:
            raise NotFound("link_unknown", "There is no such decision in force.")
        assignment, _ = await recluster(
            connection, [*row], cause="clerk", actor_id=actor_id, at=clock.now(), model=load_model()
        )
    return assignment


async def undo_event(
    pool: asyncpg.Pool, *, event_id: int, actor_id: int | None, clock: Clock, reason: str | None = None
) -> list[int]:
    """Put every record that a merge or split moved back where it was; returns the keys of the people concerned.

    A key that is left without records leads to where they went.

    Parameters
    ----------
    reason
        Why it was wrong: becomes a clerk's decision about each pair of records concerned, so that no later run finds
        the same again. Without one, the next run that touches these people may.

    Raises
    ------
    NotFound
        ``event_unknown``; also for the event by which a station made a person, since nobody was there before.
    Conflict
        ``event_undone``, or ``event_overtaken``: a later event moved one of the records on.
    """
    queries = load_queries("hub.identity")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(queries.fetch_lock)
        event = await connection.fetchrow(queries.fetch_event, event_id)
        if event is None or event["kind"] == "create":
            raise NotFound("event_unknown", "There is no such event.")
        if event["undone"]:
            raise Conflict("event_undone", "The event was undone already.")
        moves = [tuple(move) for move in event["moves"]]
        now = dict(await connection.fetch(queries.fetch_memberships, [record for record, _, _ in moves]))
        if any(now.get(record) != after for record, _, after in moves):
            raise Conflict("event_overtaken", "A later event moved one of the records on.", hint="Undo that one first.")
        at = clock.now()
        back = await connection.fetchval(
            queries.store_event,
            "undo",
            [[r, after, before] for r, before, after in moves],
            "clerk",
            actor_id,
            event_id,
            at,
        )
        await connection.execute(queries.store_membership_end, [record for record, _, _ in moves], at)
        await connection.copy_records_to_table(
            "membership",
            schema_name="identity",
            columns=["source_record_id", "person_id", "event_id", "valid_from"],
            records=[(record, before, back, at) for record, before, _ in moves],
        )
        revived = sorted({before for _, before, _ in moves})
        await connection.execute(queries.store_redirect, revived, [None] * len(revived))
        home = {after: before for _, before, after in reversed(moves)}
        left = await connection.fetch(queries.fetch_members, sorted(home))
        empty = [row["person_id"] for row in left if row["source_record_id"] is None and row["person_id"] in home]
        await connection.execute(queries.store_redirect, empty, [home[person] for person in empty])
        if reason is not None and reason.strip():
            await _settle(connection, moves, reason=reason, actor_id=actor_id, at=at)
    return sorted({person for _, before, after in moves for person in (before, after)})


async def _settle(
    connection: asyncpg.Connection,
    moves: Sequence[tuple[int, int, int]],
    *,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> None:
    """A clerk's word for what an undo restored: the records moved are with those before, not with those after."""
    queries = load_queries("hub.identity")
    moved = {record for record, _, _ in moves}
    people = sorted({person for _, before, after in moves for person in (before, after)})
    rows = await connection.fetch(queries.fetch_current_members, people)
    of: dict[int, list[int]] = {person: [] for person in people}
    for row in rows:
        of[row["person_id"]].append(row["source_record_id"])
    await connection.execute(
        queries.store_clerk_links_withdrawn, sorted(moved), [r for rs in of.values() for r in rs], at
    )
    apart = {(record, other) for record, _, after in moves for other in of[after]}
    joined = {(record, other) for record, before, _ in moves for other in of[before] if other not in moved}
    for kind, pairs in (("cannot", apart), ("must", joined)):
        if pairs:
            await store_links(connection, kind=kind, pairs=sorted(pairs), reason=reason, actor_id=actor_id, at=at)
