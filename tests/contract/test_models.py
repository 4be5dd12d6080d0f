"""What every model keeps to, whatever it was learnt from: the trees and the prior that stands in for them."""

from __future__ import annotations

import dataclasses
import gzip
import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from matching.artifact import ArtifactError, load_model, save_model
from matching.explain import contributions, top_reasons, typical_pair
from matching.model import FeatureMismatchError, Model, Offers, export_forest, train
from schema.ranking import load_ranking, parse_ranking

POLICY = parse_ranking("""
version = "test"
[columns]
wage = "wage"
wish_wage = "wish_wage"
distance = "distance"
lodging = "lodging"
[lists]
openings = 10
posts = 5
programmes = 5
reasons = 3
candidates_by_score = 10
candidates_by_price = 40
programmes_tried = 6
openings_tried = 6
[evidence]
local_within = "county"
[training]
rows_min = 2000
placed_min = 150
months_rows_min = 500
share_calibration = 0.15
share_test = 0.15
trees_max = 60
learning_rate = 0.1
leaves = 16
depth = 5
rows_per_leaf_min = 20
l2 = 1.0
settled_after_days = 30
[worth]
reservation_share = 0.6
softness_yuan_per_month = 400.0
typical_wage_yuan_per_month = 3500.0
typical_distance_km = 100.0
daily_reach_km = 30.0
commute_yuan_per_km_and_month = 12.0
rent_yuan_per_month = 500.0
home_visits_yuan_per_km_and_month = 0.15
horizon_months = 12.0
[prior]
intercept = -1.6
months_kept = 5.0
clip = 3.0
[features]
wage = {reason = "wage", weight = 0.4, centre = 3500.0, scale = 1000.0}
distance = {reason = "distance", weight = -0.5, centre = 200.0, scale = 300.0}
fit = {reason = "skills", weight = 0.6, centre = 0.3, scale = 0.2}
lodging = {reason = "lodging"}
wish_wage = {reason = "person"}
age = {reason = "person"}
""")
NAMES = ("age", "wage", "distance", "fit", "lodging", "wish_wage", "noise")
DIRECTIONS = {"wage": 1, "distance": -1, "fit": 1}
SIGNS = tuple(DIRECTIONS.get(name, 0) for name in NAMES)


def pairs(rng: np.random.Generator, n: int, *, unknown: float = 0.05) -> np.ndarray:
    x = np.stack(
        [
            rng.integers(16, 60, n),
            rng.normal(3500, 900, n),
            rng.exponential(250, n),
            rng.random(n),
            rng.integers(0, 2, n),
            rng.normal(3500, 700, n),
            rng.normal(size=n),
        ],
        axis=1,
    ).astype(np.float32)
    x[rng.random(x.shape) < unknown] = np.nan
    return x


def past(rows: int, seed: int = 0) -> Offers:
    rng = np.random.default_rng(seed)
    x = pairs(rng, rows)
    known = np.nan_to_num(x, nan=0.5)
    log_odds = (
        -2.0 + (known[:, 1] - 3500) / 1200 - known[:, 2] / 500 + 2 * known[:, 3]
        + np.sin(known[:, 0] / 5)
    )  # fmt: skip
    placed = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    months = np.where(placed & (rng.random(rows) < 0.8), rng.gamma(2, 3, rows) + known[:, 3], np.nan)
    days = np.datetime64("2024-06-01") + np.sort(rng.integers(0, 700, rows))
    return Offers(x, NAMES, SIGNS, placed, months.astype(np.float32), days, np.arange(rows, dtype=np.int64) // 8)


@pytest.fixture(scope="module", params=["trees", "prior"])
def model(request: pytest.FixtureRequest) -> Model:
    offers = past(20_000 if request.param == "trees" else 300)
    learnt = train(offers, policy=POLICY, seed=3, today=date(2026, 6, 15))
    assert learnt.kind == request.param
    return learnt


def test_shapes_and_ranges(model: Model):
    x = pairs(np.random.default_rng(1), 5000)
    ranked = model.rank(x, NAMES)
    for column in (ranked.probability, ranked.months, ranked.worth, ranked.surplus):
        assert column.shape == (5000,)
        assert column.dtype == np.float32
        assert np.isfinite(column).all()
    assert ((ranked.probability > 0) & (ranked.probability < 1)).all()
    assert ((ranked.months > 0) & (ranked.months <= POLICY.worth.horizon_months)).all()
    assert (ranked.worth > 0).all()
    assert (ranked.surplus > 0).all()
    np.testing.assert_allclose(ranked.probability, model.probability(x, NAMES))
    assert len(model.rank(x[:0], NAMES).surplus) == 0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), feature=st.sampled_from(sorted(DIRECTIONS)))
