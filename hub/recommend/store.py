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

from hub.db.sql import load_queries
from matching.explain import FIGURE_NAMES, round_figures
from matching.pipeline import Lists, Result
from matching.records import Int32, Int64, Kind, Shortfall

_SQL = load_queries("hub.recommend")
#: Lines handed to the server at once.
_BLOCK_LINES = 2_000
#: Tables that actors read, so closed row by row: they take no COPY, and are filled by way of a temporary one.
_STAGED = frozenset({"recommendation"})


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

    if table not in _STAGED:
        await connection.copy_to_table(table, schema_name="matching", columns=columns, source=blocks(), format="text")
        return
    await connection.execute(_SQL.create_staged_recommendation)
    await connection.copy_to_table("staged_recommendation", columns=columns, source=blocks(), format="text")
    await connection.execute(_SQL.store_recommendations)
    await connection.execute(_SQL.drop_staged_recommendation)


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
    """JSON of one reason an entry, empty for none. Equal ones are written once."""
    rounded, quoted = two_digits(value), _figures(codes, code, figure)
    # One whole number each: code, value and figure side by side, all within their bits.
    keys = (code.astype(np.int64) << 56) | ((rounded + _HALF_VALUE) << 32) | quoted
    keys[code < 0] = -1
    distinct, first, place = np.unique(keys, return_index=True, return_inverse=True)
    texts = np.array(
        [
            "" if key < 0 else reason_json(codes[code[row]], int(rounded[row]), int(quoted[row]) - 1)
            for key, row in zip(distinct.tolist(), first.tolist(), strict=True)
        ],
        dtype=object,
    )
    return list(texts[place]) if len(texts) else []


#: Values of a reason lie within ± this many yuan; larger ones are cut.
_HALF_VALUE = 1 << 23
#: Figures are kept in tenths, below this many; 0 stands for none.
_FIGURE_MAX = (1 << 32) - 1


def two_digits(value: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Whole numbers of two significant digits: a contribution is told as what it is, an estimate."""
    whole = np.rint(np.clip(np.nan_to_num(value.astype(np.float64)), 1 - _HALF_VALUE, _HALF_VALUE - 1))
    scale = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(np.abs(whole), 1.0))) - 1, 0)
    told: NDArray[np.int64] = (np.rint(whole / scale) * scale).astype(np.int64)
    return told


def _figures(codes: tuple[str, ...], code: NDArray[np.int8], figure: NDArray[np.float32]) -> NDArray[np.int64]:
    """Tenths of the figure that each reason quotes, plus one; 0 where it quotes none."""
    out = np.zeros(len(code), dtype=np.int64)
    for place, name in enumerate(codes):
        rows = np.flatnonzero((code == place) & np.isfinite(figure))
        if name in FIGURE_NAMES and len(rows):
            told = round_figures(name, figure[rows].astype(np.float64))
            out[rows] = np.clip(np.rint(told * 10), 0, _FIGURE_MAX - 1).astype(np.int64) + 1
    return out


def reason_json(code: str, value: int, tenths: int) -> str:
    """One stored reason, ``{code, sign, value, figure's name}``; ``tenths`` of the figure, -1 none."""
    text = f'{{"code":"{code}","sign":{(value > 0) - (value < 0)},"value":{value}'
    if tenths >= 0:
        figure = str(tenths // 10) if tenths % 10 == 0 else f"{tenths / 10:.1f}"
        text += f',"{FIGURE_NAMES[code]}":{figure}'
    return text + "}"


def allocation_lines(
    run_id: int, result: Result, *, person_id: Int64, household_id: Int64, target_ids: dict[Kind, Int64]
) -> Iterator[str]:
    """One line for each thing that somebody was allotted."""
    allotted: dict[Kind, Int32] = {
        "opening": result.opening_of,
        "post": result.post_of,
        "programme": result.programme_of,
    }
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
