"""The review queue: doubtful cases a clerk should see, what is most at stake first, and never more than can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


async def store_reviews(
    connection: asyncpg.Connection,
    affected: Sequence[int],
    clusters: Clusters,
    edges: Sequence[asyncpg.Record],
    row_of: Mapping[int, int],
    *,
    model: LinkageModel,
    at: datetime,
) -> int:
    """Open a case for each component with two valid numbers, each number that two people share, each grey pair."""
    queries = load_queries("hub.identity")
    cases: list[tuple[str, list[int], float | None]] = [
        (kind, [affected[row] for row in rows], None) for kind, rows in clusters.held
    ]
    for edge in edges:
        a, b = edge["record_a"], edge["record_b"]
        if clusters.label[row_of[a]] == clusters.label[row_of[b]]:
            continue
        if edge["levels"][_NUMBER] == _SAME_NUMBER:
            cases.append(("shared_number", [a, b], edge["score"]))
        elif edge["score"] < model.link:
            cases.append(("grey", [a, b], edge["score"]))
    await connection.execute(queries.delete_open_reviews, list(affected))
    if not cases:
        return 0
    concerned = sorted({record for _, records, _ in cases for record in records})
    child_after = at.date().replace(year=at.year - _ADULT_YEARS, day=1)
    stakes = dict(await connection.fetch(queries.fetch_stakes, concerned, child_after))
    weight = {"two_numbers": 4, "shared_number": 3, "grey": 0}
    ranked = sorted(
        (
            (weight[kind] + max(stakes.get(r, 0) for r in records), kind, records, score)
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
