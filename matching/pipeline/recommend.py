"""People, openings, posts, programmes and history in; lists, a plan, reasons and shortfalls out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from matching.allocate import Arcs, Plan, Priorities, allocate_seats
from matching.model import Model
from matching.pipeline.learn import check_model, learn
from matching.pipeline.lists import Pairs
from matching.pipeline.programmes import Gains, best_chances, programme_gains
from matching.pipeline.result import Counts, Lists, Result
from matching.pipeline.shortfall import find_shortfalls
from matching.pipeline.sides import Quota, Scored, Side, make_plan, make_side, most_households, widen
from matching.pipeline.timing import Progress, Stopwatch
from matching.pipeline.words import GAIN_LEAST_YUAN, job_lists, programme_lists
from matching.records import (
    KINDS,
    Bool,
    Evidence,
    History,
    Int8,
    Int32,
    Int64,
    Kind,
    Openings,
    People,
    Posts,
    Programmes,
    Shortfall,
    Targets,
)
from matching.rules import Eligibility, Rules, no_local_option
from schema.ranking import RankingPolicy, load_ranking

#: What closeness of the trade adds to a gain, yuan: it orders equal gains and moves no other.
_TIE_YUAN = 1e-3
#: Chances of a person's own that a programme's are compared with.
_OWN_CHANCES = 5


@dataclass(frozen=True, slots=True)
class Commitments:
    """What the plan finds settled: target rows accepted by each person (-1 none; None: nobody accepted anything), and
    welfare posts held already in each person's household."""

    opening: Int32 | None = None
    post: Int32 | None = None
    programme: Int32 | None = None
    posts_held: Int32 | None = None


