"""Cross-modal retrieval between matched images and texts: rank of the partner in the whole corpus.

Each item is a query in both directions, and its value is the mean of the two. The matched partner is the only relevant
item. Ties count against it: the partner ranks last among equally near items (within one part in a billion). Items
whose input vector on the target side equals the partner's are the same answer, and are not rivals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import ItemMetric
from qlatent.metrics.pairs import sampling
from qlatent.metrics.pairs.distances import Distance, Matrix, between
from qlatent.metrics.pairs.kernels import count_rivals
from qlatent.metrics.statistics import jackknife
from qlatent.metrics.statistics.deletion_kernels import count_moves
from qlatent.metrics.statistics.jackknife import LeftOut
from qlatent.metrics.value import Contributions

Numbers = NDArray[np.int64]

CORPUS = 20_000  # maximum size: 400 million distances take some seconds
BLOCK = 512
DIAGONAL = 32
TIED = 1e-9

GAINS: dict[str, Callable[[Matrix], Matrix]] = {
    "recall_at_1": lambda ranks: (ranks <= 1).astype(np.float64),
    "recall_at_5": lambda ranks: (ranks <= 5).astype(np.float64),
    "recall_at_10": lambda ranks: (ranks <= 10).astype(np.float64),
    "mrr": lambda ranks: 1.0 / ranks,
    "ndcg_at_10": lambda ranks: np.where(ranks <= 10, 1.0 / np.log2(1.0 + ranks), 0.0),
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Matched latents (n, k) of two modalities, with group numbers (n,) that are equal for identical answers."""

    a: Matrix
    b: Matrix
    distance: Distance
    groups: tuple[Numbers, Numbers]

    def __len__(self) -> int:
        return len(self.a)

    def limits(self) -> Matrix:
        """The distance of each matched pair plus a rounding margin: (n,)."""
        parts = [
            np.diag(between(self.a[s : s + DIAGONAL], self.b[s : s + DIAGONAL], self.distance))
            for s in range(0, len(self), DIAGONAL)
        ]
        return np.concatenate(parts) * (1.0 + TIED)

    def blocks(self) -> Iterator[tuple[int, Matrix]]:
        """Blocks of distances from rows of a to all of b, each with the number of its first row."""
        for first in range(0, len(self), BLOCK):
            yield first, np.ascontiguousarray(between(self.a[first : first + BLOCK], self.b, self.distance))

    def of(self, rows: Numbers) -> Corpus:
        """The corpus restricted to the given items."""
        return Corpus(self.a[rows], self.b[rows], self.distance, (self.groups[0][rows], self.groups[1][rows]))


def partner_ranks(
    a: Matrix, b: Matrix, *, distance: Distance = "euclidean", groups: tuple[Numbers, Numbers] | None = None
) -> Numbers:
    """The rank of row i of `b` (n, k) for query row i of `a` (n, k), and the reverse: (2, n), from 1.

    `groups` holds group numbers (n,) of the rows of a and of b; rows of one group count as one answer.
    """
    alone = np.arange(len(a))
    return _partner_ranks(Corpus(a, b, distance, groups or (alone, alone)))


def _partner_ranks(corpus: Corpus) -> Numbers:
    limits = corpus.limits()
    rivals = np.zeros((2, len(corpus)), dtype=np.int64)
    for first, block in corpus.blocks():
        count_rivals(block, limits, *corpus.groups, first, rivals)
    return rivals + 1


