"""The whole service on made-up columns: priorities, lists, plans, reasons, and every empty or odd market."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from matching.model import FeatureMismatchError
from matching.pipeline import Commitments, Result, recommend
from matching.pipeline.programmes import list_value
from matching.pipeline.shortfall import binding_rules
from matching.records import History, Openings, People, Posts, Programmes, Verdict
from matching.rules import Rules, compile_rules, no_local_option
from schema.ranking import load_ranking
from schema.ruleset import load_ruleset

TODAY = date(2026, 6, 15)
POLICY = load_ranking()
TOWNSHIPS = 530627000000 + 1000 * np.arange(1, 7, dtype=np.int64)
FAR = np.array([530627001000, 530103001000, 310101002000, 440103001000], dtype=np.int64)
TRADES = np.array([6310502, 6050201, 4030201, 6310103], dtype=np.int32)
WORDS = ["包装工", "缝纫工", "餐厅服务员", "电工"]


@pytest.fixture(scope="module")
def rules() -> Rules:
    """The rules that ship with the program."""
    return compile_rules(load_ruleset(), today=TODAY)


def texts(words: list[str]) -> np.ndarray:
    column = np.empty(len(words), dtype=object)
    column[:] = words
    return column


def make_people(rng: np.random.Generator, n: int) -> People:
    def some(values: list[int]) -> np.ndarray:
        return rng.choice(values, n).astype(np.int8)

    trade, age = rng.integers(0, 4, n), rng.integers(17, 60, n)
    household = rng.integers(0, max(n * 2 // 3, 1), n).astype(np.int64)
    zero = rng.random(n + 1) < 0.5
    return People(
        person_id=np.arange(1, n + 1, dtype=np.int64), household_id=household,
        registered_region=rng.choice(TOWNSHIPS, n) + 1, living_region=rng.choice(TOWNSHIPS, n) + 1,
        born_on=np.datetime64(TODAY, "D") - (age * 365 + 100).astype("timedelta64[D]"),
        retires_on=np.datetime64(TODAY, "D") + ((61 - age) * 365).astype("timedelta64[D]"),
        education=some([-1, 0, 1, 2, 2, 3, 5]), skill_level=some([-1, -1, -1, 0, 1]), skill_occupation=TRADES[trade],
        labour_ability=some([-1, 1, 2, 2, 2]), health=some([-1, 0, 0, 1, 2, 3]), disability_level=some([-1]),
        cannot_leave_home=some([-1, 0, 0, 1]), accepts_night_shift=some([-1, 0, 1]), wish_scope=some([-1, 0, 1, 2]),
        wish_occupation=TRADES[rng.integers(0, 4, n)],
        wish_wage=np.where(rng.random(n) < 0.9, rng.normal(3600, 600, n), np.nan).astype(np.float32),
        former_occupation=np.where(rng.random(n) < 0.5, TRADES[rng.integers(0, 4, n)], 0).astype(np.int32),
        away_months=rng.integers(0, 12, n).astype(np.float32), monitored=some([0, 0, 1]), poverty_exited=some([0, 1]),
        low_income=some([0, 0, 1]), household_in_work=np.where(zero[household], 0, 1).astype(np.int8),
        zero_employment=zero[household].astype(np.int8), holds_post=some([0, 0, 0, 1]),
        nationality=some(list(range(1, 57))), text=texts([WORDS[t] for t in trade]),
    )  # fmt: skip


def make_openings(rng: np.random.Generator, m: int, *, vacancies: int = 3) -> Openings:
    def some(values: list[int]) -> np.ndarray:
        return rng.choice(values, m).astype(np.int8)

    trade, channel = rng.integers(0, 4, m), some([0, 0, 1, 2, 3])
    low = rng.normal(3300, 500, m).astype(np.float32)
    return Openings(
        target_id=np.arange(101, m + 101, dtype=np.int64),
        region=np.where(channel == 0, rng.choice(TOWNSHIPS, m), FAR[channel]), occupation=TRADES[trade],
        wage_low=low, wage_high=low * np.float32(1.2), vacancies=rng.integers(0, vacancies + 1, m).astype(np.int32),
        education_min=some([-1, -1, 1, 2, 3]), age_min=some([-1, 18]), age_max=some([-1, 45, 55]),
        skill_level_min=some([-1, -1, -1, 0, 1]), skill_occupation=TRADES[trade], heavy_labour=some([0, 0, 1]),
        night_shift=some([0, 0, 1]), lodging=some([0, 1]), social_insurance=some([0, 1]), piece_wage=some([0, 1]),
        channel=channel, text=texts([WORDS[t] + " 负责" + WORDS[t] for t in trade]),
        term_months=rng.choice([0, 12, 24], m).astype(np.int32),
    )  # fmt: skip


def make_posts(rng: np.random.Generator, m: int) -> Posts:
    return Posts(
        target_id=np.arange(501, m + 501, dtype=np.int64), region=rng.choice(TOWNSHIPS, m),
        vacancies=rng.integers(0, 3, m).astype(np.int32), wage=np.full(m, 900, np.float32),
        heavy_labour=np.zeros(m, np.int8), forestry=np.zeros(m, np.int8), term_months=np.full(m, 36, np.int32),
        text=texts(["保洁员"] * m),
    )  # fmt: skip


def make_programmes(rng: np.random.Generator, m: int) -> Programmes:
    trade = rng.integers(0, 4, m)
    return Programmes(
        target_id=np.arange(801, m + 801, dtype=np.int64), region=np.full(m, 530627000000), occupation=TRADES[trade],
        seats=rng.integers(0, 8, m).astype(np.int32), education_min=np.full(m, -1, np.int8),
        age_min=np.full(m, -1, np.int8), age_max=np.full(m, -1, np.int8),
        skill_level=rng.choice([-1, 0, 1], m).astype(np.int8), certificate_kind=np.full(m, 2, np.int8),
        days=np.full(m, 15, np.int32), starts_on=np.full(m, np.datetime64("2026-07-01")),
        text=texts([WORDS[t] for t in trade]),
    )  # fmt: skip


def make_history(rng: np.random.Generator, h: int) -> History:
    people, openings = make_people(rng, h), make_openings(rng, h)
    log_odds = (
        -1
        + np.nan_to_num((openings.wage_low - people.wish_wage) / 700)
        + (openings.occupation == people.wish_occupation)
    )
    placed = rng.random(h) < 1 / (1 + np.exp(-log_odds))
    days = np.datetime64("2024-06-01") + np.sort(rng.integers(0, 700, h))
    return History(people, openings, days, placed, np.where(placed, rng.gamma(2, 3, h), np.nan).astype(np.float32))


def market(seed: int, *, people: int = 60, openings: int = 25, vacancies: int = 3, history: int = 0):
    rng = np.random.default_rng(seed)
    return (
        make_people(rng, people), make_openings(rng, openings, vacancies=vacancies), make_posts(rng, 8),
        make_programmes(rng, 5), make_history(rng, history),
    )  # fmt: skip


def run(parts, rules: Rules, **options) -> Result:
    return recommend(*parts, rules=rules, today=TODAY, seed=0, **options)


def eligible(parts, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Dense eligibility of openings and posts, pair by pair."""
    people, openings, posts = parts[:3]
    judged = rules.compile(people, openings)
    evidence = no_local_option(judged, people, openings, within=POLICY.local_within)
    dense = []
    for targets, found in ((openings, judged), (posts, rules.compile(people, posts, evidence=evidence))):
        person, target = np.divmod(np.arange(len(people) * len(targets)), max(len(targets), 1))
        dense.append(found.eligible(person, target).reshape(len(people), len(targets)))
    return dense[0], dense[1]


