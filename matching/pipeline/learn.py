"""History → the model that the run ranks with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import numpy as np

from matching.explain import typical_pair
from matching.features import DIRECTIONS, FEATURE_NAMES, TextModel, fit_text, pair_features
from matching.model import FeatureMismatchError, Model, Offers, train
from matching.records import Float32, History, Openings, People
from schema.ranking import RankingPolicy

#: Pairs that a typical one is taken from where there is no history.
_SAMPLE = 10_000


def learn(
    history: History, *, people: People, openings: Openings, policy: RankingPolicy, today: date, seed: int
) -> Model:
    """Learn the ranker from past offers, with the projection of texts that its features are made with.

    Parameters
    ----------
    people, openings
        Whom and what the model will rank: their texts, with those of the history, span the projection.
    """
    text = fit_text(
        np.concatenate([openings.text, history.openings.text]),
        np.concatenate([people.text, history.people.text]),
        seed=seed,
    )
    rows = np.arange(len(history))
    x, names = pair_features(
        history.people,
        history.openings,
        rows,
        rows,
        vectors=text.vectors(history.people.text, history.openings.text),
        today=history.shown_on,
    )
    offers = Offers(
        x=x,
        feature_names=names,
        directions=DIRECTIONS,
        placed=history.placed,
        months_kept=history.months_kept,
        shown_on=history.shown_on,
        shown_to=history.people.person_id,
        text_sha256=_hash(text),
    )
    if not len(x):
        x = _some_pairs(people, openings, text, today=today, seed=seed)
    return replace(train(offers, policy=policy, seed=seed, today=today), text=text, typical=typical_pair(x))


def _some_pairs(people: People, openings: Openings, text: TextModel, *, today: date, seed: int) -> Float32:
    """Features of pairs drawn at random, to know a typical one by where nothing was ever offered."""
    if not len(people) or not len(openings):
        return np.zeros((0, len(FEATURE_NAMES)), dtype=np.float32)
    rng = np.random.default_rng(seed)
    person, target = rng.integers(0, len(people), _SAMPLE), rng.integers(0, len(openings), _SAMPLE)
    vectors = text.vectors(people.text, openings.text)
    return pair_features(people, openings, person, target, vectors=vectors, today=today)[0]


def _hash(text: TextModel) -> str:
    digest = hashlib.sha256(text.idf.tobytes())
    digest.update(text.components.tobytes())
    return digest.hexdigest()


def check_model(model: Model) -> TextModel:
    """The projection of texts of a model that can rank pairs as they are described here.

    Raises
    ------
    FeatureMismatchError
        It was trained on other features, or has no projection of texts.
    """
    model.check(np.zeros((0, len(FEATURE_NAMES)), dtype=np.float32), FEATURE_NAMES)
    if model.text is None or model.typical is None:
        raise FeatureMismatchError("the model has no projection of texts or no typical offer; train it again")
    return model.text
