"""Resolve: new records become people, in one transaction; killed anywhere, nothing has happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

import asyncpg
import numpy as np

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.identity.assign import Assignment, assign
from hub.identity.block import CAP, block_keys
from hub.identity.cluster import cluster
from hub.identity.normalise import Normal, normalise
from hub.identity.numbers import certain_number
from hub.identity.review import store_reviews
from hub.identity.score import RARE, LinkageModel, Pairs, compare, load_model, same_number
from hub.telemetry import Progress

_NORMAL_COLUMNS = [field.name for field in fields(Normal)]


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """Counts of one run. ``touched`` are the keys of all people whose records changed."""

    records: int
    pairs: int
    edges: int
    skipped_blocks: int
    created: int
    merged: int
    split: int
    reviews: int
    touched: list[int]


async def resolve(pool: asyncpg.Pool, *, clock: Clock, progress: Progress) -> ResolveReport:
    """Find out whose the records are that came since the last run.

    A run compares new records with each other and with those known already that share a block; people whom no new
    evidence touches are left alone. Without new records nothing is written.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await resolve_connection(connection, clock=clock, progress=progress)


async def resolve_connection(connection: asyncpg.Connection, *, clock: Clock, progress: Progress) -> ResolveReport:
    """The same inside the caller's transaction."""
    model, queries = load_model(), load_queries("hub.identity")
    await connection.execute(queries.fetch_lock)
    started_at = clock.now()
    with progress.stage("normalise") as step:
        rows = await connection.fetch(queries.fetch_new_records)
        step.expect(len(rows))
        records = []
        for row in rows:
            records.append(normalise(row))
            step.advance()
        await _store_normals(connection, records)
    if not records:
        return ResolveReport(0, 0, 0, 0, 0, 0, 0, 0, [])
    with progress.stage("compare"):
        pairs, edges, skipped = await _store_evidence(connection, records, [row["feed"] for row in rows], model)
    with progress.stage("cluster"):
        seeds = [record.source_record_id for record in records]
        done, reviews = await recluster(connection, seeds, cause="run", actor_id=None, at=started_at, model=model)
    report = ResolveReport(
        len(records), pairs, edges, skipped, done.created, done.merged, done.split, reviews, done.touched
    )
    counts = {name: value for name, value in asdict(report).items() if name != "touched"}
    await connection.execute(queries.store_run, model.version, started_at, clock.now(), counts)
    return report


async def recluster(
    connection: asyncpg.Connection,
    seeds: Sequence[int],
    *,
    cause: str,
    actor_id: int | None,
    at: datetime,
    model: LinkageModel,
) -> tuple[Assignment, int]:
    """Cluster anew whatever hangs together with ``seeds``, and store who is who; returns it and the reviews opened.

    A record that came with a person's key (a station's entry) is that person's, whatever the scores say.
    """
    queries = load_queries("hub.identity")
    affected, anchors = await _company(connection, seeds, model.link)
    row_of = {record: row for row, record in enumerate(affected)}
    edges = await connection.fetch(queries.fetch_edges, affected)
    clerk = await connection.fetch(queries.fetch_clerk_links, affected)
    valid = dict(await connection.fetch(queries.fetch_normals, affected))
    links = [edge for edge in edges if edge["score"] >= model.link]
    ends = {
        kind: [(row_of[link["record_a"]], row_of[link["record_b"]]) for link in clerk if link["kind"] == kind]
        for kind in ("must", "cannot")
    }
    clusters = cluster(
        len(affected),
        np.array([row_of[edge["record_a"]] for edge in links], dtype=np.int64),
        np.array([row_of[edge["record_b"]] for edge in links], dtype=np.int64),
        np.array([edge["score"] for edge in links], dtype=np.float64),
        numbers=[certain_number(valid.get(record)) for record in affected],
        must=[*ends["must"], *((row_of[record], row_of[anchor]) for record, anchor in anchors)],
        cannot=ends["cannot"],
    )
    assignment = await assign(connection, affected, clusters.label, cause=cause, actor_id=actor_id, at=at)
    reviews = await store_reviews(
        connection, affected, clusters, edges, row_of, apart=ends["cannot"], model=model, at=at
    )
    return assignment, reviews


async def _store_normals(connection: asyncpg.Connection, records: list[Normal]) -> None:
    await connection.copy_records_to_table(
        "normal",
        schema_name="identity",
        columns=_NORMAL_COLUMNS,
        records=[tuple(getattr(record, name) for name in _NORMAL_COLUMNS) for record in records],
    )
    await connection.copy_records_to_table(
        "block",
        schema_name="identity",
        columns=["kind", "key", "source_record_id"],
        records=[(kind, key, record.source_record_id) for record in records for kind, key in block_keys(record)],
    )


async def _store_evidence(
    connection: asyncpg.Connection, records: list[Normal], feeds: list[str], model: LinkageModel
) -> tuple[int, int, int]:
    keys = [key for record in records for key in block_keys(record)]
    new = {record.source_record_id for record in records}
    queries = load_queries("hub.identity")
    mates = await connection.fetch(queries.fetch_block_mates, [kind for kind, _ in keys], [key for _, key in keys], CAP)
    known = [row for row in mates if row["source_record_id"] not in new]
    everyone = [*records, *(Normal(**{name: row[name] for name in _NORMAL_COLUMNS}) for row in known)]
    fresh = np.arange(len(everyone)) < len(records)
    names = sorted({record.name for record in everyone if record.name})
    common = {row["name"] for row in await connection.fetch(queries.fetch_common_names, names, RARE)}
    pairs = compare(everyone, [*feeds, *(row["feed"] for row in known)], fresh, common=common)
    score = model.score(pairs.levels)
    # A number that two people share is worth a look however little else agrees.
    kept = np.flatnonzero((score >= model.grey) | same_number(pairs.levels))
    await connection.copy_records_to_table(
        "edge",
        schema_name="identity",
        columns=["record_a", "record_b", "model_version", "score", "levels"],
        records=[(*_ends(everyone, pairs, i), model.version, float(score[i]), pairs.levels[i].tolist()) for i in kept],
    )
    return len(pairs.a), len(kept), pairs.skipped_blocks


def _ends(everyone: list[Normal], pairs: Pairs, row: np.intp) -> tuple[int, int]:
    low, high = sorted(everyone[end[row]].source_record_id for end in (pairs.a, pairs.b))
    return low, high


async def _company(
    connection: asyncpg.Connection, seeds: Sequence[int], link: float
) -> tuple[list[int], list[tuple[int, int]]]:
    """All records that may change hands with the seeds, ascending, and the ties of a station's entries."""
    queries = load_queries("hub.identity")
    affected = await _closure(connection, seeds, link)
    while True:
        rows = await connection.fetch(queries.fetch_anchors, affected)
        anchors = [(row["source_record_id"], row["anchor"]) for row in rows if row["anchor"] is not None]
        beyond = {anchor for _, anchor in anchors}.difference(affected)
        if not beyond:
            return affected, anchors
        affected = await _closure(connection, [*affected, *sorted(beyond)], link)


async def _closure(connection: asyncpg.Connection, seeds: Sequence[int], link: float) -> list[int]:
    """All records that hang together with the seeds, by membership, evidence or a clerk's word; ascending."""
    reached = set(seeds)
    frontier = list(reached)
    while frontier:
        rows = await connection.fetch(load_queries("hub.identity").fetch_members_and_neighbours, frontier, link)
        frontier = [row["other"] for row in rows if row["other"] not in reached]
        reached.update(frontier)
    return sorted(reached)
