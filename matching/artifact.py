"""A model as bytes: JSON, compressed, with a hash. No pickle: reading a stored model can run nothing.

An auditor can read it with ``gzip -d``. The same model gives the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
from typing import Any

import numpy as np

from matching.features import TextModel
from matching.model import Forest, Linear, Model
from matching.model.calibration import Calibration
from matching.model.surplus import WorthColumns
from matching.records import Float32
from schema.ranking import WorthPolicy

FORMAT = "yunqiao-model"
FORMAT_VERSION = 1
#: A larger artifact is no model of ours; the bound stops a small file that unpacks to a large one.
_BYTES_MAX = 256 * 1024**2


class ArtifactError(ValueError):
    """The bytes are no model that can be used: damaged, of another format, or of other features."""


def save_model(model: Model) -> bytes:
    """The model as bytes that :func:`load_model` reads."""
    body = {
        "version": model.version,
        "kind": model.kind,
        "feature_names": list(model.feature_names),
        "directions": list(model.directions),
        "reasons": list(model.reasons),
        "chance": _scorer_out(model.chance),
        "calibration": {
            "kind": model.calibration.kind,
            "knots": model.calibration.knots.tolist(),
            "chances": model.calibration.chances.tolist(),
        },
        "months": _scorer_out(model.months),
        "worth": {name: getattr(model.worth, name) for name in WorthPolicy.__slots__},
        "worth_columns": {name: getattr(model.worth_columns, name) for name in WorthColumns.__slots__},
        "data_sha256": model.data_sha256,
        "card": dict(model.card),
        "typical": None if model.typical is None else _known(model.typical),
        "text": None
        if model.text is None
        else {"idf": _packed(model.text.idf), "components": _packed(model.text.components), "dims": model.text.dims},
    }
    text = _canonical(body)
    envelope = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "body": body,
    }
    return gzip.compress(_canonical(envelope).encode(), mtime=0)


def load_model(data: bytes, *, feature_names: tuple[str, ...] | None = None) -> Model:
    """The model that :func:`save_model` wrote.

    Parameters
    ----------
    feature_names
        Columns that the caller will rank with; a model of others is refused here and not at the first pair.

    Raises
    ------
    ArtifactError
        The bytes are damaged, of another format or version, or the model has other features.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            text = packed.read(_BYTES_MAX + 1)
        if len(text) > _BYTES_MAX:
            raise ArtifactError("the artifact is larger than any model")
        envelope = json.loads(text)
    except (OSError, EOFError, ValueError) as error:
        raise ArtifactError(f"the artifact cannot be read ({error})") from error
    if not isinstance(envelope, dict) or envelope.get("format") != FORMAT:
        raise ArtifactError("the artifact is of another format")
    if envelope.get("format_version") != FORMAT_VERSION:
        raise ArtifactError(f"the artifact has format version {envelope.get('format_version')}, not {FORMAT_VERSION}")
    body = envelope.get("body")
    if not isinstance(body, dict):
        raise ArtifactError("the artifact holds no model")
    if hashlib.sha256(_canonical(body).encode()).hexdigest() != envelope.get("sha256"):
        raise ArtifactError("the artifact's hash does not match what it holds")
    model = _model_in(body)
    if feature_names is not None and tuple(feature_names) != model.feature_names:
        raise ArtifactError("the model was trained on other features; train it again")
    return model


