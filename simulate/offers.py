"""Past offers of training and of welfare posts, and who works for whom because of an offer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulate.history import (
    DECLINED,
    ENDED,
    KIND_POST,
    KIND_PROGRAMME,
    PLACED,
    R_FAMILY,
    R_OTHER,
    RESULT_COMPLETED,
    RESULT_DECLINED,
    RESULT_PLACED,
    SHOWN,
    Referrals,
    World,
)
from simulate.marginals import Bool, Dates, Dice, Int, load_marginals
from simulate.market import CLOSED, GUANGDONG, LOCAL, PROVINCE, SHANGHAI, Posts, Programmes
from simulate.work import AWAY_OUTSIDE, AWAY_PROVINCE, UNIT_LOCAL, WELFARE_POST, Work

_NOTHING = np.datetime64("NaT", "D")


def _rows(person: Int, target: Int, kind: int, shown_on: Dates, rank: Int) -> Referrals:
    """Offers that were shown and nothing more."""
    count = len(person)
    none = np.full(count, -1, dtype=np.int8)
    nothing = np.full(count, _NOTHING, dtype="datetime64[D]")
    return Referrals(
        person=person,
        kind=np.full(count, kind, dtype=np.int8),
        target=target,
        shown_on=shown_on,
        rank=rank,
        state=np.full(count, SHOWN, dtype=np.int8),
        result=none,
        reason=none,
        wage=np.zeros(count, dtype=np.int64),
        started_on=nothing,
        ended_on=nothing,
        months_kept=np.full(count, -1, dtype=np.int64),
        contacted_on=nothing,
    )


def _decide(offers: Referrals, first: Bool, probability: float, dice: Dice) -> tuple[Bool, Referrals]:
    """Who takes the first offer of a list; some of the others decline."""
    taken = first & dice.chance(probability, len(first))
    declined = ~taken & dice.chance(load_marginals()["history"]["other_declines"], len(first))
    result = np.where(declined, RESULT_DECLINED, -1).astype(np.int8)
    reason = np.where(declined, np.where(dice.chance(0.5, len(first)), R_FAMILY, R_OTHER), -1).astype(np.int8)
    contacted = np.where(taken | declined, offers.shown_on + np.timedelta64(3, "D"), _NOTHING)
    state = np.where(declined, DECLINED, SHOWN).astype(np.int8)
    return taken, replace(offers, state=state, result=result, reason=reason, contacted_on=contacted)


def offer_programmes(world: World, programmes: Programmes, dice: Dice) -> tuple[Referrals, Dates]:
    """Offers of courses that have begun since, and the day on which each person completed one (NaT where none)."""
    table = load_marginals()["history"]
    count = len(world.families)
    trained_on = np.full(count, _NOTHING, dtype="datetime64[D]")
    closed = np.flatnonzero(programmes.state == CLOSED)
    share = table["programme_lists"] * table["lists_per_willing_year"] * table["years"]
    asked = np.flatnonzero(
        (world.work.willing | (world.work.activity <= UNIT_LOCAL))
        & dice.chance(share * table["programme_asked"], count)
    )
    if not len(closed) or not len(asked):
        empty = np.empty(0, dtype=np.int64)
        return _rows(empty, empty, KIND_PROGRAMME, empty.astype("datetime64[D]"), empty), trained_on
    person, rank = np.repeat(asked, 2), np.tile([1, 2], len(asked))
    target = closed[dice.rng.integers(0, len(closed), len(person))]
    starts = programmes.starts_on[target]
    offers = _rows(
        person, target, KIND_PROGRAMME, starts - dice.split(len(person), 8, 30).astype("timedelta64[D]"), rank
    )
    taken, offers = _decide(offers, rank == 1, table["programme_taken"], dice)
    ended = starts + programmes.days[target].astype("timedelta64[D]")
    taken &= ended < np.datetime64(world.as_of, "D")
    trained_on[person[taken]] = ended[taken]
    return replace(
        offers,
        state=np.where(taken, ENDED, offers.state).astype(np.int8),
        result=np.where(taken, RESULT_COMPLETED, offers.result).astype(np.int8),
        reason=np.where(taken, -1, offers.reason).astype(np.int8),
        started_on=np.where(taken, starts, _NOTHING),
        ended_on=np.where(taken, ended, _NOTHING),
    ), trained_on


def offer_posts(world: World, posts: Posts, dice: Dice) -> Referrals:
    """Offers of welfare posts: to those who hold one, and lately to some who cannot leave home."""
    table = load_marginals()["history"]
    work, count = world.work, len(world.families)
    township = world.home // 1000 * 1000
    order = np.argsort(posts.region, kind="stable")
    first = np.searchsorted(posts.region[order], township, side="left")
    number = np.searchsorted(posts.region[order], township, side="right") - first
    tied = work.willing & work.cannot_leave & dice.chance(table["post_lists"] * 4, count)
    holds = work.activity == WELFARE_POST
    person = np.flatnonzero((number > 0) & (tied | holds))
    target = order[first[person] + np.floor(dice.rng.random(len(person)) * number[person]).astype(np.int64)]
    today = np.datetime64(world.as_of, "D")
    ago = np.where(holds[person], dice.split(len(person), 60, 700), dice.split(len(person), 10, 60))
    offers = _rows(
        person, target, KIND_POST, today - ago.astype("timedelta64[D]"), np.ones(len(person), dtype=np.int64)
    )
    _, offers = _decide(offers, np.zeros(len(person), dtype=bool), 0.0, dice)
    placed = holds[person]
    return replace(
        offers,
        state=np.where(placed, PLACED, offers.state).astype(np.int8),
        result=np.where(placed, RESULT_PLACED, offers.result).astype(np.int8),
        reason=np.where(placed, -1, offers.reason).astype(np.int8),
        wage=np.where(placed, posts.wage[target], 0),
        started_on=np.where(placed, offers.shown_on + np.timedelta64(15, "D"), _NOTHING),
        contacted_on=np.where(placed, offers.shown_on + np.timedelta64(3, "D"), offers.contacted_on),
    )


def hire(world: World, offers: Referrals, dice: Dice) -> tuple[Work, Int]:
    """Work as the running placements leave it, and the employer of each person (-1 where none is known)."""
    work, employers = world.work, world.employers
    town, job, started = work.town.copy(), work.job.copy(), work.started_on.copy()
    employer = np.full(len(town), -1, dtype=np.int64)
    in_partner = (work.activity == AWAY_OUTSIDE) & (work.elsewhere < 0)
    groups = (
        (LOCAL, work.activity == UNIT_LOCAL),
        (PROVINCE, work.activity == AWAY_PROVINCE),
        (SHANGHAI, in_partner & (work.town // 10_000_000_000 == 31)),
        (GUANGDONG, in_partner & (work.town // 10_000_000_000 == 44)),
    )
    for channel, where in groups:
        rows, among = np.flatnonzero(where), np.flatnonzero(employers.channel == channel)
        if len(among):
            employer[rows] = among[dice.rng.integers(0, len(among), len(rows))]
            if channel != LOCAL:
                town[rows] = employers.town[employer[rows]]
    running = (offers.state == PLACED) & (offers.kind == 0)
    person, target = offers.person[running], offers.target[running]
    employer[person] = world.past.employer[target]
    town[person], job[person] = world.past.region[target], world.past.job[target]
    started[person] = offers.started_on[running]
    channel = world.past.channel[target]
    activity = work.activity.copy()
    activity[person] = np.where(
        channel == LOCAL, UNIT_LOCAL, np.where(channel == PROVINCE, AWAY_PROVINCE, AWAY_OUTSIDE)
    )
    elsewhere = work.elsewhere.copy()
    elsewhere[person] = -1
    export = work.export_mode.copy()
    export[person] = np.where(channel == LOCAL, -1, 0)
    return replace(
        work, town=town, job=job, started_on=started, activity=activity, elsewhere=elsewhere, export_mode=export
    ), employer