def recommend(
    people: People,
    openings: Openings,
    posts: Posts,
    programmes: Programmes,
    history: History,
    *,
    rules: Rules,
    today: date,
    seed: int,
    model: Model | None = None,
    policy: RankingPolicy | None = None,
    progress: Progress | None = None,
    commitments: Commitments | None = None,
) -> Result:
    """Rank jobs, posts and programmes for everybody, and allot them.

    The same input and seed give the same result.

    Parameters
    ----------
    people
        Work-willing people.
    model
        Learnt before; learnt here from ``history`` when None.
    commitments
        Offers accepted already, which the plan keeps, and posts held.

    Raises
    ------
    FeatureMismatchError
        ``model`` was trained on other features.
    """
    watch = Stopwatch(progress)
    policy = load_ranking() if policy is None else policy
    settled = Commitments() if commitments is None else commitments
    targets: dict[Kind, Targets] = {"opening": openings, "post": posts, "programme": programmes}
    if model is None:
        with watch.step("learn"):
            model = learn(history, people=people, openings=openings, policy=policy, today=today, seed=seed)
    check_model(model)
    with watch.step("rules"):
        # Openings first: who has no local one is the evidence that posts are judged by.
        may_work = rules.compile(people, openings)
        evidence = no_local_option(may_work, people, openings, within=policy.local_within)
        judged: dict[Kind, Eligibility] = {
            "opening": may_work,
            "post": rules.compile(people, posts, evidence=evidence),
            "programme": rules.compile(people, programmes),
        }
    with watch.step("texts"):
        sides = _sides(people, targets, judged, settled, model=model, today=today)
    priorities = Priorities.of(
        people.household_id,
        zero_employment=people.zero_employment,
        monitored=people.monitored,
        low_income=people.low_income,
    )
    quota = Quota.of(priorities, rules.limits.posts_per_household, settled.posts_held)
    with watch.step("candidates"):
        pairs = _candidates(sides, policy, seed=seed)
    with watch.step("maximum flow"):
        most = most_households(sides["opening"], sides["post"], priorities, quota)
        pairs = {kind: sides[kind].once(pairs[kind], most.pairs[kind]) for kind in pairs}
        pairs = widen(sides, pairs, priorities=priorities, quota=quota)
    with watch.step("rank"):
        scored = {kind: Scored(*sides[kind].scorer.score(*both)) for kind, both in pairs.items()}
    with watch.step("allot"):
        plan, scored, added = make_plan(sides, scored, priorities=priorities, quota=quota)
    opening_of, post_of = _by_kind(plan, len(openings))
    with watch.step("programmes"):
        gains = _gains(people, openings, programmes, sides, scored["opening"], rules=rules, policy=policy)
        seats, programme_of = _seat(
            sides["programme"],
            gains,
            priorities=priorities,
            barred=None if rules.limits.seat_beside_job else plan.target_of >= 0,
        )
    no_local = _recorded(evidence, len(people))
    with watch.step("reasons"):
        jobs: tuple[tuple[Kind, Int32, int], ...] = (
            ("opening", opening_of, policy.lists.openings),
            ("post", post_of, policy.lists.posts),
        )
        lists: dict[Kind, Lists] = {
            kind: job_lists(
                kind,
                sides[kind],
                scored[kind],
                allotted=allotted,
                first_job=plan.first_job,
                no_local_option=no_local == 1,
                most=most_listed,
                most_reasons=policy.lists.reasons,
            )
            for kind, allotted, most_listed in jobs
        }
        lists["programme"] = programme_lists(
            gains, people, programmes, allotted=programme_of, most=policy.lists.programmes
        )
    with watch.step("shortfalls"):
        open_counts = may_work.counts(among=openings.vacancies > 0)
        post_counts = judged["post"].counts(among=posts.vacancies > 0)
        shortfalls = _shortfalls(
            people, openings, posts, judged, plan, counts=(open_counts, post_counts),
            quota_full=~quota.left(priorities, post_of),
        )  # fmt: skip
    return Result(
        lists=lists,
        opening_of=opening_of,
        post_of=post_of,
        programme_of=programme_of,
        first_job=plan.first_job,
        no_local_option=no_local == 1,
        shortfalls=shortfalls,
        counts=Counts(
            willing=len(people),
            with_eligible_opening=int((open_counts > 0).sum()),
            with_eligible_post=int((post_counts > 0).sum()),
            with_recommendation=_reached(lists, len(people)),
            zero_employment_households=int(priorities.tiers[:, 0].sum()),
            zero_employment_placed=plan.households_placed[0],
            zero_employment_max_flow=most.count,
            priority_households=int(priorities.tiers[:, 1].sum()),
            priority_placed=plan.households_placed[1],
            vacancies=int(openings.vacancies.sum()),
            vacancies_filled=int((opening_of >= 0).sum()),
            posts=int(posts.vacancies.sum()),
            posts_filled=int((post_of >= 0).sum()),
            seats=int(programmes.seats.sum()),
            seats_filled=int((programme_of >= 0).sum()),
            placed=int((plan.target_of >= 0).sum()),
        ),
        plan=plan,
        surplus=plan.surplus + added,
        seats=seats,
        model=model,
        rule_set_version=rules.version,
        seconds=watch.seconds,
    )


def _sides(
    people: People,
    targets: dict[Kind, Targets],
    judged: dict[Kind, Eligibility],
    settled: Commitments,
    *,
    model: Model,
    today: date,
) -> dict[Kind, Side]:
    text = check_model(model)
    nobody = np.full(len(people), -1, dtype=np.int32)
    accepted: dict[Kind, Int32] = {
        "opening": nobody if settled.opening is None else settled.opening,
        "post": nobody if settled.post is None else settled.post,
        "programme": nobody if settled.programme is None else settled.programme,
    }
    # One person holds an opening or a post; of two accepted ones the opening stays.
    accepted["post"] = np.where(accepted["opening"] >= 0, -1, accepted["post"]).astype(np.int32)
    of_people = text.embed(people.text)
    return {
        kind: make_side(
            people, targets[kind], judged[kind], accepted[kind], text=text, of_people=of_people, model=model,
            today=today,
        )
        for kind in KINDS
    }  # fmt: skip


