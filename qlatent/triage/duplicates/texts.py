"""How far texts lie apart: 1 - the cosine of their character trigrams within words, weighted by TF-IDF."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDEST = 0.6  # 1 - cosine
USUAL = 0.3  # 1 - cosine


class Trigrams:
    """The weighted trigrams of n texts; upper and lower case, and the ways to write one character, are the same."""

    block = 1 << 22

    def __init__(self, texts: Sequence[str]) -> None:
        self._weights = _weights(texts)
        self._by_trigram = self._weights.T.tocsr()

    def __len__(self) -> int:
        return int(self._weights.shape[0])

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Mask (n,) of the texts without a character."""
        return np.diff(self._weights.indptr) == 0

    def distances(self, start: int, stop: int, begin: int) -> NDArray[np.float32]:
        """1 - cosine (stop - start, n - begin) of texts; 1 for an empty text."""
        from qlatent.triage.duplicates import kernels  # compiled by numba

        found = np.zeros((stop - start, len(self) - begin), dtype=np.float32)
        ours, theirs = self._weights, self._by_trigram
        kernels.add_products(
            ours.indptr, ours.indices, ours.data, theirs.indptr, theirs.indices, theirs.data, start, begin, found,
        )  # fmt: skip
        np.subtract(1, found, out=found)
        return np.maximum(found, 0, out=found)


def _weights(texts: Sequence[str]) -> Any:
    """TF-IDF (n, v) as a sparse matrix of rows of length 1, or of no entries."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(text.strip() for text in texts):
        return csr_array((len(texts), 1), dtype=np.float32)
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 3), lowercase=False, preprocessor=plain, dtype=np.float32
    )
    return vectorizer.fit_transform(texts).tocsr()


def plain(text: str) -> str:
    """The text as it is compared: texts for which this is the same are at distance 0."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
