"""The words that set the texts of one cluster apart from those of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORDS = 4


def class_words(
    texts: Sequence[str], numbers: NDArray[np.int64], *, words: int = WORDS
) -> list[tuple[str, ...]]:
    """The most telling words of clusters 0, 1, … of `texts` (n,), best first; an empty tuple where there are none.

    Class TF-IDF as in BERTopic (Grootendorst 2022, arXiv 2203.05794): the texts of a cluster count as one document, and
    word t of cluster c weighs tf(t, c) · log(1 + A / f(t)), with tf the share of t among the words of c, f(t) its count
    in all clusters, and A the mean number of words of a cluster. English stop words and numbers are left out; texts of
    cluster -1 do not count.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    count = int(numbers.max(initial=-1)) + 1
    documents = [
        " ".join(texts[row] for row in np.flatnonzero(numbers == each).tolist()) for each in range(count)
    ]
    counter = CountVectorizer(stop_words="english", token_pattern=r"(?u)\b[^\W\d_][^\W_]+\b")
    try:
        table = counter.fit_transform(documents)  # (clusters, words)
    except ValueError:  # no word is left
        return [()] * count
    weights = weighted(table.toarray().astype(np.float64))
    names = counter.get_feature_names_out()
    return [_best(row, names, words) for row in weights]


def weighted(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Class TF-IDF weights from the counts (clusters, words) of words that each occur somewhere."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    return np.asarray(shares * np.log1p(totals.mean() / counts.sum(axis=0)))


def _best(weights: NDArray[np.float64], names: NDArray[np.str_], words: int) -> tuple[str, ...]:
    order = np.argsort(-weights, kind="stable")[:words]
    return tuple(str(names[each]) for each in order if weights[each] > 0)
