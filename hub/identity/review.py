"""The review queue: doubtful cases a clerk should see, what is most at stake first, and never more than can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from hub.db.sql import load_queries
from hub.identity.cluster import Clusters
from hub.identity.score import COMPARISONS, LinkageModel

#: Open cases are kept under this share of the records.
SHARE = 0.005
_ADULT_YEARS = 18
_NUMBER = list(COMPARISONS).index("number")
_SAME_NUMBER = COMPARISONS["number"].index("same")
#: What each kind of case adds to what is at stake with its records.
_WEIGHT = {"two_numbers": 4, "shared_number": 3, "grey": 0}

#: Kind, records, and the score where two records are what it is about.
Case = tuple[str, list[int], float | None]


async def store_reviews(
    connection: asyncpg.Connection,
    affected: Sequence[int],
    clusters: Clusters,
    edges: Sequence[asyncpg.Record],
    row_of: Mapping[int, int],
    *,
    apart: Iterable[tuple[int, int]],
    model: LinkageModel,
    at: datetime,
) -> int:
    """Open a case for each component with two valid numbers, each number that two people share, each grey pair.

    What is open about the affected records follows from today's evidence. Their evidence may be about others too,
    who are other people then. Two people are one case, and none once a clerk keeps them apart.

    Parameters
    ----------
    apart
        Rows that a clerk keeps apart.
    """
    queries = load_queries("hub.identity")
    cases: list[Case] = [(kind, [affected[row] for row in rows], None) for kind, rows in clusters.held]
    others = {edge[end] for edge in edges for end in ("record_a", "record_b")}.difference(row_of)
    owner = dict(await connection.fetch(queries.fetch_memberships, sorted(others)))
    person = {record: ("cluster", int(clusters.label[row])) for record, row in row_of.items()}
    person |= {record: ("person", owner[record]) for record in others}
    settled = {frozenset(person[affected[row]] for row in pair) for pair in apart}
    doubts = [
        (kind, edge["score"], edge["record_a"], edge["record_b"]) for edge in edges if (kind := _doubt(edge, model))
    ]
    for kind, score, one, other in sorted(doubts, key=lambda doubt: (-_WEIGHT[doubt[0]], -doubt[1], *doubt[2:])):
        pair = frozenset({person[one], person[other]})
        if len(pair) == 2 and pair not in settled:
            settled.add(pair)
            cases.append((kind, [one, other], score))
    asked = {
        (row["kind"], tuple(row["records"])): row["review_id"]
        for row in await connection.fetch(queries.fetch_reviews_about, list(affected))
    }
    wanted = {(kind, tuple(records)) for kind, records, _ in cases}
    # A case that stands keeps its number: somebody may have it on the screen.
    await connection.execute(queries.delete_reviews, [key for case, key in asked.items() if case not in wanted])
    cases = [case for case in cases if (case[0], tuple(case[1])) not in asked]
    if not cases:
        return 0
    concerned = sorted({record for _, records, _ in cases for record in records})
    child_after = at.date().replace(year=at.year - _ADULT_YEARS, day=1)
    stakes = dict(await connection.fetch(queries.fetch_stakes, concerned, child_after))
    ranked = sorted(
        (
            (_WEIGHT[kind] + max(stakes.get(record, 0) for record in records), kind, records, score)
            for kind, records, score in cases
        ),
        key=lambda case: (-case[0], -(case[3] or 0.0), case[2]),
    )
    counts = await connection.fetchrow(queries.fetch_review_counts)
    room: int = max(int(counts["records"] * SHARE) - counts["open"], 0)
    await connection.copy_records_to_table(
        "review",
        schema_name="identity",
        columns=["kind", "records", "stake", "score", "opened_at"],
        records=[(kind, records, stake, score, at) for stake, kind, records, score in ranked[:room]],
    )
    return min(len(ranked), room)


def _doubt(edge: asyncpg.Record, model: LinkageModel) -> str | None:
    """What is doubtful about two people between whom there is this evidence."""
    if edge["levels"][_NUMBER] == _SAME_NUMBER:
        return "shared_number"
    return "grey" if model.grey <= edge["score"] < model.link else None
