"""Learning the ranker from what became of past offers.

Offers are split by day, never at random: the first part is learnt from, the next sets the number of trees and the
calibration, the last is only reported on. The model that is kept is then fitted once more on everything, with the same
settings and calibration, so that the newest outcomes count.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.model.calibration import fit_calibration
from matching.model.metrics import area_under_curve, calibration_error, calibration_table, ndcg_within_lists
from matching.model.ranker import Linear, Model, constant, directions_of, prior_model, worth_columns
from matching.model.trees import Forest, export_forest
from matching.records import Bool, Dates, Float32, Int64
from schema.ranking import RankingPolicy, TrainingPolicy


@dataclass(frozen=True, slots=True)
class Offers:
    """Past offers as the ranker learns from them, n rows. Each was shown; what was never shown is no refusal.

    Attributes
    ----------
    x
        Features of the pairs, of shape (n, n_features).
    directions
        By feature, which way the score may move with it: 1 never down, -1 never up, 0 either; policy may set others.
    text_sha256
        Of the text model that ``x`` was made with: another projection is another model.
    shown_to
        Key of the person, so that offers of one day to one person make a list.
    months_kept
        NaN where not placed, or placed and still there.
    """

    x: Float32
    feature_names: tuple[str, ...]
    directions: tuple[int, ...]
    placed: Bool
    months_kept: Float32
    shown_on: Dates
    shown_to: Int64
    text_sha256: str = ""

    def __len__(self) -> int:
        return len(self.placed)

    def sha256(self) -> str:
        """Hash of everything that is learnt from, in the order of the rows."""
        digest = hashlib.sha256("\n".join([self.text_sha256, *self.feature_names]).encode())
        for column in (self.x, self.placed, self.months_kept, self.shown_on.astype("datetime64[D]"), self.shown_to):
            digest.update(np.ascontiguousarray(column).view(np.uint8).tobytes())
        return digest.hexdigest()


def train(offers: Offers, *, policy: RankingPolicy, seed: int, today: date) -> Model:
    """The ranker, or the prior model when there are too few offers or placements to learn from.

    Parameters
    ----------
    offers
        In any order; offers without a known day, or of a later day than ``today``, are left out.
    seed
        Of the estimators. The same offers and seed give the same model.

    Raises
    ------
    ValueError
        The columns of ``offers`` have different lengths.
    """
    if not len(offers.x) == len(offers.placed) == len(offers.months_kept) == len(offers.shown_on):
        raise ValueError("the columns of the offers have different lengths")
    data_sha256 = offers.sha256()
    shown_on = offers.shown_on.astype("datetime64[D]")
    usable = ~np.isnat(shown_on) & (shown_on <= np.datetime64(today, "D"))
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(shown_on[rows], kind="stable")]
    rules = policy.training
    placed = offers.placed[rows]
    card: dict[str, Any] = {
        "features": list(offers.feature_names),
        "data_sha256": data_sha256,
        "policy": policy.version,
        "policy_sha256": policy.sha256,
        "seed": seed,
        "trained_on": today.isoformat(),
        "rows": len(rows),
        "placed": int(placed.sum()),
        "first_shown_on": str(shown_on[rows[0]]) if len(rows) else None,
        "last_shown_on": str(shown_on[rows[-1]]) if len(rows) else None,
        "negatives": "offers shown and not taken; pairs never shown are no refusals",
    }
    parts = _split(shown_on[rows], rules) if len(rows) else None
    enough = len(rows) >= rules.rows_min and min(placed.sum(), (~placed).sum()) >= rules.placed_min
    if not enough or parts is None or not all(_both(placed[part]) for part in parts):
        card |= {
            "kind": "prior",
            "note": "Too few past offers to learn from: hand-set weights of policy, not fitted to anything. "
            "Chances are rough guesses; the order follows the directions policy demands.",
        }
        version = f"prior-{today:%Y%m%d}-{data_sha256[:12]}-{policy.sha256[:8]}"
        return prior_model(
            offers.feature_names,
            offers.directions,
            policy=policy,
            card=card,
            data_sha256=data_sha256,
            version=version,
        )
    return _learn(offers, rows, parts, policy=policy, seed=seed, card=card)


def _learn(
    offers: Offers,
    rows: NDArray[np.intp],
    parts: tuple[slice, slice, slice],
    *,
    policy: RankingPolicy,
    seed: int,
    card: dict[str, Any],
) -> Model:
    directions = directions_of(offers.feature_names, offers.directions, policy)
    x, placed = np.ascontiguousarray(offers.x[rows]), offers.placed[rows]
    early, middle, late = parts
    first = _fit_trees(x[early], placed[early], directions, rules=policy.training, seed=seed)
    trees = _best_count(first, x[middle], placed[middle])
    calibration = fit_calibration(first.first(trees).predict(x[middle]), placed[middle])

    chance = calibration(first.first(trees).predict(x[late]))
    months, months_rows = _fit_months(x, offers.months_kept[rows], placed, directions, policy=policy, seed=seed)
    guess = prior_model(offers.feature_names, offers.directions, policy=policy, card={}, data_sha256="", version="")
    lists = _lists(offers.shown_to[rows][late], offers.shown_on[rows][late])
    kept = _fit_trees(x, placed, directions, rules=policy.training, seed=seed, trees=trees)
    card |= {
        "kind": "trees",
        "note": "Measured on the latest part with the model of the earliest; then fitted again on all offers with the "
        "same settings and calibration.",
        "trees": trees,
        "calibration": calibration.kind,
        "directions": {name: d for name, d in zip(offers.feature_names, directions, strict=True) if d},
        "months_rows": months_rows,
        "split": {
            name: {"rows": part.stop - part.start, "from": str(offers.shown_on[rows[part.start]])}
            for name, part in zip(("learnt", "calibrated", "measured"), parts, strict=True)
        },
        "metrics": _metrics(chance, placed[late], lists),
        "metrics_of_prior": _metrics(guess.calibration(guess.chance.predict(x[late])), placed[late], lists),
        "calibration_table": [list(row) for row in calibration_table(chance, placed[late])],
    }
    digest = card["data_sha256"]
    return Model(
        version=f"trees-{card['trained_on'].replace('-', '')}-{digest[:12]}-{policy.sha256[:8]}-{seed}",
        kind="trees",
        feature_names=tuple(offers.feature_names),
        directions=directions,
        reasons=tuple(policy.feature(name).reason for name in offers.feature_names),
        chance=kept,
        calibration=calibration,
        months=months,
        worth=policy.worth,
        worth_columns=worth_columns(tuple(offers.feature_names), policy),
        data_sha256=digest,
        card=card,
    )


def _both(placed: Bool) -> bool:
    return bool(placed.any() and not placed.all())


def _split(shown_on: Dates, rules: TrainingPolicy) -> tuple[slice, slice, slice] | None:
    """Learnt, calibrated, measured, in the order of days; offers of one day stay together.

    None when there are too few days.
    """
    n = len(shown_on)
    last = int(np.searchsorted(shown_on, shown_on[int(n * (1 - rules.share_test))], side="left"))
    middle = int(n * (1 - rules.share_test - rules.share_calibration))
    first = int(np.searchsorted(shown_on, shown_on[middle], side="left"))
    if not 0 < first < last < n:
        return None
    return slice(0, first), slice(first, last), slice(last, n)


def _fit_trees(
    x: Float32, placed: Bool, directions: tuple[int, ...], *, rules: TrainingPolicy, seed: int, trees: int | None = None
) -> Forest:
    from sklearn.ensemble import HistGradientBoostingClassifier

    estimator = HistGradientBoostingClassifier(
        max_iter=trees or rules.trees_max,
        learning_rate=rules.learning_rate,
        max_leaf_nodes=rules.leaves,
        max_depth=rules.depth,
        min_samples_leaf=rules.rows_per_leaf_min,
        l2_regularization=rules.l2,
        monotonic_cst=list(directions),
        early_stopping=False,  # its split would be random; the number of trees comes from later days instead
        random_state=seed,
    )
    return _fitted(estimator, x, placed)


def _best_count(forest: Forest, x: Float32, placed: Bool) -> int:
    """Number of trees with the least log loss on later offers, at least one."""
    raw = forest.staged(x)
    loss = np.where(placed, np.logaddexp(0, -raw), np.logaddexp(0, raw)).mean(axis=1)
    return int(loss.argmin()) + 1


def _fit_months(
    x: Float32, kept: Float32, placed: Bool, directions: tuple[int, ...], *, policy: RankingPolicy, seed: int
) -> tuple[Forest | Linear, int]:
    """Months kept of those placed, up to the horizon, and the number of rows it was learnt from."""
    known = placed & np.isfinite(kept)
    if known.sum() < policy.training.months_rows_min:
        mean = float(np.minimum(kept[known], policy.worth.horizon_months).mean()) if known.any() else None
        return constant(policy.prior.months_kept if mean is None else mean, x.shape[1]), int(known.sum())
    from sklearn.ensemble import HistGradientBoostingRegressor

    estimator = HistGradientBoostingRegressor(
        max_iter=policy.training.trees_max // 2,
        learning_rate=policy.training.learning_rate,
        max_leaf_nodes=policy.training.leaves,
        max_depth=policy.training.depth,
        min_samples_leaf=policy.training.rows_per_leaf_min,
        l2_regularization=policy.training.l2,
        monotonic_cst=list(directions),
        early_stopping=False,
        random_state=seed,
    )
    target = np.minimum(kept[known], policy.worth.horizon_months)
    return _fitted(estimator, x[known], target), int(known.sum())


def _fitted(estimator: Any, x: Float32, y: NDArray[Any]) -> Forest:
    """Fit and export. Columns that are never known are left out: they cannot be split, and only cost time."""
    from joblib import parallel_config
    from threadpoolctl import threadpool_limits

    known = np.flatnonzero(~np.isnan(x).all(axis=0))
    directions = estimator.get_params()["monotonic_cst"]
    estimator.set_params(monotonic_cst=[directions[column] for column in known.tolist()])
    # One thread: OpenMP's threads wait for each other by spinning, and on cores that others use too, fits of this size
    # then take five times as long. Threads instead of processes for the binning, for the same reason.
    with parallel_config(backend="threading"), threadpool_limits(limits=1, user_api="openmp"):
        forest = export_forest(estimator.fit(x[:, known], y))
    return replace(forest, feature=known[forest.feature].astype(np.uint16))


def _lists(shown_to: Int64, shown_on: Dates) -> Int64:
    """A number for each list: one person, one day."""
    keys = np.stack([shown_to.astype(np.int64), shown_on.astype("datetime64[D]").astype(np.int64)], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _metrics(chance: NDArray[np.float64], placed: Bool, lists: Int64) -> dict[str, float | None]:
    figures = {
        "auc": area_under_curve(chance, placed),
        "ndcg_at_10": ndcg_within_lists(chance, placed, lists),
        "calibration_error": calibration_error(chance, placed),
        "share_placed": float(placed.mean()),
        "mean_chance": float(chance.mean()),
    }
    # JSON has no NaN.
    return {name: round(value, 6) if np.isfinite(value) else None for name, value in figures.items()}
