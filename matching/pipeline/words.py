"""Lists with the reasons that stand beside them."""

from __future__ import annotations

import numpy as np

from matching.explain import TopReasons
from matching.pipeline.lists import build_lists
from matching.pipeline.programmes import Gains
from matching.pipeline.result import Lists
from matching.pipeline.sides import Scored, Side
from matching.records import Bool, Float32, Int8, Int32, Kind, People, Programmes

#: From so many first choices a vacancy an opening is called crowded.
_CROWDED = 2.0
#: A gain below this is none.
GAIN_LEAST_YUAN = 1.0


def job_lists(
    kind: Kind,
    side: Side,
    scored: Scored,
    *,
    allotted: Int32,
    first_job: Bool,
    no_local_option: Bool,
    most: int,
    most_reasons: int,
) -> Lists:
    """Openings or posts, with the leading terms of each score, how crowded it is and what it would end."""
    ranking, _ = build_lists(kind, scored.pairs, n_people=len(allotted), most=most, allotted=allotted)
    counts = np.diff(ranking.indptr)
    person = np.repeat(np.arange(len(allotted)), counts)
    target = ranking.target_row
    first = target[ranking.indptr[:-1][counts > 0]]
    crowd = np.bincount(first, minlength=len(side.targets)) / np.maximum(side.room, 1)
    codes = ("crowding", "first_job", "last_resort")
    note = np.full((len(target), 3), -1, dtype=np.int8)
    figure = np.full((len(target), 3), np.nan, dtype=np.float32)
    note[crowd[target] >= _CROWDED, 0] = 0
    figure[:, 0] = crowd[target]
    note[ranking.allocated & first_job[person], 1] = 1
    if kind == "post":
        note[no_local_option[person], 2] = 2
    return Lists(
        ranking, side.scorer.reasons(person, target, most=most_reasons), codes, note, np.where(note < 0, np.nan, figure)
    )


def programme_lists(gains: Gains, people: People, programmes: Programmes, *, allotted: Int32, most: int) -> Lists:
    """Programmes, with what each gains."""
    ranking, rows = build_lists("programme", gains.pairs, n_people=len(people), most=most, allotted=allotted)
    person = gains.pairs.person[rows]
    gain, unlocked = gains.pairs.score[rows], gains.unlocked[rows]
    none: Int8 = np.full(len(rows), -1, dtype=np.int8)
    top = TopReasons(
        ("raises_chance",),
        np.where(gain >= GAIN_LEAST_YUAN, 0, none)[:, None].astype(np.int8),
        gain[:, None].astype(np.float32),
        _as_points(gains.pairs.probability[rows])[:, None],
    )
    taught, wished = programmes.occupation[ranking.target_row], people.wish_occupation[person]
    alike = (wished > 0) & (taught // 100 == wished // 100)
    note = np.stack([np.where(unlocked > 0, 0, none), np.where(alike, 1, none)], axis=1).astype(np.int8)
    figure = np.stack([unlocked.astype(np.float32), np.full(len(rows), np.nan, dtype=np.float32)], axis=1)
    return Lists(ranking, top, ("unlocks", "wished_occupation"), note, np.where(note < 0, np.nan, figure))


def _as_points(share: Float32) -> Float32:
    return (share * 100).astype(np.float32)
