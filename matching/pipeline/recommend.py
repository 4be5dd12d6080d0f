"""People, openings, posts, programmes and history in; lists, a plan, reasons and shortfalls out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.allocate import Arcs, Plan, Priorities, Servable, allocate, allocate_seats, max_servable
from matching.candidates import candidates, top_k
from matching.explain import TopReasons
from matching.features import additive
from matching.model import Model
from matching.pipeline.learn import check_model, learn
from matching.pipeline.lists import Pairs, build_lists
from matching.pipeline.programmes import Gains, best_chances, programme_gains
from matching.pipeline.result import Counts, Lists, Result
from matching.pipeline.scoring import Scorer
from matching.pipeline.shortfall import find_shortfalls
from matching.pipeline.timing import Progress, Stopwatch
from matching.records import (
    Bool,
    Evidence,
    Float32,
    History,
    Int32,
    Int64,
    Kind,
    Openings,
    People,
    Posts,
    Programmes,
    Targets,
)
from matching.rules import Eligibility, Rules, no_local_option
from schema.ranking import RankingPolicy, load_ranking

#: A rise below this many yuan is no reason to take a seat from somebody.
_GAIN_LEAST = 1.0
#: What closeness of the trade adds to a gain, yuan: it orders equal gains and moves no other.
_TIE_YUAN = 1e-3
#: From so many first choices a vacancy an opening is called crowded.
_CROWDED = 2.0
#: Arcs to free vacancies that somebody who got nothing is given in a round, and rounds of that.
_SPARE_ARCS, _SPARE_ROUNDS = 8, 3


@dataclass(frozen=True, slots=True)
class _Side:
    """One kind of target with what has been worked out for it."""

    targets: Targets
    eligibility: Eligibility
    scorer: Scorer
    factors: tuple[Float32, Float32]
    room: Int64  # vacancies, accepted offers taken off
    accepted: Int32  # target row of each person, -1 none


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
    accepted_opening: Int32 | None = None,
    accepted_post: Int32 | None = None,
    accepted_programme: Int32 | None = None,
    posts_held: Int32 | None = None,
) -> Result:
    """Rank jobs, posts and programmes for everybody, and allot them.

    The same input and seed give the same result.

    Parameters
    ----------
    people
        Work-willing people.
    model
        Learnt before; learnt here from ``history`` when None.
    accepted_opening, accepted_post, accepted_programme
        Target row that each person has accepted already, -1 none; the plan keeps it.
    posts_held
        Welfare posts that each person's household holds already.

    Raises
    ------
    FeatureMismatchError
        ``model`` was trained on other features.
    """
    watch = Stopwatch(progress)
    policy = load_ranking() if policy is None else policy
    n = len(people)
    if model is None:
        with watch.step("learn"):
            model = learn(history, people=people, openings=openings, policy=policy, today=today, seed=seed)
    text = check_model(model)
    nobody = np.full(n, -1, dtype=np.int32)
    accepted: dict[Kind, Int32] = {
        "opening": nobody if accepted_opening is None else accepted_opening,
        "post": nobody if accepted_post is None else accepted_post,
        "programme": nobody if accepted_programme is None else accepted_programme,
    }
    # One person holds an opening or a post; of two accepted ones the opening stays.
    accepted["post"] = np.where(accepted["opening"] >= 0, -1, accepted["post"]).astype(np.int32)

    with watch.step("rules"):
        may_work = rules.compile(people, openings)
        evidence = no_local_option(may_work, people, openings)
        judged: dict[Kind, Eligibility] = {
            "opening": may_work,
            "post": rules.compile(people, posts, evidence=evidence),
            "programme": rules.compile(people, programmes),
        }
    with watch.step("texts"):
        mine = text.embed(people.text)
        sides: dict[Kind, _Side] = {
            kind: _side(kind, people, targets, judged[kind], accepted[kind], mine=mine, model=model, today=today)
            for kind, targets in (("opening", openings), ("post", posts), ("programme", programmes))
        }
    lists = policy.lists
    with watch.step("candidates"):
        pairs_of = {
            "opening": _candidates(
                sides["opening"], lists.candidates_by_score, lists.candidates_by_price, seed=seed
            ),
            "post": _candidates(sides["post"], lists.posts, 2 * lists.posts, seed=seed),
        }
    with watch.step("maximum flow"):
        priorities = Priorities.of(
            people.household_id,
            zero_employment=people.zero_employment,
            monitored=people.monitored,
            low_income=people.low_income,
        )
        held = _posts_by_household(priorities, posts_held)
        servable, already = _servable(sides, priorities, held=held, quota=rules.limits.posts_per_household)
        m = len(openings)
        for kind, rows in (("opening", servable.target < m), ("post", servable.target >= m)):
            offset = 0 if kind == "opening" else m
            pairs_of[kind] = _with_pairs(pairs_of[kind], servable.person[rows], servable.target[rows] - offset)
    with watch.step("rank"):
        scored, worth = {}, {}
        for kind, (person, target) in pairs_of.items():
            scored[kind], worth[kind] = sides[kind].scorer.score(person, target)
    with watch.step("allot"):
        plan, scored, worth = _allot(
            sides, scored, worth, priorities=priorities, held=held, quota=rules.limits.posts_per_household
        )
    opening_of = np.where((plan.target_of >= 0) & (plan.target_of < m), plan.target_of, -1).astype(np.int32)
    post_of = np.where(plan.target_of >= m, plan.target_of - m, -1).astype(np.int32)

    with watch.step("programmes"):
        gains = _gains(
            people, openings, programmes, sides, scored["opening"], worth["opening"], rules=rules, model=model,
            policy=policy, today=today,
        )  # fmt: skip
        seats = _seat(
            sides["programme"], gains, priorities=priorities,
            barred=None if rules.limits.seat_beside_job else plan.target_of >= 0,
        )  # fmt: skip
        programme_of = np.where(sides["programme"].accepted >= 0, sides["programme"].accepted, seats.target_of).astype(
            np.int32
        )
    with watch.step("reasons"):
        no_local = evidence.no_local_option if evidence.no_local_option is not None else np.full(n, -1, np.int8)
        result_lists: dict[Kind, Lists] = {
            "opening": _opening_lists(sides["opening"], scored["opening"], opening_of, plan.first_job, policy=policy),
            "post": _post_lists(sides["post"], scored["post"], post_of, plan.first_job, no_local == 1, policy=policy),
            "programme": _programme_lists(sides["programme"], gains, programme_of, people, programmes, policy=policy),
        }
    with watch.step("shortfalls"):
        open_counts = may_work.counts(among=openings.vacancies > 0)
        post_counts = judged["post"].counts(among=posts.vacancies > 0)
        shortfalls = find_shortfalls(
            np.flatnonzero(plan.target_of < 0),
            openings=may_work,
            posts=judged["post"],
            vacancies=openings.vacancies,
            post_vacancies=posts.vacancies,
            open_counts=open_counts,
            post_counts=post_counts,
            wish_scope=people.wish_scope,
            needed_scope=np.minimum(openings.channel, 2).astype(np.int8),
            quota_full=_quota_full(priorities, held, post_of, rules.limits.posts_per_household),
        )
    zero = priorities.tiers[:, 0]
    counts = Counts(
        willing=n,
        with_eligible_opening=int((open_counts > 0).sum()),
        with_eligible_post=int((post_counts > 0).sum()),
        with_recommendation=_reached(result_lists, n),
        zero_employment_households=int(zero.sum()),
        zero_employment_placed=plan.households_placed[0],
        zero_employment_max_flow=servable.count + already,
        priority_households=int(priorities.tiers[:, 1].sum()),
        priority_placed=plan.households_placed[1],
        vacancies=int(openings.vacancies.sum()),
        vacancies_filled=int((opening_of >= 0).sum()),
        posts=int(posts.vacancies.sum()),
        posts_filled=int((post_of >= 0).sum()),
        seats=int(programmes.seats.sum()),
        seats_filled=int((programme_of >= 0).sum()),
        placed=int((plan.target_of >= 0).sum()),
    )
    return Result(
        lists=result_lists,
        opening_of=opening_of,
        post_of=post_of,
        programme_of=programme_of,
        first_job=plan.first_job,
        no_local_option=no_local == 1,
        shortfalls=shortfalls,
        counts=counts,
        plan=plan,
        seats=seats,
        model=model,
        rule_set_version=rules.version,
        seconds=watch.seconds,
    )