def most_households(parts, rules: Rules) -> int:
    """The maximum flow by scipy over every eligible pair."""
    people, openings, posts = parts[:3]
    allowed = np.hstack(eligible(parts, rules))
    capacity = np.concatenate([openings.vacancies, posts.vacancies])
    keys = np.where(people.household_id > 0, people.household_id, -1 - np.arange(len(people)))
    houses, house = np.unique(keys[people.zero_employment == 1], return_inverse=True)
    n, m = len(houses), len(capacity)
    matrix = np.zeros((n + m + 2, n + m + 2), dtype=np.int32)
    for row, h in zip(allowed[people.zero_employment == 1], house, strict=True):
        matrix[1 + h, n + 1 : n + 1 + m] |= row
    matrix[0, 1 : n + 1] = 1
    matrix[n + 1 : n + 1 + m, -1] = capacity
    return int(maximum_flow(csr_matrix(matrix), 0, n + m + 1).flow_value)


def check(result: Result, parts, rules: Rules) -> None:
    """What holds of every result."""
    people, openings, posts, programmes, _ = parts
    n = len(people)
    jobs, welfare = eligible(parts, rules)
    assert ((result.opening_of < 0) | (result.post_of < 0)).all()
    rows = np.arange(n)
    for target_of, allowed, places, kind, most in (
        (result.opening_of, jobs, openings.vacancies, "opening", 10),
        (result.post_of, welfare, posts.vacancies, "post", 5),
        (result.programme_of, None, programmes.seats, "programme", 5),
    ):
        placed = target_of >= 0
        if allowed is not None:
            assert allowed[rows[placed], target_of[placed]].all()
        assert (np.bincount(target_of[placed], minlength=len(places)) <= places).all()
        lists = result.lists[kind]
        ranking = lists.ranking
        sizes = np.diff(ranking.indptr)
        assert ranking.indptr.shape == (n + 1,)
        assert sizes.max(initial=0) <= most
        owner = np.repeat(rows, sizes)
        if allowed is not None:
            assert allowed[owner, ranking.target_row].all()
        assert (np.diff(ranking.score)[np.diff(owner) == 0] <= 0).all()
        assert np.isfinite(ranking.score).all()
        assert ((ranking.probability >= 0) & (ranking.probability <= 1)).all()
        assert np.bincount(owner[ranking.allocated], minlength=n).tolist() == placed.astype(int).tolist()
        assert (ranking.target_row[ranking.allocated] == target_of[owner[ranking.allocated]]).all()
        assert lists.reasons.code.shape[0] == lists.note.shape[0] == len(ranking.target_row)
    nothing = set(np.flatnonzero((result.opening_of < 0) & (result.post_of < 0)).tolist())
    assert {shortfall.person_row for shortfall in result.shortfalls} == nothing
    assert len(result.shortfalls) == len(nothing)
    counts = result.counts
    assert counts.willing == n
    assert counts.with_eligible_opening == int((jobs & (openings.vacancies > 0)).any(axis=1).sum())
    assert counts.zero_employment_placed == counts.zero_employment_max_flow
    assert int(result.first_job.sum()) == counts.zero_employment_placed
    assert counts.placed == n - len(nothing)