def _model_in(body: dict[str, Any]) -> Model:
    try:
        width = len(body["feature_names"])
        return Model(
            version=body["version"],
            kind=body["kind"],
            feature_names=tuple(body["feature_names"]),
            directions=tuple(body["directions"]),
            reasons=tuple(body["reasons"]),
            chance=_scorer_in(body["chance"], width),
            calibration=Calibration(
                body["calibration"]["kind"],
                np.array(body["calibration"]["knots"], dtype=np.float64),
                np.array(body["calibration"]["chances"], dtype=np.float64),
            ),
            months=_scorer_in(body["months"], width),
            worth=WorthPolicy(**body["worth"]),
            worth_columns=WorthColumns(**body["worth_columns"]),
            data_sha256=body["data_sha256"],
            card=body["card"],
            text=_text_in(body["text"]),
            typical=_typical_in(body["typical"], width),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ArtifactError(f"the artifact lacks what a model has ({error})") from error


def _packed(values: Float32) -> str:
    """Many numbers as one string: ``float32``, little end first, base 64."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode("ascii")


def _text_in(body: dict[str, Any] | None) -> TextModel | None:
    if body is None:
        return None
    idf, components = (
        np.frombuffer(base64.b64decode(body[name], validate=True), dtype="<f4").astype(np.float32)
        for name in ("idf", "components")
    )
    return TextModel(idf, components.reshape(len(idf), body["dims"]))


def _known(values: Float32) -> list[float | None]:
    """Numbers with what JSON has no word for as null."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _typical_in(body: list[float | None] | None, width: int) -> Float32 | None:
    if body is None:
        return None
    if len(body) != width:
        raise ValueError("the typical pair has other columns")
    return np.array([np.nan if value is None else value for value in body], dtype=np.float32)


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _scorer_out(scorer: Forest | Linear) -> dict[str, Any]:
    if isinstance(scorer, Linear):
        return {
            "kind": "linear",
            "base": scorer.base,
            "weight": scorer.weight.tolist(),
            "centre": scorer.centre.tolist(),
            "scale": scorer.scale.tolist(),
            "clip": scorer.clip,
        }
    return {
        "kind": "forest",
        "base": scorer.base,
        "roots": scorer.roots.tolist(),
        "depths": scorer.depths.tolist(),
        "feature": scorer.feature.tolist(),
        # A leaf's threshold is infinite, which JSON cannot say.
        "threshold": _known(scorer.threshold),
        "missing_right": scorer.missing_right.astype(int).tolist(),
        "left": scorer.left.tolist(),
        "value": scorer.value.tolist(),
    }


def _scorer_in(body: dict[str, Any], width: int) -> Forest | Linear:
    if body["kind"] == "linear":
        return Linear(
            body["base"],
            np.array(body["weight"], dtype=np.float64),
            np.array(body["centre"], dtype=np.float64),
            np.array(body["scale"], dtype=np.float64),
            body["clip"],
        )
    threshold = [np.inf if value is None else value for value in body["threshold"]]
    forest = Forest(
        body["base"],
        np.array(body["roots"], dtype=np.uint32),
        np.array(body["depths"], dtype=np.int32),
        np.array(body["feature"], dtype=np.uint16),
        np.array(threshold, dtype=np.float32),
        np.array(body["missing_right"], dtype=np.bool_),
        np.array(body["left"], dtype=np.uint32),
        np.array(body["value"], dtype=np.float64),
    )
    _check_forest(forest, width)
    return forest


def _check_forest(forest: Forest, width: int) -> None:
    """Compiled code follows these numbers without looking: none may point outside."""
    nodes = len(forest.left)
    at = np.arange(nodes)
    leaf = forest.left == at
    if not all(
        len(column) == nodes for column in (forest.feature, forest.threshold, forest.missing_right, forest.value)
    ):
        raise ValueError("columns of a forest differ in length")
    if len(forest.roots) != len(forest.depths) or (len(forest.roots) and forest.roots.max() >= nodes):
        raise ValueError("a tree has no root")
    if (forest.feature[~leaf] >= width).any() or (forest.left[~leaf].astype(np.int64) + 1 >= nodes).any():
        raise ValueError("a node points outside")
    if len(forest.depths) and not 0 <= forest.depths.min() <= forest.depths.max() <= nodes:
        raise ValueError("a tree is deeper than it is large")
    if (forest.left < at).any():
        raise ValueError("a node leads back")
    if forest.missing_right[leaf].any() or not np.isposinf(forest.threshold[leaf]).all():
        raise ValueError("a leaf is no leaf")
    if not np.isfinite(forest.value).all():
        raise ValueError("a value is no number")
