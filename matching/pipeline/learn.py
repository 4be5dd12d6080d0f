"""History → the model that the run ranks with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import numpy as np

from matching.features import DIRECTIONS, FEATURE_NAMES, TextModel, fit_text, pair_features
from matching.model import Model, Offers, train
from matching.records import History, Openings, People
from schema.ranking import RankingPolicy


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
    return replace(train(offers, policy=policy, seed=seed, today=today), text=text)


def _hash(text: TextModel) -> str:
    digest = hashlib.sha256(text.idf.tobytes())
    digest.update(text.components.tobytes())
    return digest.hexdigest()


def check_model(model: Model) -> TextModel:
    """The text model of a model that can rank pairs as they are described here.

    Raises
    ------
    FeatureMismatchError
        It was trained on other features, or has no projection of texts.
    """
    from matching.model import FeatureMismatchError

    model.check(np.zeros((0, len(FEATURE_NAMES)), dtype=np.float32), FEATURE_NAMES)
    if model.text is None:
        raise FeatureMismatchError("the model has no projection of texts; train it again")
    return model.text
