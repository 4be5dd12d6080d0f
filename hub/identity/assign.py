"""Which key each cluster keeps: the older key lives, the retired one redirects, every merge and split is an event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import numpy as np
from numpy.typing import NDArray

from hub.db.sql import load_queries


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to change. ``owner`` names the key of each cluster (by its label); None asks for a new key."""

    owner: dict[int, int | None]
    retired: dict[int, int]  # key merged away -> label of the cluster that took it in
    split: set[int]  # labels of clusters made of records that left a living key


@dataclass(frozen=True, slots=True)
class Assignment:
    """What changed."""

    created: int
    merged: int
    split: int
    touched: list[int]


def plan_keys(label: NDArray[np.int64], records: Sequence[int], person_of: Mapping[int, int]) -> Plan:
    """Give each cluster a key.

    A person's key goes to the cluster that holds most of their records (the one with the lowest record among equals).
    A cluster to which several keys go keeps the oldest; the others retire.
    """
    overlap: dict[int, Counter[int]] = defaultdict(Counter)
    for row, record in enumerate(records):
        person = person_of.get(record)
        if person is not None:
            overlap[person][int(label[row])] += 1
    owner: dict[int, int | None] = {int(name): None for name in np.unique(label)}
    retired: dict[int, int] = {}
    for person in sorted(overlap):  # keys grow with time, so the older comes first
        home = min(overlap[person], key=lambda name: (-overlap[person][name], name))
        if owner[home] is None:
            owner[home] = person
        else:
            retired[person] = home
    split = {name for counts in overlap.values() if len(counts) > 1 for name in counts if owner[name] is None}
    return Plan(owner, retired, split)


async def assign(
    connection: asyncpg.Connection,
    records: Sequence[int],
    label: NDArray[np.int64],
    *,
    cause: str,
    actor_id: int | None,
    at: datetime,
) -> Assignment:
    """Store whose the records are. Memberships that stay as they are are not written again."""
    queries = load_queries("hub.identity")
    person_of = dict(await connection.fetch(queries.fetch_memberships, list(records)))
    plan = plan_keys(label, records, person_of)
    nameless = [name for name, owner in plan.owner.items() if owner is None]
    fresh = await connection.fetch(queries.store_person_keys, at, len(nameless)) if nameless else []
    key_of = {name: owner for name, owner in plan.owner.items() if owner is not None}
    key_of |= {name: row["person_id"] for name, row in zip(nameless, fresh, strict=True)}
    moves: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    new: list[tuple[int, int]] = []
    for row, record in enumerate(records):
        name = int(label[row])
        before, after = person_of.get(record), key_of[name]
        if before is None:
            new.append((record, after))
        elif before != after:
            moves[name].append((record, before, after))
    events = {
        name: await connection.fetchval(
            queries.store_event,
            "split" if name in plan.split else "merge",
            [list(move) for move in moved],
            cause,
            actor_id,
            None,
            at,
        )
        for name, moved in sorted(moves.items())
    }
    await connection.execute(queries.store_membership_end, [move[0] for moved in moves.values() for move in moved], at)
    await connection.copy_records_to_table(
        "membership",
        schema_name="identity",
        columns=["source_record_id", "person_id", "event_id", "valid_from"],
        records=[
            *((record, person, None, at) for record, person in new),
            *((record, after, events[name], at) for name, moved in moves.items() for record, _, after in moved),
        ],
    )
    await connection.execute(
        queries.store_redirect, list(plan.retired), [key_of[home] for home in plan.retired.values()]
    )
    touched = {person for _, person in new} | {p for moved in moves.values() for _, b, a in moved for p in (b, a)}
    split = sum(1 for name in moves if name in plan.split)
    return Assignment(len(fresh), len(moves) - split, split, sorted(touched))