def _candidates(sides: dict[Kind, Side], policy: RankingPolicy, *, seed: int) -> dict[Kind, tuple[Int32, Int32]]:
    lists = policy.lists
    return {
        "opening": sides["opening"].candidates(
            by_score=lists.candidates_by_score, by_price=lists.candidates_by_price, seed=seed
        ),
        "post": sides["post"].candidates(by_score=lists.posts, by_price=2 * lists.posts, seed=seed),
    }


def _by_kind(plan: Plan, n_openings: int) -> tuple[Int32, Int32]:
    """The opening and the post of each person, from a plan that numbers them through; -1 none."""
    at_work = (plan.target_of >= 0) & (plan.target_of < n_openings)
    opening_of = np.where(at_work, plan.target_of, -1).astype(np.int32)
    return opening_of, np.where(plan.target_of >= n_openings, plan.target_of - n_openings, -1).astype(np.int32)


def _gains(
    people: People,
    openings: Openings,
    programmes: Programmes,
    sides: dict[Kind, Side],
    scored: Scored,
    *,
    rules: Rules,
    policy: RankingPolicy,
) -> Gains:
    """Gains of the programmes nearest to each person; equal ones in the order of nearness."""
    person, target, nearness = sides["programme"].nearest(policy.lists.programmes_tried)
    blank = np.zeros(len(person), dtype=np.float32)
    scorer = sides["opening"].scorer
    gains = programme_gains(
        people,
        programmes,
        openings,
        Pairs(person, target, blank, blank),
        chances=best_chances(scored.pairs, scored.worth, n_people=len(people), most=_OWN_CHANCES),
        rules=rules,
        model=scorer.model,
        vectors=scorer.vectors,
        policy=policy,
        today=scorer.today,
    )
    tie = _TIE_YUAN / (1.0 + np.exp(-nearness.astype(np.float64)))
    score = (gains.pairs.score + tie).astype(np.float32)
    return Gains(Pairs(person, target, score, gains.pairs.probability), gains.unlocked)


def _seat(side: Side, gains: Gains, *, priorities: Priorities, barred: Bool | None) -> tuple[Plan, Int32]:
    """Seats by gain; whoever has accepted one keeps it. A course that gains nothing takes no seat from anybody."""
    pairs = gains.pairs.where(gains.pairs.score >= GAIN_LEAST_YUAN)
    settled = side.accepted >= 0
    plan = allocate_seats(
        Arcs(pairs.person, pairs.target, pairs.score),
        priorities=priorities,
        seats=side.room,
        barred=settled if barred is None else settled | barred,
    )
    return plan, np.where(settled, side.accepted, plan.target_of).astype(np.int32)


def _recorded(evidence: Evidence, n: int) -> Int8:
    """The evidence as a column, unknown where there is none."""
    return np.full(n, -1, dtype=np.int8) if evidence.no_local_option is None else evidence.no_local_option


def _shortfalls(
    people: People,
    openings: Openings,
    posts: Posts,
    judged: dict[Kind, Eligibility],
    plan: Plan,
    *,
    counts: tuple[Int64, Int64],
    quota_full: Bool,
) -> tuple[Shortfall, ...]:
    return find_shortfalls(
        np.flatnonzero(plan.target_of < 0),
        openings=judged["opening"],
        posts=judged["post"],
        vacancies=openings.vacancies,
        post_vacancies=posts.vacancies,
        open_counts=counts[0],
        post_counts=counts[1],
        wish_scope=people.wish_scope,
        # Channels in order: in the county, in the province, and two outside it.
        needed_scope=np.minimum(openings.channel, 2).astype(np.int8),
        quota_full=quota_full,
    )


def _reached(lists: dict[Kind, Lists], n: int) -> int:
    """People with something in a list of any kind."""
    reached = np.zeros(n, dtype=np.bool_)
    for part in lists.values():
        reached |= np.diff(part.ranking.indptr) > 0
    return int(reached.sum())