@pytest.mark.parametrize("scenario", ["plenty", "scarce", "skewed"])
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_zero_employment_households_placed_are_the_maximum_flow(rules, scenario, seed):
    parts = market(seed, people=150, openings=40, vacancies={"plenty": 12, "scarce": 2, "skewed": 5}[scenario])
    if scenario == "skewed":  # most vacancies far away and badly paid
        openings = parts[1]
        far = openings.channel > 1
        parts = (
            parts[0],
            dataclasses.replace(
                openings,
                wage_low=np.where(far, 1900, openings.wage_low).astype(np.float32),
                wage_high=np.where(far, 2000, openings.wage_high).astype(np.float32),
                vacancies=np.where(far, 6, np.minimum(openings.vacancies, 1)).astype(np.int32),
            ),
            *parts[2:],
        )
    result = run(parts, rules)
    check(result, parts, rules)
    assert result.counts.zero_employment_max_flow == most_households(parts, rules)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), people=st.integers(1, 40), openings=st.integers(1, 15), vacancies=st.integers(0, 4)
)
def test_any_small_market(seed, people, openings, vacancies):
    rules = compile_rules(load_ruleset(), today=TODAY)
    parts = market(seed, people=people, openings=openings, vacancies=vacancies)
    result = run(parts, rules)
    check(result, parts, rules)
    assert result.counts.zero_employment_max_flow == most_households(parts, rules)


def test_few_candidates_do_not_cost_a_household_its_job(rules):
    """One candidate by score and one by price: what they miss, the witness of the maximum flow brings."""
    parts = market(7, people=120, openings=60, vacancies=1)
    lists = dataclasses.replace(POLICY.lists, candidates_by_score=1, candidates_by_price=1)
    result = run(parts, rules, policy=dataclasses.replace(POLICY, lists=lists))
    check(result, parts, rules)
    assert result.counts.zero_employment_placed == most_households(parts, rules)


