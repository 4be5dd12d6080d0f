"""From records to numbers: the additive score that candidates are found by, and the matrix that the ranker reads.

Nothing here depends on what became of an offer, and nothing on sex, nationality or any number that identifies somebody.
"""

from matching.features.additive import SCORE_UNIT, AdditiveWeights, additive, on_grid
from matching.features.columns import as_openings
from matching.features.pairs import DIRECTIONS, FEATURE_NAMES, FEATURES, Feature, pair_features
from matching.features.text import TextModel, TextVectors, fit_text

__all__ = [
    "DIRECTIONS",
    "FEATURES",
    "FEATURE_NAMES",
    "SCORE_UNIT",
    "AdditiveWeights",
    "Feature",
    "TextModel",
    "TextVectors",
    "additive",
    "as_openings",
    "fit_text",
    "on_grid",
    "pair_features",
]
