"""Retrieval measures of ranked documents with graded relevance judgements: per query, and means with intervals.

NDCG uses linear gain, as in trec_eval, torchmetrics and scikit-learn; its ideal ranking includes every judged document,
also those missing from the corpus. Unjudged documents are not relevant. Source: Järvelin & Kekäläinen 2002.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.statistics.differences import Difference, holm, in_words, paired
from qlatent.metrics.statistics.uncertainty import RESAMPLES, Estimate, bootstrap_means

MAIN = "ndcg@10"  # the measure for comparing heads
CUTS = (1, 10, 100)


class Compared(NamedTuple):
    """Comparison of two heads over the same queries: the difference, p after Holm's correction, and a description."""

    difference: Difference
    p_holm: float
    words: str


def measures(gains: ArrayLike, ideal: Sequence[ArrayLike]) -> dict[str, Matrix]:
    """Measures (q,) by name for the gains (q, depth) of ranked documents; 0 if no relevant document was ranked.

    `ideal` holds the gains of all judged documents of each query; gains above 0 are relevant. Measures: ndcg@10, mrr,
    recall@1, recall@10, recall@100, r_precision and map; mrr, r_precision and map use the whole depth. Queries without
    a relevant document are NaN, because all rankings are equal for them.
    """
    ranked = np.maximum(np.asarray(gains, dtype=np.float64), 0.0)
    best = [np.sort(positive[positive > 0])[::-1] for positive in map(np.asarray, ideal)]
    relevant = np.array([len(each) for each in best], dtype=np.float64)
    hits = ranked > 0
    found = hits.cumsum(axis=1)  # (q, depth) number of relevant documents up to each rank
    places = np.arange(1, ranked.shape[1] + 1)
    known = np.where(relevant > 0, relevant, np.nan)
    values = {
        MAIN: _discounted(ranked, 10)
        / np.where(relevant > 0, [_discounted(each[None], 10)[0] for each in best], np.nan),
        "mrr": np.max(hits / places, axis=1, initial=0.0) + 0.0 * known,
        **{f"recall@{cut}": _up_to(found, np.full(len(hits), cut)) / known for cut in CUTS},
        "r_precision": _up_to(found, relevant.astype(int)) / known,
        "map": (hits * found / places).sum(axis=1) / known,
    }
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}


def _discounted(gains: Matrix, cut: int) -> Matrix:
    """Σ gain / log2(1 + rank) over the first `cut` ranks: (q,)."""
    first = gains[:, :cut]
    total: Matrix = (first / np.log2(np.arange(2, first.shape[1] + 2))).sum(axis=1)
    return total


def _up_to(found: NDArray[np.int64], cuts: NDArray[np.int64]) -> Matrix:
    """Number of relevant documents among the first `cuts` (q,) ranks, or among all if fewer were ranked."""
    counts = np.concatenate([np.zeros((len(found), 1)), found], axis=1)
    return counts[np.arange(len(found)), np.minimum(cuts, found.shape[1])]


def intervals(
    values: Mapping[str, Matrix], *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """The mean of each measure over queries with a relevant document, with its 95 % interval."""
    return bootstrap_means(values, resamples=resamples, seed=seed)


def compare(first: Mapping[str, Matrix], reference: Matrix, *, seed: int = 0) -> dict[str, Compared]:
    """Comparison of each head's values (q,) of one measure with the reference's, paired by query.

    p comes from a sign-flip test over queries, exact up to 14 queries, else with 10,000 draws, and is Holm-corrected
    over heads.
    """
    differences = {
        name: paired(dict(enumerate(values.tolist())), dict(enumerate(reference.tolist())), seed=seed)
        for name, values in first.items()
    }
    corrected = holm([each.p for each in differences.values()])
    return {
        name: Compared(each, p, _said(each, p))
        for (name, each), p in zip(differences.items(), corrected, strict=True)
    }


def _said(difference: Difference, p: float) -> str:
    if difference.seeds == 0:
        return "no query to compare by"
    if difference.seeds == 1:
        return f"{difference.mean:+.3f} on one query, which says little"
    told = in_words(difference)
    return f"{told}; not significant after Holm's correction" if difference.holds and p >= 0.05 else told