def test_nobody_goes_without_while_a_vacancy_they_may_have_is_free(rules):
    parts = market(8, people=120, openings=60, vacancies=2)
    lists = dataclasses.replace(POLICY.lists, candidates_by_score=1, candidates_by_price=1)
    result = run(parts, rules, policy=dataclasses.replace(POLICY, lists=lists))
    free = parts[1].vacancies - np.bincount(result.opening_of[result.opening_of >= 0], minlength=60)
    idle = (result.opening_of < 0) & (result.post_of < 0)
    assert idle.any()
    assert not eligible(parts, rules)[0][np.ix_(idle, free > 0)].any()


def test_the_same_input_gives_the_same_result(rules):
    first, second = (run(market(3, history=3000), rules) for _ in range(2))
    assert first.model.kind == "trees"
    assert first.model.version == second.model.version
    for kind in ("opening", "post", "programme"):
        for name in ("indptr", "target_row", "score", "probability", "allocated"):
            np.testing.assert_array_equal(
                getattr(first.lists[kind].ranking, name), getattr(second.lists[kind].ranking, name)
            )
        np.testing.assert_array_equal(first.lists[kind].reasons.code, second.lists[kind].reasons.code)
    assert first.shortfalls == second.shortfalls
    assert first.counts == second.counts


def test_nationality_changes_nothing_and_sex_is_no_column(rules):
    parts = market(4)
    assert not {field.name for field in dataclasses.fields(People)} & {"sex", "gender", "name"}
    swapped = dataclasses.replace(parts[0], nationality=parts[0].nationality[::-1].copy())
    first, second = run(parts, rules), run((swapped, *parts[1:]), rules)
    np.testing.assert_array_equal(first.lists["opening"].ranking.score, second.lists["opening"].ranking.score)
    np.testing.assert_array_equal(first.opening_of, second.opening_of)
    np.testing.assert_array_equal(first.programme_of, second.programme_of)


@pytest.mark.parametrize("history", [0, 4000])
def test_a_better_paid_opening_never_scores_lower(rules, history):
    parts = market(5, history=history)
    model = run(parts, rules).model
    openings = parts[1]
    better = dataclasses.replace(
        openings, wage_low=openings.wage_low * np.float32(1.3), wage_high=openings.wage_high * np.float32(1.3)
    )
    before, after = (_all_scores((parts[0], o), model) for o in (openings, better))
    assert (after >= before - 1e-3 * before).all()
    assert (after > before).mean() > 0.9


@pytest.mark.parametrize("history", [0, 4000])
def test_a_nearer_opening_never_scores_lower(rules, history):
    """The same local opening in the person's own village instead of another county of the prefecture."""
    parts = market(6, history=history)
    model = run(parts, rules).model
    people = parts[0].take(parts[0].living_region == parts[0].living_region[0])
    openings = dataclasses.replace(parts[1], channel=np.zeros(len(parts[1]), np.int8))
    far, near = (
        dataclasses.replace(openings, region=np.full(len(openings), region, dtype=np.int64))
        for region in (530628001001, int(people.living_region[0]))
    )
    before, after = (_all_scores((people, o), model) for o in (far, near))
    assert (after >= before).all()
    assert (after > before).mean() > 0.9


def _all_scores(parts, model) -> np.ndarray:
    from matching.pipeline import Scorer

    people, openings = parts
    person, target = np.divmod(np.arange(len(people) * len(openings)), len(openings))
    vectors = model.text.vectors(people.text, openings.text)
    return Scorer(people, openings, vectors, model, TODAY).score(person, target)[0].score


@pytest.mark.parametrize("empty", ["people", "openings", "posts", "programmes", "everything"])
def test_empty_parts(rules, empty):
    parts = list(market(9, people=30, openings=10))
    for place, name in enumerate(("people", "openings", "posts", "programmes")):
        if empty in (name, "everything"):
            parts[place] = parts[place].take(np.zeros(0, dtype=np.int64))
    result = run(parts, rules)
    check(result, parts, rules)
    if empty == "everything":
        assert result.counts == dataclasses.replace(result.counts, **dict.fromkeys(result.counts.__slots__, 0))
    if empty == "openings":
        assert {s.code for s in result.shortfalls if s.stage == "eligibility"} <= {"no_opening"}


