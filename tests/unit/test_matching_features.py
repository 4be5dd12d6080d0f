"""Features: the matrix of pairs, the additive score, the text."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from matching.features import (
    DIRECTIONS,
    FEATURE_NAMES,
    FEATURES,
    SCORE_UNIT,
    AdditiveWeights,
    TextVectors,
    additive,
    as_openings,
    fit_text,
    on_grid,
    pair_features,
)
from matching.records import Openings, People
from schema.distance import great_circle_km, load_distances
from tests.markets import (
    pairs_of,
    random_openings,
    random_people,
    random_posts,
    random_programmes,
    some_opening,
    somebody,
)

TODAY = date(2026, 6, 15)
HOME = 530627100201


def vectors_of(people: People, targets: Any) -> TextVectors:
    return fit_text(targets.text, people.text, dims=8).vectors(people.text, targets.text)


def features_of(people: People, targets: Any, i: Any, j: Any, **options: Any) -> Any:
    options = {"vectors": vectors_of(people, targets), "today": TODAY} | options
    x, names = pair_features(people, targets, i, j, **options)
    assert names == FEATURE_NAMES
    return x


def one(person: People, opening: Any) -> dict[str, float]:
    x = features_of(person, opening, np.array([0]), np.array([0]))
    return dict(zip(FEATURE_NAMES, x[0].tolist(), strict=True))


def changed(columns: Any, **values: Any) -> Any:
    return replace(columns, **{k: np.array([v], dtype=getattr(columns, k).dtype) for k, v in values.items()})


PERSON = somebody(
    born_on="1990-06-15", living_region=HOME, wish_wage=4000, wish_scope=0, wish_occupation=6180204,
    former_occupation=6180101, skill_level=1, skill_occupation=6180204, education=2, accepts_night_shift=0,
    labour_ability=1, health=0, cannot_leave_home=0, away_months=6, low_income=1, household_in_work=0,
    zero_employment=1, monitored=0,
)  # fmt: skip
OPENING = some_opening(
    wage_low=4000, wage_high=6000, occupation=6180205, education_min=1, age_max=45, skill_level_min=0, heavy_labour=1,
    night_shift=1, lodging=1, social_insurance=1, piece_wage=0, vacancies=3, term_months=12,
)  # fmt: skip


def test_a_pair_by_hand():
    x = one(PERSON, OPENING)
    expected = {
        "wage_yuan": 5000, "wish_wage_yuan": 4000, "wage_over_wish": 0.25, "distance_km": 6, "same_county": 1,
        "scope_excess": 0, "wish_scope": 0, "wish_closeness": 3, "former_closeness": 2, "skill_closeness": 3,
        "skill_margin": 1, "skill_level": 2, "education": 2, "education_margin": 1, "age_years": 36,
        "years_to_age_max": 9, "heavy_labour": 1, "heavy_strain": 1, "night_shift": 1, "night_unwanted": 1,
        "lodging": 1, "lodging_away": 0, "social_insurance": 1, "piece_wage": 0, "channel": 0, "away": 0,
        "away_months": 6, "away_experience": 0, "tied_but_away": 0, "labour_ability": 1, "health": 0,
        "household_in_work": 0, "zero_employment": 1, "low_income": 1, "monitored": 0, "benefit_at_stake_yuan": 5000,
        "vacancies_log": math.log(4), "term_months": 12,
    }  # fmt: skip
    assert set(expected) == set(FEATURE_NAMES) - {"fit"}
    assert {name: x[name] for name in expected} == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("place", "km"),
    [
        (530627100201, 1), (530627100202, 6), (530627100000, 6), (530627101000, 25), (530627000000, 25),
        (530621100000, 80), (530600000000, 80), (0, math.nan), (110101001000, math.nan),
    ],
)  # fmt: skip
def test_distance_by_the_level_shared(place, km):
    assert one(PERSON, changed(OPENING, region=place))["distance_km"] == pytest.approx(km, nan_ok=True)


def test_distance_to_another_prefecture_is_by_road_between_points():
    shanghai = one(PERSON, changed(OPENING, region=310115000000, channel=2))
    distances = load_distances()
    straight = great_circle_km(distances.points[5306], distances.points[3100])
    assert 1700 < straight < 1900
    assert shanghai["distance_km"] == pytest.approx(straight * distances.detour, rel=1e-5)
    assert shanghai["same_county"] == 0
    assert shanghai["scope_excess"] == 2
    assert shanghai["lodging_away"] == 1
    assert shanghai["away_experience"] == 0.5


def test_two_people_known_by_their_county_only_share_no_village():
    coarse = changed(PERSON, living_region=530627000000)
    assert one(coarse, changed(OPENING, region=530627000000))["distance_km"] == 25


MOVES = [
    # (feature, what changes, the lesser and the greater value): the greater is better for the person or the fit
    ("wage_yuan", OPENING, {"wage_low": 4000, "wage_high": 4000}, {"wage_low": 5000, "wage_high": 5000}),
    ("wage_over_wish", OPENING, {"wage_low": 4000, "wage_high": 4000}, {"wage_low": 5000, "wage_high": 5000}),
    ("benefit_at_stake_yuan", OPENING, {"wage_low": 4000, "wage_high": 4000}, {"wage_low": 5000, "wage_high": 5000}),
    ("distance_km", OPENING, {"region": 530621100000}, {"region": 530627100000}),
    ("same_county", OPENING, {"region": 530621100000}, {"region": 530627100000}),
    ("scope_excess", OPENING, {"channel": 3}, {"channel": 0}),
    ("wish_closeness", OPENING, {"occupation": 4020507}, {"occupation": 6180204}),
    ("former_closeness", OPENING, {"occupation": 4020507}, {"occupation": 6180101}),
    ("skill_closeness", OPENING, {"occupation": 4020507}, {"occupation": 6180204}),
    ("skill_margin", OPENING, {"skill_level_min": 1}, {"skill_level_min": 0}),
    ("heavy_strain", OPENING, {"heavy_labour": 1}, {"heavy_labour": 0}),
    ("night_unwanted", OPENING, {"night_shift": 1}, {"night_shift": 0}),
    ("lodging", OPENING, {"lodging": 0}, {"lodging": 1}),
    ("lodging_away", changed(OPENING, channel=2), {"lodging": 0}, {"lodging": 1}),
    ("social_insurance", OPENING, {"social_insurance": 0}, {"social_insurance": 1}),
    ("tied_but_away", OPENING, {"channel": 2}, {"channel": 0}),
]


@pytest.mark.parametrize(("name", "opening", "worse", "better"), MOVES, ids=[move[0] for move in MOVES])
def test_features_with_a_direction_move_that_way(name, opening, worse, better):
    person = changed(PERSON, cannot_leave_home=1)
    low, high = one(person, changed(opening, **worse))[name], one(person, changed(opening, **better))[name]
    assert (high - low) * DIRECTIONS[FEATURE_NAMES.index(name)] > 0


def test_every_direction_is_tested():
    directed = {feature.name for feature in FEATURES if feature.direction}
    assert directed == {move[0] for move in MOVES} | {"fit"}


@pytest.mark.parametrize(
    ("who", "strain"),
    [
        ({"labour_ability": 2, "health": 0}, 0.0),
        ({"labour_ability": 1, "health": 0}, 1.0),
        ({"labour_ability": 2, "health": 1}, 0.5),
        ({"labour_ability": -1, "health": 2}, 1.0),
        ({"labour_ability": 2, "health": 0, "disability_level": 1}, 0.6),
        ({"labour_ability": -1, "health": -1}, math.nan),
    ],
)
def test_heavy_labour_strains_the_weak(who, strain):
    assert one(changed(PERSON, **who), OPENING)["heavy_strain"] == pytest.approx(strain, nan_ok=True)
    assert one(changed(PERSON, **who), changed(OPENING, heavy_labour=0))["heavy_strain"] == 0


def test_fit_is_the_likeness_of_the_texts():
    people, openings = somebody(), some_opening()
    texts = ["焊工 打磨焊缝", "保洁 打扫卫生", "焊工"]
    model = fit_text(texts, texts, dims=3)
    near = model.vectors(["焊工"], ["焊工 打磨焊缝"])
    far = model.vectors(["焊工"], ["保洁 打扫卫生"])
    nothing = model.vectors([""], ["焊工"])
    at = FEATURE_NAMES.index("fit")
    zero = np.array([0])
    likeness = [features_of(people, openings, zero, zero, vectors=v)[0, at] for v in (near, far)]
    assert likeness[0] > likeness[1] + 0.3
    assert np.isnan(features_of(people, openings, zero, zero, vectors=nothing)[0, at])


def test_known_values_are_finite_and_unknown_ones_missing():
    people, openings = random_people(200, unknown=0.0), random_openings(50, unknown=0.0)
    x = features_of(people, openings, *pairs_of(200, 50))
    assert x.dtype == np.float32
    assert not np.isinf(x).any()
    always = [FEATURE_NAMES.index(n) for n in ("wage_yuan", "distance_km", "scope_excess", "age_years", "heavy_strain")]
    assert np.isfinite(x[:, always]).all()
    blank = features_of(random_people(20, unknown=1.0), random_openings(20, unknown=1.0), *pairs_of(20, 20))
    assert not np.isinf(blank).any()
    for name in ("wage_yuan", "wage_over_wish", "age_years", "night_shift", "scope_excess", "lodging", "education"):
        assert np.isnan(blank[:, FEATURE_NAMES.index(name)]).all(), name


def test_pairs_do_not_depend_on_each_other(monkeypatch):
    from matching.features import pairs as module

    people, openings = random_people(70, 3), random_openings(30, 3)
    i, j = pairs_of(70, 30)
    whole = features_of(people, openings, i, j)
    monkeypatch.setattr(module, "_CHUNK", 100)
    order = np.random.default_rng(0).permutation(len(i))
    assert np.array_equal(features_of(people, openings, i[order], j[order]), whole[order], equal_nan=True)


def test_a_past_offer_is_reckoned_on_its_own_day():
    people = random_people(3, unknown=0.0)
    people = replace(people, born_on=np.array(["1990-06-15"] * 3, dtype="datetime64[D]"))
    days = np.array(["2020-06-14", "2020-06-15", "NaT"], dtype="datetime64[D]")
    x = features_of(people, random_openings(3), np.arange(3), np.arange(3), today=days)
    assert np.array_equal(x[:, FEATURE_NAMES.index("age_years")], [29, 30, np.nan], equal_nan=True)


@pytest.mark.parametrize("make", [random_posts, random_programmes])
def test_posts_and_programmes_have_the_same_columns(make):
    people, targets = random_people(40), make(10)
    x = features_of(people, targets, *pairs_of(40, 10))
    assert x.shape == (400, len(FEATURES))
    assert (x[:, FEATURE_NAMES.index("away")] == 0).all()
    openings = as_openings(targets)
    assert isinstance(openings, Openings)
    assert all(value is None or len(value) == 10 for value in (getattr(openings, f.name) for f in fields(openings)))


@pytest.mark.parametrize(("n", "m"), [(0, 5), (5, 0), (0, 0)])
def test_nobody_or_nothing(n, m):
    people, openings = random_people(n), random_openings(m)
    vectors = vectors_of(people, openings)
    none = np.zeros(0, dtype=np.int64)
    assert features_of(people, openings, none, none, vectors=vectors).shape == (0, len(FEATURES))
    mine, theirs = additive(people, openings, vectors=vectors)
    assert (mine.shape, theirs.shape) == ((n, 39), (m, 39))


def test_vectors_of_others_are_refused():
    people, openings = random_people(3), random_openings(4)
    wrong = TextVectors(np.zeros((2, 8), dtype=np.float32), np.zeros((4, 8), dtype=np.float32))
    for use in (
        lambda: pair_features(people, openings, np.zeros(1, int), np.zeros(1, int), vectors=wrong, today=TODAY),
        lambda: additive(people, openings, vectors=wrong),
    ):
        with pytest.raises(ValueError, match="other people or targets"):
            use()


def test_nothing_latent_and_nothing_of_the_audit_is_a_feature():
    people, openings = random_people(60, 2), random_openings(20, 2)
    i, j = pairs_of(60, 20)
    other = replace(
        people,
        nationality=people.nationality[::-1].copy(),
        person_id=people.person_id + 99,
        household_id=people.household_id + 99,
        registered_region=people.registered_region[::-1].copy(),
    )
    assert np.array_equal(features_of(people, openings, i, j), features_of(other, openings, i, j), equal_nan=True)
    vectors = vectors_of(people, openings)
    assert (additive(people, openings, vectors=vectors)[0] == additive(other, openings, vectors=vectors)[0]).all()


# ------------------------------------------------------------------------------------------------- the additive score


def score_of(person: People, opening: Any, **weights: float) -> float:
    vectors = vectors_of(person, opening)
    mine, theirs = additive(person, opening, vectors=vectors, weights=replace(AdditiveWeights(), **weights))
    return float((mine @ theirs.T)[0, 0])


def test_the_product_is_exact_in_float32_however_it_is_cut():
    people, openings = random_people(150, 1), random_openings(90, 1)
    mine, theirs = additive(people, openings, vectors=vectors_of(people, openings))
    exact = mine.astype(np.float64) @ theirs.astype(np.float64).T
    assert ((mine @ theirs.T).astype(np.float64) == exact).all()
    assert (exact / SCORE_UNIT == np.rint(exact / SCORE_UNIT)).all()
    assert (np.einsum("id,jd->ij", mine[:, ::-1], theirs[:, ::-1]) == exact).all()
    assert np.isfinite(exact).all()


def test_rows_that_are_too_long_are_shortened_and_odd_values_count_as_nothing():
    rows = on_grid(np.array([[100.0, 0.0], [3.0, 1.0], [np.nan, 1.0], [np.inf, -0.5]]))
    assert rows.tolist() == [[4.0, 0.0], [3.0, 1.0], [0.0, 1.0], [0.0, -0.5]]


@pytest.mark.parametrize(("name", "opening", "worse", "better"), MOVES, ids=[move[0] for move in MOVES])
def test_what_is_better_scores_higher(name, opening, worse, better):
    if name in {"lodging", "skill_margin", "skill_closeness"}:
        opening, worse, better = changed(opening, channel=1, region=530621100000), {"lodging": 0}, {"lodging": 1}
    # Both openings in one market, so that both lie in the same low-rank directions.
    person = changed(PERSON, cannot_leave_home=1)
    bad, good = changed(opening, **worse), changed(opening, **better)
    both = Openings(**{f.name: np.concatenate([getattr(bad, f.name), getattr(good, f.name)]) for f in fields(bad)})
    mine, theirs = additive(person, both, vectors=vectors_of(person, both))
    low, high = (mine @ theirs.T)[0]
    assert high > low


def test_a_better_wage_is_worth_more_to_whoever_wishes_for_more():
    person = changed(PERSON, wish_wage=7000)
    raised = [
        score_of(who, changed(OPENING, wage_low=w, wage_high=w)) for who in (PERSON, person) for w in (6000, 8000)
    ]
    assert raised[3] - raised[2] > raised[1] - raised[0]


def test_closeness_survives_the_low_rank():
    people, openings = random_people(300, 4, unknown=0.0), random_openings(100, 4, unknown=0.0)
    # Some are known by their county only, on both sides: they share the county and nothing finer.
    people.living_region[:40] = 530627000000
    openings.region[:20] = 530627000000
    vectors = TextVectors(np.zeros((300, 1), dtype=np.float32), np.zeros((100, 1), dtype=np.float32))
    only = dict.fromkeys((f.name for f in fields(AdditiveWeights)), 0.0) | {"typical_wish_yuan": 3500.0}
    mine, theirs = additive(people, openings, vectors=vectors, weights=AdditiveWeights(**(only | {"distance": 0.45})))
    score = mine @ theirs.T
    i, j = pairs_of(300, 100)
    km = features_of(people, openings, i, j)[:, FEATURE_NAMES.index("distance_km")].reshape(300, 100)
    km = np.where(km == 1, 6, km)  # villages of one township are one class
    away = (openings.channel > 0).astype(np.float32)[None, :]
    worked_away = (np.nan_to_num(people.away_months) > 0)[:, None]
    expected = -0.45 * np.log1p(km / 20) + 0.15 * away * worked_away
    assert np.abs(score - expected).max() < 0.02


def test_the_longest_rows_still_multiply_exactly():
    rng = np.random.default_rng(0)
    mine, theirs = on_grid(rng.normal(0, 9, (300, 64))), on_grid(rng.normal(0, 9, (300, 64)))
    for rows in (mine, theirs):
        assert np.linalg.norm(rows.astype(np.float64), axis=1).max() <= 4
    theirs[:, :] = mine  # the largest products there can be
    assert ((mine @ theirs.T).astype(np.float64) == mine.astype(np.float64) @ theirs.astype(np.float64).T).all()


# ------------------------------------------------------------------------------------------------------------ texts


def test_text_is_the_same_twice_and_of_unit_length():
    texts = [f"{a}{b}" for a in ("焊工", "缝纫工", "保洁", "快递") for b in ("", " 夜班", " 计件", "，持证")]
    one, other = fit_text(texts, texts[:3], dims=6, seed=4), fit_text(texts, texts[:3], dims=6, seed=4)
    assert (one.components == other.components).all()
    lengths = np.linalg.norm(one.embed([*texts, "", "。。！ 123"]), axis=1)
    assert lengths[:-2] == pytest.approx(np.ones(len(texts)), rel=1e-5)
    assert lengths[-2:].tolist() == [0, 0]


@pytest.mark.parametrize("texts", [[], [""], ["焊工"], ["焊工"] * 5, ["？！"]])
def test_few_texts_make_a_model_all_the_same(texts):
    model = fit_text(texts, [], dims=16)
    assert model.dims == 16
    vectors = model.embed(["焊工", "保洁"])
    assert vectors.shape == (2, 16)
    assert np.isfinite(vectors).all()


def test_width_and_case_do_not_matter():
    model = fit_text(["ＣＡＤ 制图员", "保洁 打扫", "焊工 电焊"], [], dims=3)
    one, other = model.embed(["CAD制图员", "ｃａｄ制图员"])
    assert one == pytest.approx(other)


def test_no_dimensions_are_refused():
    with pytest.raises(ValueError, match="dims"):
        fit_text(["焊工"], [], dims=0)