def test_nearer_better_paid_and_better_fitting_never_ranks_lower(model: Model, seed: int, feature: str):
    rng = np.random.default_rng(seed)
    x = pairs(rng, 200)
    column = NAMES.index(feature)
    x[np.isnan(x[:, column]), column] = 100.0
    better = x.copy()
    spread = {"wage": 1500, "distance": 400, "fit": 0.6}[feature]
    step = rng.random(200).astype(np.float32) * np.float32(spread) * DIRECTIONS[feature]
    better[:, column] = np.maximum(x[:, column] + step, 0)
    before, after = model.rank(x, NAMES), model.rank(better, NAMES)
    moved = (better[:, column] - x[:, column]) * DIRECTIONS[feature] >= 0
    assert (after.surplus[moved] >= before.surplus[moved]).all()
    assert (after.probability[moved] >= before.probability[moved]).all()


@pytest.mark.parametrize(
    "names",
    [NAMES[:-1], (*NAMES, "more"), NAMES[::-1], tuple("abcdefg")],
    ids=["fewer", "more", "another order", "others"],
)
def test_other_features_are_refused(model: Model, names: tuple[str, ...]):
    x = np.zeros((3, len(names)), np.float32)
    with pytest.raises(FeatureMismatchError):
        model.rank(x, names)
    with pytest.raises(FeatureMismatchError):
        model.probability(x, names)
    with pytest.raises(ArtifactError, match="other features"):
        load_model(save_model(model), feature_names=names)


def test_a_matrix_of_another_width_is_refused(model: Model):
    with pytest.raises(FeatureMismatchError):
        model.rank(np.zeros((3, len(NAMES) + 1), np.float32), NAMES)


def test_contributions_add_up_to_the_score(model: Model):
    x = pairs(np.random.default_rng(2), 3000)
    parts = contributions(model, x, typical=typical_pair(x))
    np.testing.assert_allclose(parts.base + parts.values.sum(axis=1), model.rank(x, NAMES).surplus, rtol=1e-5)
    assert set(parts.codes) == {"wage", "distance", "skills", "lodging", "other"}
    assert not any(code == "person" for code in parts.codes)


def test_a_contribution_moves_the_score_the_way_it_says(model: Model):
    """Putting the leading term back to the typical value takes the score down when it raised it, and up otherwise."""
    x = pairs(np.random.default_rng(4), 500, unknown=0.0)
    typical = typical_pair(x)
    parts = contributions(model, x, typical=typical)
    top = top_reasons(parts, most=1)
    column_of = {"wage": 1, "distance": 2, "skills": 3}
    changed, told = x.copy(), np.zeros(len(x))
    for row in range(len(x)):
        code = parts.codes[top.code[row, 0]] if top.code[row, 0] >= 0 else ""
        if code in column_of:
            changed[row, column_of[code]] = typical[column_of[code]]
            told[row] = top.value[row, 0]
    after = model.rank(changed, NAMES).surplus - model.rank(x, NAMES).surplus
    assert (np.abs(told) > 0).mean() > 0.5
    assert (after[told > 0] <= 1e-3).all()
    assert (after[told < 0] >= -1e-3).all()


def test_what_is_the_persons_own_explains_nothing(model: Model):
    """Two offers to people who differ in age only: the same terms, another base."""
    x = np.tile(np.array([[30, 4000, 100, 0.5, 1, 3500, 0]], np.float32), (2, 1))
    x[1, 0] = 50
    typical = typical_pair(pairs(np.random.default_rng(5), 1000))
    parts = contributions(model, x, typical=typical)
    assert "person" not in parts.codes
    np.testing.assert_allclose(parts.base + parts.values.sum(axis=1), model.score(x))