@pytest.mark.parametrize("vacancies", [0, 1, 10**6])
def test_vacancies_from_none_to_a_million(rules, vacancies):
    parts = list(market(10))
    parts[1] = dataclasses.replace(parts[1], vacancies=np.full(len(parts[1]), vacancies, dtype=np.int32))
    result = run(parts, rules)
    check(result, parts, rules)
    assert result.counts.zero_employment_max_flow == most_households(parts, rules)
    if not vacancies:
        assert result.counts.vacancies_filled == 0


def test_everybody_and_everything_equal(rules):
    parts = list(market(11, people=80, openings=20))
    parts[0] = parts[0].take(np.zeros(80, dtype=np.int64))
    parts[0] = dataclasses.replace(
        parts[0], person_id=np.arange(1, 81), household_id=np.arange(1, 81), zero_employment=np.ones(80, np.int8),
        education=np.full(80, 5, np.int8), cannot_leave_home=np.zeros(80, np.int8),
    )  # fmt: skip
    parts[1] = parts[1].take(np.zeros(20, dtype=np.int64))
    parts[1] = dataclasses.replace(parts[1], target_id=np.arange(1, 21), vacancies=np.full(20, 2, dtype=np.int32))
    result = run(parts, rules)
    check(result, parts, rules)
    assert result.counts.zero_employment_max_flow == most_households(parts, rules)


def test_nothing_known_of_anybody(rules):
    parts = list(market(12))
    n, m = len(parts[0]), len(parts[1])
    unknown = {name: np.full(n, -1, np.int8) for name in (
        "education", "skill_level", "labour_ability", "health", "cannot_leave_home", "accepts_night_shift",
        "wish_scope", "monitored", "poverty_exited", "low_income", "zero_employment", "holds_post", "household_in_work",
    )}  # fmt: skip
    nat, nan, zero = np.full(n, np.datetime64("NaT", "D")), np.full(n, np.nan, np.float32), np.zeros(n, np.int32)
    parts[0] = dataclasses.replace(
        parts[0], **unknown, born_on=nat, retires_on=nat, wish_wage=nan, away_months=nan, wish_occupation=zero,
        former_occupation=zero, skill_occupation=zero, living_region=np.zeros(n, np.int64), text=texts([""] * n),
    )  # fmt: skip
    parts[1] = dataclasses.replace(
        parts[1], wage_low=np.full(m, np.nan, np.float32), wage_high=np.full(m, np.nan, np.float32),
        occupation=np.zeros(m, np.int32), text=texts([""] * m),
    )  # fmt: skip
    result = run(parts, rules)
    check(result, parts, rules)


def test_a_model_of_other_features_is_refused(rules):
    parts = market(13)
    model = run(parts, rules).model
    other = dataclasses.replace(model, feature_names=("something", *model.feature_names[1:]))
    with pytest.raises(FeatureMismatchError):
        run(parts, rules, model=other)
    with pytest.raises(FeatureMismatchError):
        run(parts, rules, model=dataclasses.replace(model, text=None))


def test_accepted_offers_stay(rules):
    parts = market(14)
    people, openings, posts, programmes, _ = parts
    jobs, _ = eligible(parts, rules)
    free = run(parts, rules)
    opening = np.full(len(people), -1, dtype=np.int32)
    choices = [(p, t) for p, t in zip(*np.nonzero(jobs & (openings.vacancies > 0)), strict=True)
               if free.opening_of[p] != t]  # fmt: skip
    person, target = (int(v) for v in choices[0])
    opening[person] = target
    programme = np.full(len(people), -1, dtype=np.int32)
    programme[person] = int(np.argmax(programmes.seats))
    result = run(parts, rules, commitments=Commitments(opening=opening, programme=programme))
    check(result, parts, rules)
    assert result.opening_of[person] == target
    assert result.programme_of[person] == programme[person]
    assert len(posts)


