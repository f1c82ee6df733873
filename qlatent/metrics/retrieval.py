"""Whether an image still finds its text and a text its image: ranks of the matched partner in the whole corpus.

Each item is asked for in both directions, and its figure is the mean of the two. One item is relevant, the
matched partner. Ties count against it: the partner comes last among equally near ones (within one part in a
billion). Items whose vector on the answering side is the same in the inputs as the partner's are the same
answer, and compete with nobody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics import sampling
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.distances import Distance, Matrix, between
from qlatent.metrics.figure import Contributions, ItemMetric
from qlatent.metrics.pair_kernels import count_rivals

Numbers = NDArray[np.int64]

CORPUS = 20_000  # distances to each other: 400 million, some seconds
BLOCK = 512
DIAGONAL = 32
TIED = 1e-9


def partner_ranks(
    a: Matrix, b: Matrix, *, distance: Distance = "euclidean", groups: tuple[Numbers, Numbers] | None = None
) -> Numbers:
    """The rank of row i of `b` (n, k) seen from row i of `a` (n, k), and the other way round: (2, n), from 1.

    `groups` holds numbers (n,) for the rows of a and of b: rows of one number count as one answer.
    """
    n = len(a)
    rows, columns = groups or (np.arange(n), np.arange(n))
    limits = np.concatenate(
        [np.diag(between(a[s : s + DIAGONAL], b[s : s + DIAGONAL], distance)) for s in range(0, n, DIAGONAL)]
    )
    limits = limits * (1.0 + TIED)
    rivals = np.zeros((2, n), dtype=np.int64)
    for first in range(0, n, BLOCK):
        block = np.ascontiguousarray(between(a[first : first + BLOCK], b, distance))
        count_rivals(block, limits, rows, columns, first, rivals)
    return rivals + 1


def same_rows(x: Matrix) -> Numbers:
    """A number for each row of `x` (n, d), equal for equal rows: (n,)."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), len(seen)) for row in np.ascontiguousarray(x)])


def _ranks(comparison: Comparison) -> tuple[Matrix, str]:
    """Ranks (2, n) of the partners of all items, or of 20,000 drawn ones, and which they are in words."""
    one, other = comparison.pair()
    total, seed = comparison.before.items, comparison.seed
    rows = sampling.drawn_rows(total, modalities=1, sample=CORPUS, seed=seed)
    inputs, latents = comparison.before.inputs, comparison.latents
    groups = same_rows(inputs[one][rows]), same_rows(inputs[other][rows])
    ranks = partner_ranks(
        latents[one][rows], latents[other][rows], distance=comparison.distance, groups=groups
    )
    told = sampling.described(len(rows), total, points=len(rows), seed=seed)
    return ranks.astype(np.float64), f"{told}; a corpus of {len(rows):,}, both directions"


def _mean_over_directions(comparison: Comparison, gain: Matrix | None, cut: int) -> Contributions:
    ranks, told = comparison.kept("partner ranks", lambda: _ranks(comparison))
    gains = (
        1.0 / ranks
        if gain is None
        else np.where(ranks <= cut, gain[np.minimum(ranks, cut).astype(int) - 1], 0.0)
    )
    return Contributions(gains.mean(axis=0), told)


def _recall(comparison: Comparison, cut: int) -> Contributions:
    return _mean_over_directions(comparison, np.ones(cut), cut)


@ItemMetric
def recall_at_1(comparison: Comparison) -> Contributions:
    """The share of queries whose partner comes first: 0 to 1, chance 1 / corpus."""
    return _recall(comparison, 1)


@ItemMetric
def recall_at_5(comparison: Comparison) -> Contributions:
    """The share of queries whose partner is among the first five: 0 to 1, chance 5 / corpus."""
    return _recall(comparison, 5)


@ItemMetric
def recall_at_10(comparison: Comparison) -> Contributions:
    """The share of queries whose partner is among the first ten: 0 to 1, chance 10 / corpus."""
    return _recall(comparison, 10)


@ItemMetric
def mrr(comparison: Comparison) -> Contributions:
    """The mean of 1 / rank of the partner: 0 to 1, 1 puts every partner first."""
    return _mean_over_directions(comparison, None, 0)


@ItemMetric
def ndcg_at_10(comparison: Comparison) -> Contributions:
    """Normalised discounted cumulative gain at 10, one relevant item of gain 1: 1 / log2(1 + rank), 0 beyond 10."""
    return _mean_over_directions(comparison, 1.0 / np.log2(np.arange(2.0, 12.0)), 10)
