"""A stored model that somebody tampered with: refused before compiled code follows its numbers."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pickle
from datetime import date

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from matching.artifact import ArtifactError, load_model, save_model
from matching.model import Model, export_forest, train
from matching.model.train import Offers
from schema.ranking import load_ranking

NAMES = ("a", "b")


@pytest.fixture(scope="module")
def model() -> Model:
    """A small model of trees."""
    rng = np.random.default_rng(0)
    none = Offers(
        np.zeros((0, 2), np.float32), NAMES, (1, 0), np.zeros(0, bool), np.zeros(0, np.float32),
        np.zeros(0, "datetime64[D]"), np.zeros(0, np.int64),
    )  # fmt: skip
    prior = train(none, policy=load_ranking(), seed=0, today=date(2026, 6, 15))
    x = rng.normal(size=(500, 2)).astype(np.float32)
    fitted = HistGradientBoostingClassifier(max_iter=5).fit(x, x[:, 0] > 0)
    return Model(
        version="t", kind="trees", feature_names=NAMES, directions=prior.directions, reasons=prior.reasons,
        chance=export_forest(fitted), calibration=prior.calibration, months=prior.months, worth=prior.worth,
        worth_columns=prior.worth_columns, data_sha256="00", card={},
    )  # fmt: skip


def _seal(body: object) -> bytes:
    """An artifact whose hash is right, whatever it holds."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    envelope = {"format": "yunqiao-model", "format_version": 1, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    return gzip.compress(json.dumps({**envelope, "body": body}).encode())


def _body(model: Model) -> dict:
    return json.loads(gzip.decompress(save_model(model)))["body"]


def test_the_seal_itself_is_accepted(model: Model):
    assert load_model(_seal(_body(model))).version == "t"


@pytest.mark.parametrize(
    ("column", "index", "value"),
    [
        ("left", 0, 10**6),
        ("left", 0, -1),
        ("feature", 0, 2),
        ("feature", 0, 70_000),
        ("roots", 0, 10**6),
        ("value", -1, float("1e999")),
        ("threshold", -1, 0.0),
        ("depths", 0, None),
        ("depths", 0, 2**31 - 1),
    ],
)
def test_numbers_that_point_outside_are_refused(model: Model, column: str, index: int, value: object):
    body = _body(model)
    leaves = [i for i, left in enumerate(body["chance"]["left"]) if left == i]
    body["chance"][column][leaves[0] if index == -1 else index] = value
    with pytest.raises(ArtifactError):
        load_model(_seal(body) if value != float("inf") else gzip.compress(json.dumps(body).encode()))


def test_a_tree_that_never_ends_is_refused(model: Model):
    """A node that leads back to an earlier one would not loop (the depth bounds it) but is no tree."""
    body = _body(model)
    node = next(i for i, left in enumerate(body["chance"]["left"]) if left != i and i > 0)
    body["chance"]["left"][node] = 0
    with pytest.raises(ArtifactError):
        load_model(_seal(body))


@pytest.mark.parametrize("missing", ["version", "chance", "worth", "calibration", "feature_names", "card"])
def test_a_model_without_a_part_is_refused(model: Model, missing: str):
    body = _body(model)
    del body[missing]
    with pytest.raises(ArtifactError):
        load_model(_seal(body))


@pytest.mark.parametrize("data", [b"null", b"[]", b'"text"', b"1", b'{"format":"yunqiao-model"}'])
def test_json_that_is_no_model_is_refused(data: bytes):
    with pytest.raises(ArtifactError):
        load_model(gzip.compress(data))


def test_a_newer_format_is_refused_by_its_number(model: Model):
    envelope = json.loads(gzip.decompress(save_model(model)))
    envelope["format_version"] = 2
    with pytest.raises(ArtifactError, match="version 2"):
        load_model(gzip.compress(json.dumps(envelope).encode()))


def test_a_pickle_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    for data in (pickle.dumps(Trap()), gzip.compress(pickle.dumps(Trap()))):
        with pytest.raises(ArtifactError):
            load_model(data)
    assert not (tmp_path / "sprung").exists()


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(monkeypatch):
    monkeypatch.setattr("matching.artifact._BYTES_MAX", 1000)
    with pytest.raises(ArtifactError, match="larger"):
        load_model(gzip.compress(b" " * 100_000))