def test_a_household_gets_no_more_posts_than_the_rule_allows(rules):
    rng = np.random.default_rng(15)
    n = 40
    people = make_people(rng, n)
    ones, none = np.ones(n, np.int8), np.zeros(n, np.int8)
    people = dataclasses.replace(
        people, household_id=np.arange(n) // 4 + 1, cannot_leave_home=ones, poverty_exited=ones, holds_post=none,
        labour_ability=np.full(n, 2, np.int8), health=none, zero_employment=ones,
        living_region=np.full(n, TOWNSHIPS[0] + 1),
        born_on=np.full(n, np.datetime64("1985-01-01")), retires_on=np.full(n, np.datetime64("2045-01-01")),
    )  # fmt: skip
    posts = dataclasses.replace(
        make_posts(rng, 6), region=np.full(6, TOWNSHIPS[0]), vacancies=np.full(6, 10, dtype=np.int32)
    )
    openings = make_openings(rng, 5).take(np.zeros(0, dtype=np.int64))
    parts = (people, openings, posts, make_programmes(rng, 2), make_history(rng, 0))
    result = run(parts, rules)
    check(result, parts, rules)
    assert rules.limits.posts_per_household == 1
    assert np.bincount(people.household_id[result.post_of >= 0])[1:].tolist() == [1] * 10
    assert result.counts.zero_employment_placed == 10
    assert {shortfall.code for shortfall in result.shortfalls} == {"household_quota"}
    held = np.where(people.household_id <= 3, 1, 0).astype(np.int32)
    fewer = run(parts, rules, commitments=Commitments(posts_held=held))
    assert fewer.counts.posts_filled == 7
    assert fewer.counts.zero_employment_max_flow == fewer.counts.zero_employment_placed == 7


def test_a_seat_beside_a_job_is_a_rule(rules):
    parts = market(16, people=80)
    both = run(parts, rules)
    assert ((both.opening_of >= 0) & (both.programme_of >= 0)).any()
    apart = dataclasses.replace(rules, limits=dataclasses.replace(rules.limits, seat_beside_job=False))
    result = run(parts, apart)
    assert not (((result.opening_of >= 0) | (result.post_of >= 0)) & (result.programme_of >= 0)).any()


def test_a_programme_that_opens_doors_gains_more(rules):
    """One course awards the level that every good opening asks for, the other awards none."""
    rng = np.random.default_rng(17)
    n, m = 20, 12
    people = make_people(rng, n)
    people = dataclasses.replace(
        people, skill_level=np.full(n, -1, np.int8), skill_occupation=np.zeros(n, np.int32),
        education=np.full(n, 5, np.int8), cannot_leave_home=np.zeros(n, np.int8), health=np.zeros(n, np.int8),
        labour_ability=np.full(n, 2, np.int8), accepts_night_shift=np.ones(n, np.int8),
        born_on=np.full(n, np.datetime64("1990-01-01")), retires_on=np.full(n, np.datetime64("2050-01-01")),
    )  # fmt: skip
    openings = make_openings(rng, m)
    skilled = np.arange(m) < 6
    openings = dataclasses.replace(
        openings, occupation=np.where(skilled, TRADES[3], TRADES[0]).astype(np.int32),
        skill_occupation=np.where(skilled, TRADES[3], 0).astype(np.int32),
        skill_level_min=np.where(skilled, 0, -1).astype(np.int8), age_max=np.full(m, -1, np.int8),
        education_min=np.full(m, -1, np.int8), vacancies=np.full(m, 5, dtype=np.int32),
        wage_low=np.where(skilled, 6000, 2500).astype(np.float32),
        wage_high=np.where(skilled, 7000, 2800).astype(np.float32),
        channel=np.zeros(m, np.int8), region=np.full(m, TOWNSHIPS[0]),
    )  # fmt: skip
    programmes = dataclasses.replace(
        make_programmes(rng, 2), occupation=TRADES[[3, 2]], skill_level=np.array([0, 0], np.int8),
        seats=np.array([5, 5], dtype=np.int32),
    )  # fmt: skip
    result = run((people, openings, make_posts(rng, 0), programmes, make_history(rng, 0)), rules)
    lists = result.lists["programme"]
    first = lists.ranking.target_row[lists.ranking.indptr[:-1]]
    assert (first == 0).all()
    opens_doors = lists.ranking.target_row == 0
    assert (lists.ranking.score[opens_doors] > 100).all()
    assert (lists.ranking.probability[opens_doors] > 0).all()
    assert (lists.ranking.score[~opens_doors] < 1).all()
    assert (lists.note[opens_doors, 0] == lists.note_codes.index("unlocks")).all()
    assert (lists.note_figure[opens_doors, 0] == 6).all()
    assert np.bincount(result.programme_of[result.programme_of >= 0], minlength=2).tolist() == [5, 0]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(0, 5))
