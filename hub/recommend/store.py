"""Results → rows of schema ``matching``, written by COPY.

The lines are made here as COPY's text format has them: one line a person and kind with its arrays, which is several
times faster than handing over a tuple a row, and keeps the codec of jsonb out of it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

from matching.explain import FIGURE_NAMES, round_figure
from matching.pipeline import Lists, Result
from matching.records import Int64, Kind, Shortfall

#: Bytes handed to the server at once.
_BLOCK_LINES = 2_000


async def store_result(
    connection: asyncpg.Connection, run_id: int, result: Result, *, person_id: Int64, household_id: Int64,
    target_ids: dict[Kind, Int64],
) -> None:  # fmt: skip
    """Write lists, allotments and shortfalls of a run; the caller holds the transaction."""
    for kind, lists in result.lists.items():
        await _copy(
            connection,
            "recommendation",
            ("run_id", "person_id", "kind", "target_ids", "scores", "probabilities", "reasons", "allocated"),
            recommendation_lines(run_id, kind, lists, person_id=person_id, target_ids=target_ids[kind]),
        )
    await _copy(
        connection,
        "allocation",
        ("run_id", "person_id", "household_id", "kind", "target_id", "first_job"),
        allocation_lines(run_id, result, person_id=person_id, household_id=household_id, target_ids=target_ids),
    )
    await _copy(
        connection,
        "shortfall",
        ("run_id", "person_id", "household_id", "stage", "code", "detail"),
        shortfall_lines(run_id, result.shortfalls, person_id=person_id, household_id=household_id),
    )


async def _copy(connection: asyncpg.Connection, table: str, columns: tuple[str, ...], lines: Iterator[str]) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        block: list[str] = []
        for line in lines:
            block.append(line)
            if len(block) == _BLOCK_LINES:
                yield "".join(block).encode()
                block.clear()
        yield "".join(block).encode()

    await connection.copy_to_table(table, schema_name="matching", columns=columns, source=blocks(), format="text")


def recommendation_lines(
    run_id: int, kind: Kind, lists: Lists, *, person_id: Int64, target_ids: Int64
) -> Iterator[str]:
    """One line a person who has a list of this kind."""
    ranking = lists.ranking
    reasons = _reason_texts(lists)
    targets = target_ids[ranking.target_row].tolist()
    scores = [f"{value:.6g}" for value in ranking.score.tolist()]
    chances = [f"{value:.4g}" for value in ranking.probability.tolist()]
    starts, ends = ranking.indptr[:-1], ranking.indptr[1:]
    place = np.full(len(starts), -1, dtype=np.int64)
    allotted = np.flatnonzero(ranking.allocated)
    owner = np.searchsorted(ranking.indptr, allotted, side="right") - 1
    place[owner] = allotted - starts[owner]
    filled = np.flatnonzero(ends > starts)
    for person, start, end, at in zip(
        person_id[filled].tolist(), starts[filled].tolist(), ends[filled].tolist(), place[filled].tolist(), strict=True
    ):
        yield (
            f"{run_id}\t{person}\t{kind}\t{{{','.join(map(str, targets[start:end]))}}}\t"
            f"{{{','.join(scores[start:end])}}}\t{{{','.join(chances[start:end])}}}\t"
            f"[{','.join(reasons[start:end])}]\t{at if at >= 0 else _NULL}\n"
        )


_NULL = "\\N"


def _reason_texts(lists: Lists) -> list[str]:
    """JSON of the reasons of each entry. Equal reasons are written out once; there are few distinct ones."""
    top = lists.reasons
    slots = [
        _texts(top.codes, top.code[:, slot], top.value[:, slot], top.figure[:, slot])
        for slot in range(top.code.shape[1])
    ]
    none = np.zeros(len(lists.note), dtype=np.float32)
    slots += [
        _texts(lists.note_codes, lists.note[:, slot], none, lists.note_figure[:, slot])
        for slot in range(lists.note.shape[1])
    ]
    if not slots:
        return ["[]"] * len(lists.ranking.target_row)
    return [f"[{','.join(filter(None, parts))}]" for parts in zip(*slots, strict=True)]


def _texts(
    codes: tuple[str, ...], code: NDArray[np.int8], value: NDArray[np.float32], figure: NDArray[np.float32]
) -> list[str]:
    keys = np.stack([code.astype(np.float64), np.rint(value.astype(np.float64)), figure.astype(np.float64)], axis=1)
    keys[np.isnan(keys[:, 2]), 2] = np.inf  # NaN is never equal to NaN
    distinct, place = np.unique(keys, axis=0, return_inverse=True)
    texts = np.array([reason_json(codes, *row) for row in distinct.tolist()], dtype=object)
    return list(texts[place.reshape(-1)]) if len(texts) else []


def reason_json(codes: tuple[str, ...], code: float, value: float, figure: float) -> str:
    """One stored reason, ``{code, sign, value, figure's name}``; empty for none."""
    if code < 0:
        return ""
    name = codes[int(code)]
    body: dict[str, Any] = {"code": name, "sign": (value > 0) - (value < 0), "value": int(value)}
    quoted = FIGURE_NAMES.get(name)
    if quoted is not None and np.isfinite(figure):
        body[quoted] = round_figure(name, figure)
    return json.dumps(body, separators=(",", ":"))


def allocation_lines(
    run_id: int, result: Result, *, person_id: Int64, household_id: Int64, target_ids: dict[Kind, Int64]
) -> Iterator[str]:
    """One line for each thing that somebody was allotted."""
    allotted = {"opening": result.opening_of, "post": result.post_of, "programme": result.programme_of}
    for kind, target_of in allotted.items():
        rows = np.flatnonzero(target_of >= 0)
        first = result.first_job[rows] if kind != "programme" else np.zeros(len(rows), dtype=np.bool_)
        for person, household, target, is_first in zip(
            person_id[rows].tolist(), household_id[rows].tolist(),
            target_ids[kind][target_of[rows]].tolist(), first.tolist(), strict=True,
        ):  # fmt: skip
            yield f"{run_id}\t{person}\t{household or _NULL}\t{kind}\t{target}\t{'t' if is_first else 'f'}\n"


def shortfall_lines(
    run_id: int, shortfalls: tuple[Shortfall, ...], *, person_id: Int64, household_id: Int64
) -> Iterator[str]:
    """One line for everybody who got neither an opening nor a post."""
    people, households = person_id.tolist(), household_id.tolist()
    for shortfall in shortfalls:
        detail = json.dumps(shortfall.detail, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        # A backslash in JSON must reach the server as one.
        detail = detail.replace("\\", "\\\\")
        household = households[shortfall.person_row] or _NULL
        yield (
            f"{run_id}\t{people[shortfall.person_row]}\t{household}\t{shortfall.stage}\t{shortfall.code}\t{detail}\n"
        )
