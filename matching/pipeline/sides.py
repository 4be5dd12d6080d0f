"""The three kinds of target side by side: what is worked out for each, their candidates, and the plan over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.allocate import Arcs, Plan, Priorities, allocate, first_jobs, households_placed, max_servable, most_placed
from matching.candidates import candidates, top_k
from matching.features import TextModel, TextVectors, additive
from matching.model import Model
from matching.pipeline.lists import Pairs
from matching.pipeline.scoring import Scorer
from matching.records import Bool, Float32, Int32, Int64, Kind, People, Programmes, Targets
from matching.rules import Eligibility

#: Arcs to free vacancies that somebody who gets nothing is given in a round, and most rounds of that before the plan
#: (more find little) and after it (until nothing is left to give).
_SPARE_ARCS, _WIDEN_ROUNDS, _FILL_ROUNDS = 8, 4, 20


@dataclass(frozen=True, slots=True)
class Side:
    """One kind of target.

    Attributes
    ----------
    factors
        Of the additive score, people's and targets'.
    room
        Vacancies, accepted offers taken off.
    accepted
        Target row that each person has accepted, -1 none.
    """

    targets: Targets
    eligibility: Eligibility
    scorer: Scorer
    factors: tuple[Float32, Float32]
    room: Int64
    accepted: Int32

    def candidates(self, *, by_score: int, by_price: int, seed: int) -> tuple[Int32, Int32]:
        """Pairs worth ranking: candidates with room, and what has been accepted."""
        found = candidates(
            *self.factors, eligibility=self.eligibility, vacancies=self.room, k_score=by_score, k_priced=by_price,
            seed=seed,
        )  # fmt: skip
        return self.once((found.person_row, found.target_row), self.taken())

    def nearest(self, k: int) -> tuple[Int32, Int32, Float32]:
        """The k best targets with room of each person by the additive score, and what has been accepted."""
        indptr, target, value = top_k(*self.factors, k=k, eligibility=self.eligibility, usable=self.room > 0)
        person = np.repeat(np.arange(len(self.accepted), dtype=np.int32), np.diff(indptr))
        row, accepted = self.taken()
        fresh = ~np.isin(row.astype(np.int64) * len(self.targets) + accepted, self._keys(person, target))
        return (
            np.concatenate([person, row[fresh]]),
            np.concatenate([target, accepted[fresh]]),
            np.concatenate([value, np.zeros(int(fresh.sum()), dtype=np.float32)]),
        )

    def taken(self) -> tuple[Int32, Int32]:
        """Pairs of people and what they have accepted."""
        rows = np.flatnonzero(self.accepted >= 0)
        return rows.astype(np.int32), self.accepted[rows]

    def once(self, *parts: tuple[Int32, Int32]) -> tuple[Int32, Int32]:
        """Several sets of pairs as one, each pair once, by person and target."""
        keys = np.unique(np.concatenate([self._keys(*part) for part in parts]))
        width = max(len(self.targets), 1)
        return (keys // width).astype(np.int32), (keys % width).astype(np.int32)

    def unseen(self, pairs: Pairs, person: Int32, target: Int32) -> Bool:
        """Which of these pairs are not among ``pairs``."""
        return ~np.isin(self._keys(person, target), self._keys(pairs.person, pairs.target))

    def _keys(self, person: Int32, target: Int32) -> Int64:
        return person.astype(np.int64) * len(self.targets) + target


def make_side(
    people: People,
    targets: Targets,
    eligibility: Eligibility,
    accepted: Int32,
    *,
    text: TextModel,
    of_people: Float32,
    model: Model,
    today: date,
) -> Side:
    """Everything about one kind of target; ``of_people`` are the vectors of people's texts."""
    vectors = TextVectors(of_people, text.embed(targets.text))
    places = targets.seats if isinstance(targets, Programmes) else targets.vacancies
    taken = np.bincount(accepted[accepted >= 0], minlength=len(targets))
    return Side(
        targets=targets,
        eligibility=eligibility,
        scorer=Scorer(people, targets, vectors, model, today),
        factors=additive(people, targets, vectors=vectors),
        room=np.maximum(places.astype(np.int64) - taken, 0),
        accepted=accepted,
    )