def same_rows(x: Matrix) -> Numbers:
    """A group number for each row of `x` (n, d), equal for equal rows: (n,)."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), len(seen)) for row in np.ascontiguousarray(x)])


def _corpus(comparison: Comparison) -> Corpus:
    """The corpus of all items, or of 20,000 random ones."""
    pair = comparison.pair()
    rows = sampling.drawn_rows(comparison.before.items, modalities=1, sample=CORPUS, seed=comparison.seed)
    one, other = (comparison.latents[name][rows] for name in pair)
    groups = [same_rows(comparison.before.inputs[name][rows]) for name in pair]
    return Corpus(one, other, comparison.distance, (groups[0], groups[1]))


def _gained(comparison: Comparison, name: str) -> Contributions:
    corpus = comparison.kept("corpus", lambda: _corpus(comparison))
    ranks = comparison.kept("partner ranks", lambda: _partner_ranks(corpus).astype(np.float64))
    total, n = comparison.before.items, len(corpus)
    told = sampling.described(n, total, points=n, seed=comparison.seed)

    def influence() -> Matrix:
        made = comparison.kept("retrieval", lambda: _influence(corpus, ranks, comparison.seed))
        return made[:, list(GAINS).index(name)]

    told = f"{told}; a corpus of {n:,}, both directions"
    return Contributions(
        GAINS[name](ranks).mean(axis=0), told, finish=lambda value: min(value, 1.0), influence=influence
    )


def _influence(corpus: Corpus, ranks: Matrix, seed: int) -> Matrix:
    """Values to resample for each of `GAINS`: (n, gains). Deleting a query also removes a rival of all others."""
    n = len(corpus)
    limits, rises = corpus.limits(), np.ascontiguousarray(_rises(ranks, 1.0))
    moved = np.zeros((n, len(GAINS)))
    for first, block in corpus.blocks():
        count_moves(block, limits, *corpus.groups, first, rises, moved)
    whole = _left_out(ranks, moved)
    if n < 4:
        return jackknife.contributions(whole, 1.0)
    drawn = sampling.drawn_rows(n, modalities=1, sample=jackknife.CALIBRATED, seed=seed)
    rivals = _rivals(corpus.of(drawn))

    def statistic(rows: Numbers, halved: bool) -> LeftOut:
        step = 2.0 if halved else 1.0  # with half the rivals each counts twice
        those = rivals[:, rows[:, None], rows]
        places = 1.0 + step * those.sum(axis=2)
        rises = _rises(places, step)
        return _left_out(places, sum(each.T @ rise for each, rise in zip(those, rises, strict=True)))

    return jackknife.contributions(whole, jackknife.share(statistic, len(drawn), seed=seed))


def _rivals(corpus: Corpus) -> Matrix:
    """Whether j is a rival of the partner of i, in both directions: (2, n, n), 0 or 1."""
    distances, limits = between(corpus.a, corpus.b, corpus.distance), corpus.limits()[:, None]
    rows, columns = corpus.groups
    there = (distances <= limits) & (columns != columns[:, None])
    back = (limits >= distances.T) & (rows != rows[:, None])
    return np.stack([there, back]).astype(np.float64)


def _rises(ranks: Matrix, step: float) -> Matrix:
    """The rise of each gain with one rival less: (2, n, gains)."""
    better = np.maximum(ranks - step, 1.0)
    return np.stack([gain(better) - gain(ranks) for gain in GAINS.values()], axis=-1)


def _left_out(ranks: Matrix, moved: Matrix) -> LeftOut:
    """The mean gains for ranks (2, n), and their moves if deleting an item adds `moved` (n, gains)."""
    gains = np.stack([gain(ranks) for gain in GAINS.values()], axis=-1).mean(axis=0)
    total, n = gains.sum(axis=0), len(gains)
    return LeftOut(total / n, jackknife.moves_of((total - gains + moved / 2.0) / max(n - 1, 1)))


@ItemMetric
def recall_at_1(comparison: Comparison) -> Contributions:
    """Fraction of queries whose partner ranks first: 0 to 1, chance 1 / corpus."""
    return _gained(comparison, "recall_at_1")


@ItemMetric
def recall_at_5(comparison: Comparison) -> Contributions:
    """Fraction of queries whose partner is among the first five: 0 to 1, chance 5 / corpus."""
    return _gained(comparison, "recall_at_5")


@ItemMetric
def recall_at_10(comparison: Comparison) -> Contributions:
    """Fraction of queries whose partner is among the first ten: 0 to 1, chance 10 / corpus."""
    return _gained(comparison, "recall_at_10")


@ItemMetric
def mrr(comparison: Comparison) -> Contributions:
    """Mean reciprocal rank of the partner: 0 to 1, 1 if every partner ranks first."""
    return _gained(comparison, "mrr")


@ItemMetric
def ndcg_at_10(comparison: Comparison) -> Contributions:
    """Normalised discounted cumulative gain at 10 with one relevant item: mean of 1 / log2(1 + rank), 0 beyond 10."""
    return _gained(comparison, "ndcg_at_10")