def test_leading_terms_come_first_and_dull_ones_not_at_all(model: Model):
    x = pairs(np.random.default_rng(6), 400)
    parts = contributions(model, x, typical=typical_pair(x))
    top = top_reasons(parts, most=3, figures={"wage": x[:, 1]})
    size = np.abs(top.value)
    assert (np.diff(size, axis=1) <= 1e-6).all()
    assert (size[top.code == -1] == 0).all()
    wage = top.code == top.codes.index("wage")
    assert np.isnan(top.figure[~wage]).all()
    rows = np.nonzero(wage)[0]
    np.testing.assert_array_equal(top.figure[wage], x[rows, 1])


def test_the_artifact_gives_back_the_same_model(model: Model):
    data = save_model(model)
    again = load_model(data, feature_names=NAMES)
    x = pairs(np.random.default_rng(7), 2000)
    np.testing.assert_array_equal(again.rank(x, NAMES).surplus, model.rank(x, NAMES).surplus)
    assert again.card == json.loads(json.dumps(model.card))
    assert (again.version, again.data_sha256) == (model.version, model.data_sha256)
    assert save_model(again) == data
    assert b"pickle" not in gzip.decompress(data)


def test_a_damaged_artifact_is_refused(model: Model):
    data = save_model(model)
    text = gzip.decompress(data).decode()
    one = text.replace('"kind":"' + model.kind, '"kind":"other', 1)
    for bad in (b"", b"not a model", data[:-20], gzip.compress(b"{}"), gzip.compress(one.encode())):
        with pytest.raises(ArtifactError):
            load_model(bad)


def test_the_card_says_what_a_reader_must_know(model: Model):
    card = model.card
    assert card["kind"] == model.kind
    assert card["data_sha256"] == model.data_sha256
    assert card["features"] == list(NAMES)
    assert card["note"]
    json.dumps(card, allow_nan=False)
    if model.kind == "trees":
        assert card["metrics"]["auc"] > 0.7
        assert card["metrics"]["calibration_error"] < 0.03
        assert card["metrics"]["ndcg_at_10"] > 0.5
        assert card["directions"] == DIRECTIONS
        split = card["split"]
        assert split["learnt"]["from"] < split["calibrated"]["from"] < split["measured"]["from"]


def test_chances_are_taken_at_their_word():
    model = train(past(20_000), policy=POLICY, seed=0, today=date(2026, 6, 15))
    fresh = past(20_000, seed=99)
    chance = model.probability(fresh.x, NAMES)
    for low in np.arange(0, 0.8, 0.1):
        part = (chance >= low) & (chance < low + 0.1)
        if part.sum() > 500:  # three standard errors of the bin, and what 3,000 calibrated offers leave open
            assert abs(chance[part].mean() - fresh.placed[part].mean()) < 0.03 + 3 * np.sqrt(0.25 / part.sum())


def test_the_same_offers_and_seed_give_the_same_model():
    today = date(2026, 6, 15)
    first, second = (save_model(train(past(4000), policy=POLICY, seed=5, today=today)) for _ in range(2))
    assert first == second
    assert save_model(train(past(4000, seed=1), policy=POLICY, seed=5, today=today)) != first


def test_one_more_outcome_is_another_hash():
    offers = past(4000)
    placed = offers.placed.copy()
    placed[7] = ~placed[7]
    hashes = {
        train(item, policy=POLICY, seed=5, today=date(2026, 6, 15)).data_sha256
        for item in (offers, dataclasses.replace(offers, placed=placed))
    }
    assert len(hashes) == 2


def test_the_latest_part_is_only_measured_on():
    """Outcomes of the last part turned round: the measured figures collapse, so nothing was learnt from that part."""
    offers = past(12_000)
    cut = int(len(offers) * 0.86)
    turned = offers.placed.copy()
    turned[cut:] = ~turned[cut:]
    card = train(dataclasses.replace(offers, placed=turned), policy=POLICY, seed=0, today=date(2026, 6, 15)).card
    assert card["metrics"]["auc"] < 0.4


def test_the_order_of_the_rows_is_not_taken_for_the_order_of_time():
    offers = past(12_000)
    mixed = np.random.default_rng(0).permutation(len(offers))
    columns = {name: getattr(offers, name)[mixed] for name in ("x", "placed", "months_kept", "shown_on", "shown_to")}
    cards = [
        train(item, policy=POLICY, seed=0, today=date(2026, 6, 15)).card
        for item in (offers, dataclasses.replace(offers, **columns))
    ]
    assert cards[0]["split"] == cards[1]["split"]
    assert abs(cards[0]["metrics"]["auc"] - cards[1]["metrics"]["auc"]) < 0.01