@dataclass(frozen=True, slots=True)
class Quota:
    """Welfare posts: how many a household may hold (None: any number) and holds, those just accepted not included."""

    most: int | None
    held: Int32  # by household

    def left(self, priorities: Priorities, post_of: Int32) -> Bool:
        """Whether each person's household may hold one more post than those held and given in ``post_of``."""
        if self.most is None:
            return np.ones(len(post_of), dtype=np.bool_)
        given = np.bincount(priorities.household[post_of >= 0], minlength=len(self.held))
        return (self.held + given < self.most)[priorities.household]

    @classmethod
    def of(cls, priorities: Priorities, most: int | None, held: Int32 | None) -> Quota:
        """From the posts in each person's household."""
        by_household = np.zeros(len(priorities.tiers), dtype=np.int32)
        if held is not None:
            np.maximum.at(by_household, priorities.household, held)
        return cls(most, by_household)


@dataclass(frozen=True, slots=True)
class Most:
    """The most zero-employment households that can be served, and pairs by which they can, by kind."""

    count: int
    pairs: dict[Kind, tuple[Int32, Int32]]


def most_households(openings: Side, posts: Side, priorities: Priorities, quota: Quota) -> Most:
    """The maximum flow over every eligible opening and post; households with an accepted offer are served already."""
    served = np.zeros(len(priorities.tiers), dtype=np.bool_)
    served[priorities.household[(openings.accepted >= 0) | (posts.accepted >= 0)]] = True
    zero = priorities.tiers[:, 0]
    rows = np.flatnonzero((zero & ~served)[priorities.household])
    bits = openings.eligibility.bits(rows)
    post_bits = posts.eligibility.bits(rows) * quota.left(priorities, posts.accepted)[rows, None]
    # Bits are packed by kind, so the places between the two kinds belong to no target and have no vacancies.
    offset = bits.shape[1] * 8
    capacity = np.zeros(offset + post_bits.shape[1] * 8, dtype=np.int64)
    capacity[: len(openings.room)] = openings.room
    capacity[offset : offset + len(posts.room)] = posts.room
    found = max_servable(
        np.hstack([bits, post_bits.astype(np.uint8)]),
        person=rows.astype(np.int32),
        household=priorities.household[rows],
        capacity=capacity,
    )
    at_work = found.target < offset
    return Most(
        found.count + int((zero & served).sum()),
        {
            "opening": (found.person[at_work], found.target[at_work]),
            "post": (found.person[~at_work], (found.target[~at_work] - offset).astype(np.int32)),
        },
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs of one kind with their scores, and what each is worth if it succeeds."""

    pairs: Pairs
    worth: Float32

    def more(self, others: Scored) -> Scored:
        """These and others that are not among them."""
        return Scored(self.pairs.more(others.pairs), np.concatenate([self.worth, others.worth]))


def widen(
    sides: dict[Kind, Side], pairs: dict[Kind, tuple[Int32, Int32]], *, priorities: Priorities, quota: Quota
) -> dict[Kind, tuple[Int32, Int32]]:
    """The candidates and, for whoever they could leave with nothing, more of what the rules allow.

    Candidates are few and cluster. A maximum flow over them tells which vacancies they cannot fill and who could go
    without; these people are given arcs to those vacancies, the nearest first, until the flow fills all it can. A flow
    that looks at no surplus is many times faster than the plan, which is then made once over arcs that suffice.
    """
    openings, posts = sides["opening"], sides["post"]
    m, n = len(openings.targets), len(openings.accepted)
    capacity = np.concatenate([openings.room, posts.room])
    settled = (openings.accepted >= 0) | (posts.accepted >= 0)
    may_hold = quota.left(priorities, posts.accepted)
    jobs, others = [pairs["opening"]], [pairs["post"]]
    for _ in range(_WIDEN_ROUNDS):
        target_of = most_placed(
            np.concatenate([part[0] for part in (*jobs, *others)]),
            np.concatenate([part[1] for part in jobs] + [part[1] + np.int32(m) for part in others]),
            n_people=n,
            capacity=capacity,
        )
        free = capacity - np.bincount(target_of[target_of >= 0], minlength=len(capacity))
        idle = (target_of < 0) & ~settled
        # None of these arcs was there before: the flow would have used it.
        jobs.append(_spare(openings, np.flatnonzero(idle), free[:m]))
        others.append(_spare(posts, np.flatnonzero(idle & may_hold), free[m:]))
        if not len(jobs[-1][0]) and not len(others[-1][0]):
            break
    return {"opening": openings.once(*jobs), "post": posts.once(*others)}


def make_plan(
    sides: dict[Kind, Side], scored: dict[Kind, Scored], *, priorities: Priorities, quota: Quota
) -> tuple[Plan, dict[Kind, Scored], float]:
    """Allot openings and posts; the plan numbers them through, openings first.

    The plan is optimal over the pairs it is given. Whoever it leaves with nothing is then given what the rules allow of
    the vacancies it leaves free: that takes nothing from anybody.

    Returns
    -------
    The plan; the scored pairs, with those that it came to need; and the surplus of what was given after the optimum.
    """
    openings, posts = sides["opening"], sides["post"]
    m = len(openings.targets)
    is_post = np.arange(m + len(posts.targets)) >= m
    capacity = np.concatenate([openings.room, posts.room])
    fixed = np.where(openings.accepted >= 0, openings.accepted, np.where(posts.accepted >= 0, posts.accepted + m, -1))
    fixed = fixed.astype(np.int32)

    def give(arcs: Arcs, room: Int64, settled: Int32) -> Plan:
        return allocate(
            arcs, priorities=priorities, capacity=room, is_post=is_post, posts_per_household=quota.most,
            fixed=settled, posts_held=quota.held,
        )  # fmt: skip

    plan = give(_arcs(scored, m), capacity, fixed)
    target_of, added, scored = plan.target_of, 0.0, dict(scored)
    for _ in range(_FILL_ROUNDS):
        given = target_of[(target_of >= 0) & (fixed < 0)]
        free = capacity - np.bincount(given, minlength=len(capacity))
        may_hold = quota.left(priorities, np.where(target_of >= m, target_of, -1))
        idle = target_of < 0
        spare_posts = _spare(posts, np.flatnonzero(idle & may_hold), free[m:])
        # An opening of these would have been used by the plan; a post may have been barred from it by the quota.
        unseen = posts.unseen(scored["post"].pairs, *spare_posts)
        new: dict[Kind, Scored] = {
            "opening": _score(openings, _spare(openings, np.flatnonzero(idle), free[:m])),
            "post": _score(posts, (spare_posts[0][unseen], spare_posts[1][unseen])),
        }
        more = give(_arcs(new, m), free, target_of)
        if not (more.target_of[idle] >= 0).any():
            break
        target_of, added = more.target_of, added + more.surplus
        scored = {kind: scored[kind].more(part) for kind, part in new.items()}
    first = first_jobs(target_of, _arcs(scored, m), priorities=priorities, fixed=fixed >= 0)
    placed = households_placed(target_of, priorities)
    return replace(plan, target_of=target_of, first_job=first, households_placed=placed), scored, added


def _arcs(scored: Mapping[Kind, Scored], n_openings: int) -> Arcs:
    jobs, posts = scored["opening"].pairs, scored["post"].pairs
    return Arcs(
        np.concatenate([jobs.person, posts.person]),
        np.concatenate([jobs.target, posts.target + np.int32(n_openings)]),
        np.concatenate([jobs.score, posts.score]),
    )


def _score(side: Side, pairs: tuple[Int32, Int32]) -> Scored:
    return Scored(*side.scorer.score(*pairs))


def _spare(side: Side, rows: NDArray[np.intp], room: Int64) -> tuple[Int32, Int32]:
    """Eligible targets with room for people, the nearest by the additive score."""
    if not len(rows) or not (room > 0).any():
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
    indptr, target, _ = top_k(
        side.factors[0][rows], side.factors[1], k=_SPARE_ARCS, eligibility=side.eligibility.take(rows), usable=room > 0
    )
    return np.repeat(rows, np.diff(indptr)).astype(np.int32), target
