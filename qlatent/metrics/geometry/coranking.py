"""Co-ranking curves: neighbour overlap at every k, the area under the curve, and the local–global split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry.influence import area_influence, area_table
from qlatent.metrics.metric import ItemMetric
from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.pairs.kernels import worse_rank_counts, worse_rank_sums
from qlatent.metrics.value import Contributions


@dataclass(frozen=True, slots=True)
class CoRanking:
    """The curves over k = 1 … n-1, and the split of Lee & Verleysen 2009.

    `q` is Q_NX(k), the mean fraction of common neighbours at k. `r` is R_NX(k), rescaled to 0 for random and 1 for
    perfect (NaN at k = n-1). `k_max` maximises Q_NX(k) - k/(n-1); `q_local` is the mean of Q_NX up to `k_max`,
    `q_global` from `k_max` on.
    """

    k: Matrix
    q: Matrix
    r: Matrix
    k_max: int
    q_local: float
    q_global: float


def co_ranking(comparison: Comparison) -> CoRanking:
    """The co-ranking curves of a comparison; `Undefined` for fewer than three points."""
    before, after = comparison.sides()
    return co_ranking_curves(worse_rank_counts(before.ranks, after.ranks))


def co_ranking_within(comparison: Comparison) -> CoRanking:
    """The curves of the neighbours within each modality, the mean of all; of one modality those of `co_ranking`."""
    counts = []
    for modality in comparison.modalities:
        before, after = comparison.alone(modality).sides()
        counts.append(worse_rank_counts(before.ranks, after.ranks))
    return co_ranking_curves(np.mean(counts, axis=0))


def co_ranking_curves(counts: Matrix) -> CoRanking:
    """The curves from counts (n,) of ordered pairs with max(rank before, rank after) = r, r = 0 … n-1."""
    n = len(counts)
    k = np.arange(1.0, n)
    q = np.cumsum(counts[1:]) / (k * n)
    r = np.full(n - 1, np.nan)
    r[:-1] = ((n - 1) * q[:-1] - k[:-1]) / (n - 1 - k[:-1])
    split = int(np.argmax(q - k / (n - 1)))
    return CoRanking(k, q, r, split + 1, float(q[: split + 1].mean()), float(q[split:].mean()))


@ItemMetric
def co_ranking_auc(comparison: Comparison) -> Contributions:
    """Area under R_NX(k) with weights 1/k, which gives all scales equal weight: 1 perfect, 0 random.

    AUC = Σ R_NX(k)/k / Σ 1/k over k = 1 … n-2. Source: Lee, Peluffo-Ordóñez & Verleysen 2015.
    """
    before, after = comparison.sides()
    table, offset = area_table(comparison.points)
    area = worse_rank_sums(before.ranks, after.ranks, table) - offset
    values = comparison.by_item(area)
    return Contributions(values, comparison.sampled, influence=lambda: area_influence(comparison))