def test_a_list_is_worth_what_trying_its_chances_in_turn_brings(seed, k):
    rng = np.random.default_rng(seed)
    chance, worth = rng.random((3, k)), rng.random((3, k)) * 1000
    value, any_success = list_value(chance, worth)
    for row in range(3):
        expected = 0.0
        for outcome in itertools.product([True, False], repeat=k):
            p = np.prod([c if hit else 1 - c for c, hit in zip(chance[row], outcome, strict=True)])
            expected += p * max((w for w, hit in zip(worth[row], outcome, strict=True) if hit), default=0.0)
        assert value[row] == pytest.approx(expected)
        assert any_success[row] == pytest.approx(1 - np.prod(1 - chance[row]))


def test_one_chance_more_is_never_worth_less():
    rng = np.random.default_rng(0)
    chance, worth = rng.random((500, 4)), rng.random((500, 4)) * 1000
    more = list_value(np.hstack([chance, rng.random((500, 1))]), np.hstack([worth, rng.random((500, 1)) * 1000]))
    assert (more[0] >= list_value(chance, worth)[0] - 1e-9).all()
    assert (more[1] >= list_value(chance, worth)[1] - 1e-9).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_binding_rule_is_the_one_whose_waiving_opens_most(rules, seed):
    parts = market(seed, people=60, openings=30)
    judged = rules.compile(parts[0], parts[1])
    among = parts[1].vacancies > 0
    rows = np.arange(60)
    codes, binding, opened = binding_rules(judged, rows, among=among)
    person, target = np.divmod(np.arange(60 * 30), 30)
    fails = (judged.verdicts(person, target) == Verdict.FAIL).reshape(len(codes), 60, 30)[:, :, among]
    for row in rows:
        alone = [(fails[rule, row] & (fails[:, row].sum(axis=0) == 1)).sum() for rule in range(len(codes))]
        assert opened[row] == max(alone)
        expected = alone if max(alone) else fails[:, row].sum(axis=1).tolist()
        assert binding[row] == int(np.argmax(expected))


def test_whoever_no_rule_lets_in_hears_which_rule(rules):
    parts = list(market(18))
    n = len(parts[0])
    parts[0] = dataclasses.replace(parts[0], retires_on=np.full(n, np.datetime64("2020-01-01")))
    result = run(parts, rules)
    assert result.counts.with_eligible_opening == 0
    assert {(s.stage, s.code, s.detail["rule"]) for s in result.shortfalls} == {
        ("eligibility", "no_eligible_opening", "working_age")
    }
    assert result.counts.zero_employment_max_flow == 0


def test_who_wishes_to_stay_hears_that_what_is_left_lies_outside(rules):
    parts = list(market(19, people=40))
    n, m = len(parts[0]), len(parts[1])
    parts[0] = dataclasses.replace(
        parts[0], wish_scope=np.zeros(n, np.int8), cannot_leave_home=np.zeros(n, np.int8),
        education=np.full(n, 5, np.int8), labour_ability=np.full(n, 2, np.int8), health=np.zeros(n, np.int8),
    )  # fmt: skip
    parts[1] = dataclasses.replace(
        parts[1], channel=np.full(m, 3, np.int8), region=np.full(m, FAR[3]), vacancies=np.arange(m, dtype=np.int32) % 2,
        education_min=np.full(m, -1, np.int8), age_max=np.full(m, -1, np.int8), skill_level_min=np.full(m, -1, np.int8),
    )  # fmt: skip
    result = run(parts, rules)
    codes = {s.code for s in result.shortfalls if s.stage == "allocation"}
    assert codes == {"outside_wish"}
