"""Chinese text as vectors: which duties, wishes and skills speak of the same work.

Characters in ones, twos and threes are words enough for Chinese job titles, need no dictionary and forgive odd
spellings. They are hashed, weighted by rarity and brought down to a few dimensions, in which 电焊 and 焊工 lie near
each other because the same texts use them.

Source: Deerwester et al., Indexing by latent semantic analysis (1990); Weinberger et al., Feature hashing (2009).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.records import Float32, Text

#: Hash buckets. Some twenty thousand n-grams occur; a collision mixes two rare ones, which does little harm.
_BUCKETS = 2**14
#: Texts that the directions are fitted on; more change little and cost much.
_FIT_TEXTS = 20_000
_NOISE = re.compile(r"[\W_\d]+")


@dataclass(frozen=True, slots=True)
class TextVectors:
    """Vectors of the texts of people and of targets, of shapes (n, dims) and (m, dims); unit length, or zero."""

    people: Float32
    targets: Float32


@dataclass(frozen=True, slots=True)
class TextModel:
    """A fitted projection of texts.

    Attributes
    ----------
    idf
        Weight of each hash bucket, of shape (n_buckets,).
    components
        Projection, of shape (n_buckets, dims).
    """

    idf: Float32
    components: Float32

    @property
    def dims(self) -> int:
        """Dimensions of a vector."""
        return int(self.components.shape[1])

    def embed(self, texts: Sequence[str] | Text) -> Float32:
        """Vectors of texts, of shape (n, dims): of unit length, or zero where nothing known is written."""
        if not len(texts):
            return np.zeros((0, self.dims), dtype=np.float32)
        # Few distinct texts are written; each is worked on once.
        place: dict[str, int] = {}
        inverse = np.fromiter((place.setdefault(text, len(place)) for text in texts), dtype=np.int64, count=len(texts))
        vectors = _weighted(list(place), self.idf) @ self.components
        # So small a part of a text lies in the fitted directions that its direction would be noise.
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Float32 = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-3)
        return unit[inverse]

    def vectors(self, people: Sequence[str] | Text, targets: Sequence[str] | Text) -> TextVectors:
        """Vectors of both sides."""
        return TextVectors(self.embed(people), self.embed(targets))


def fit_text(
    texts_of_openings: Sequence[str] | Text, texts_of_people: Sequence[str] | Text, *, dims: int = 32, seed: int = 0
) -> TextModel:
    """Fit the projection on the texts at hand; the same texts in the same order and the same seed give the same model.

    Parameters
    ----------
    dims
        Dimensions; where the texts span fewer, the rest stay zero.

    Raises
    ------
    ValueError
        ``dims`` is less than 1.
    """
    from sklearn.utils.extmath import randomized_svd

    if dims < 1:
        raise ValueError(f"dims is {dims}")
    texts = list(dict.fromkeys([*texts_of_openings, *texts_of_people]))
    if len(texts) > _FIT_TEXTS:
        rows = np.sort(np.random.default_rng(seed).choice(len(texts), _FIT_TEXTS, replace=False))
        texts = [texts[row] for row in rows.tolist()]
    components = np.zeros((_BUCKETS, dims), dtype=np.float32)
    if not texts:
        return TextModel(np.ones(_BUCKETS, dtype=np.float32), components)
    counts = _counts(texts)
    seen = np.bincount(counts.indices, minlength=_BUCKETS) if counts.nnz else np.zeros(_BUCKETS)
    idf = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    used = np.flatnonzero(seen)  # the rest would only be dragged along
    rank = min(dims, len(texts), len(used))
    if rank:
        # float64: in float32 the last of the directions depend on the order of sums.
        weighted = _weighted(texts, idf)[:, used].astype(np.float64)
        _, _, directions = randomized_svd(weighted, n_components=rank, n_iter=4, random_state=seed)
        components[used, :rank] = directions.T
    return TextModel(idf, components)


def _fold(text: str) -> str:
    return _NOISE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _counts(texts: list[str]) -> Any:
    """Sparse counts of n-grams, of shape (n, n_buckets)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        analyzer="char_wb", ngram_range=(1, 3), n_features=_BUCKETS, norm=None, alternate_sign=False,
        lowercase=False, preprocessor=_fold, dtype=np.float32,
    )  # fmt: skip
    return vectorizer.transform(texts)


def _weighted(texts: list[str], idf: NDArray[np.float32]) -> Any:
    """Counts damped, weighted by rarity and brought to unit length; sparse."""
    weighted = _counts(texts)
    weighted.data = (1 + np.log(weighted.data)) * idf[weighted.indices]
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    weighted.data = (weighted.data * np.repeat(scale, np.diff(weighted.indptr))).astype(np.float32)
    return weighted
