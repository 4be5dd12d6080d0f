"""Scores of many pairs in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.explain import TopReasons, contributions, top_reasons
from matching.features import TextVectors, pair_features
from matching.model import Model
from matching.pipeline.lists import Pairs
from matching.records import Float32, People, Targets

#: Pairs whose features are held at once: some forty megabytes.
_CHUNK = 262_144

Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores pairs of these people and targets by a model."""

    people: People
    targets: Targets
    vectors: TextVectors
    model: Model
    today: date

    def features(self, person: Rows, target: Rows) -> Float32:
        """Features of pairs, of shape (n_pairs, n_features)."""
        x, _ = pair_features(self.people, self.targets, person, target, vectors=self.vectors, today=self.today)
        return x

    def score(self, person: Rows, target: Rows) -> tuple[Pairs, Float32]:
        """Expected surplus and chance of each pair, and what it is worth if it succeeds, yuan."""
        surplus = np.empty(len(person), dtype=np.float32)
        probability, worth = np.empty_like(surplus), np.empty_like(surplus)
        for start in range(0, len(person), _CHUNK):
            part = slice(start, start + _CHUNK)
            ranked = self.model.rank_unchecked(self.features(person[part], target[part]))
            surplus[part], probability[part] = ranked.surplus, ranked.probability
            worth[part] = ranked.months * ranked.worth
        return Pairs(person.astype(np.int32), target.astype(np.int32), surplus, probability), worth

    def reasons(self, person: Rows, target: Rows, *, most: int) -> TopReasons:
        """The leading terms of each pair's score, against the model's typical offer."""
        typical = self.model.typical
        if typical is None:
            raise ValueError("the model has no typical offer to compare with")
        parts: list[TopReasons] = []
        for start in range(0, max(len(person), 1), _CHUNK):
            part = slice(start, start + _CHUNK)
            x = self.features(person[part], target[part])
            figures = {
                code: x[:, self.model.feature_names.index(name)]
                for code, name in (("wage", "wage_yuan"), ("distance", "distance_km"))
                if name in self.model.feature_names
            }
            parts.append(top_reasons(contributions(self.model, x, typical=typical), most=most, figures=figures))
        return TopReasons(
            parts[0].codes,
            np.concatenate([part.code for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.figure for part in parts]),
        )