def test_offers_of_days_to_come_are_left_out():
    offers = past(6000)
    model = train(offers, policy=POLICY, seed=0, today=date(2025, 6, 1))
    assert model.card["last_shown_on"] <= "2025-06-01"
    assert model.card["rows"] == int((offers.shown_on <= np.datetime64("2025-06-01")).sum())


@pytest.mark.parametrize("kind", ["nobody", "nobody placed", "everybody placed", "one day", "no day known"])
def test_histories_that_teach_nothing_give_the_prior(kind: str):
    offers = past(0 if kind == "nobody" else 4000)
    n = len(offers)
    if kind == "nobody placed":
        offers = dataclasses.replace(offers, placed=np.zeros(n, bool))
    elif kind == "everybody placed":
        offers = dataclasses.replace(offers, placed=np.ones(n, bool))
    elif kind == "one day":
        offers = dataclasses.replace(offers, shown_on=np.full(n, np.datetime64("2025-01-01")))
    elif kind == "no day known":
        offers = dataclasses.replace(offers, shown_on=np.full(n, np.datetime64("NaT", "D")))
    model = train(offers, policy=POLICY, seed=0, today=date(2026, 6, 15))
    assert model.kind == "prior"
    assert "hand-set" in model.card["note"]
    assert model.rank(pairs(np.random.default_rng(0), 10), NAMES).surplus.shape == (10,)


def test_columns_that_are_all_equal_or_all_unknown_do_no_harm():
    offers = past(4000)
    x = offers.x.copy()
    x[:, 6], x[:, 4] = np.nan, 1.0
    model = train(dataclasses.replace(offers, x=x), policy=POLICY, seed=0, today=date(2026, 6, 15))
    assert model.kind == "trees"
    everything_unknown = np.full((5, len(NAMES)), np.nan, np.float32)
    assert np.isfinite(model.rank(everything_unknown, NAMES).surplus).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), depth=st.integers(1, 8), unknown=st.sampled_from([0.0, 0.3]))
def test_exported_trees_predict_what_scikit_learn_does(seed: int, depth: int, unknown: float):
    rng = np.random.default_rng(seed)
    x = pairs(rng, 1500, unknown=unknown)
    y = rng.random(1500) < 0.4
    classifier = HistGradientBoostingClassifier(
        max_iter=15, max_depth=depth, monotonic_cst=[0, 1, -1, 1, 0, 0, 0], random_state=0
    ).fit(x, y)
    regressor = HistGradientBoostingRegressor(max_iter=15, max_depth=depth, random_state=0).fit(x, rng.random(1500))
    fresh = np.concatenate([pairs(rng, 701, unknown=0.2), x])
    for fitted, slow in ((classifier, classifier.decision_function(fresh)), (regressor, regressor.predict(fresh))):
        forest = export_forest(fitted)
        np.testing.assert_allclose(forest.predict(fresh), slow, atol=1e-9)
        np.testing.assert_allclose(forest.staged(fresh)[-1], slow, atol=1e-9)
        half = len(forest) // 2
        np.testing.assert_allclose(forest.first(half).predict(fresh), forest.staged(fresh)[half - 1], atol=1e-9)


def test_exported_trees_split_exactly_at_the_threshold():
    """Values one float apart on either side of a threshold go the way that scikit-learn sends them."""
    x = np.linspace(0, 1, 400, dtype=np.float32)[:, None]
    fitted = HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=5).fit(x, (x[:, 0] > 0.3).astype(float))
    nodes = np.concatenate([trees[0].nodes for trees in fitted._predictors])
    edges = nodes["num_threshold"][nodes["is_leaf"] == 0].astype(np.float32)
    near = np.concatenate([edges, np.nextafter(edges, np.float32(-9)), np.nextafter(edges, np.float32(9))])[:, None]
    np.testing.assert_allclose(export_forest(fitted).predict(near), fitted.predict(near), atol=1e-12)


def test_sex_is_no_feature_and_no_weight():
    names = set(load_ranking().features)
    assert not {name for name in names if "sex" in name or "gender" in name or "nationality" in name}
