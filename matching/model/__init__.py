"""The ranker: learnt from past offers, monotone where policy demands, calibrated, ranking by expected surplus."""

from matching.model.ranker import FeatureMismatchError, Linear, Model, Ranked, constant, prior_model, worth_columns
from matching.model.train import Offers, train
from matching.model.trees import Forest, export_forest

__all__ = [
    "FeatureMismatchError",
    "Forest",
    "Linear",
    "Model",
    "Offers",
    "Ranked",
    "constant",
    "export_forest",
    "prior_model",
    "train",
    "worth_columns",
]
