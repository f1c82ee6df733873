"""Rank correlations between the distances before and after."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import ItemMetric, metric
from qlatent.metrics.pairs import sampling
from qlatent.metrics.pairs.distances import Matrix, condensed, ranks
from qlatent.metrics.pairs.point_set import rankings_of
from qlatent.metrics.statistics.uncertainty import grouped_jackknife, spearman_contributions
from qlatent.metrics.value import Contributions, MetricValue, Undefined

KENDALL_POINTS = 300  # its 45,000 pairs are evaluated 21 times
SPLIT_POINTS = 600
NEAREST = 0.1  # fraction of pairs that counts as local


def _bounded(value: float) -> float:
    return float(np.clip(value, -1.0, 1.0))


@ItemMetric
def spearman(comparison: Comparison) -> Contributions:
    """Spearman's rank correlation between all pairwise distances before and after: -1 to 1, 1 preserves their order.

    The interval uses the first-order influence of each item on its pairs and on the ranks.
    """
    x, z = rankings_of(*comparison.sides())
    _need_spread(x.length, z.length)
    values = spearman_contributions(x, z, points=comparison.points, modalities=len(comparison.modalities))
    return Contributions(values, comparison.sampled, finish=_bounded)


def _need_spread(before: float, after: float) -> None:
    if not before:
        raise Undefined("all distances between the inputs are equal")
    if not after:
        raise Undefined("all distances between the latents are equal")


@metric
def kendall(comparison: Comparison) -> MetricValue:
    """Kendall's tau-b between pairwise distances before and after, on at most 300 points: -1 to 1."""
    from scipy.stats import kendalltau

    return _jackknifed(comparison, lambda x, z: float(kendalltau(x, z).statistic), points=KENDALL_POINTS)


@metric
def local_spearman(comparison: Comparison) -> MetricValue:
    """Spearman's correlation among the smallest tenth of the input distances, on at most 600 points: -1 to 1."""
    return _jackknifed(comparison, lambda x, z: split_spearman(x, z)[0], points=SPLIT_POINTS)


@metric
def global_spearman(comparison: Comparison) -> MetricValue:
    """Spearman's correlation without the smallest tenth of the input distances, on at most 600 points: -1 to 1."""
    return _jackknifed(comparison, lambda x, z: split_spearman(x, z)[1], points=SPLIT_POINTS)


def split_spearman(x: Matrix, z: Matrix) -> tuple[float, float]:
    """Spearman's correlation of distances `x` and `z` (pairs,) among the smallest tenth by `x`, and among the rest."""
    near = x <= np.quantile(x, NEAREST)
    return _rho(x[near], z[near]), _rho(x[~near], z[~near])


def _rho(x: Matrix, z: Matrix) -> float:
    return float(ranks(x) @ ranks(z)) if len(x) > 1 else float("nan")


def _jackknifed(
    comparison: Comparison, statistic: Callable[[Matrix, Matrix], float], *, points: int
) -> MetricValue:
    """A statistic of pairwise distances with its jackknife interval, on at most `points` points of the joint set."""
    modalities = len(comparison.modalities)
    drawn = comparison.drawn(points)
    before, after = comparison.sides()

    def of(rows: NDArray[np.int64]) -> float:
        taken = comparison.points_of(drawn[rows])
        if len(taken) < 3:  # a single distance has no rank
            return float("nan")
        square = np.ix_(taken, taken)
        return statistic(condensed(before.distances[square]), condensed(after.distances[square]))

    everything = comparison.points_of(drawn)
    square = np.ix_(everything, everything)
    _need_spread(*(float(np.ptp(condensed(side.distances[square]))) for side in (before, after)))
    estimate = grouped_jackknife(of, len(drawn), seed=comparison.seed)
    if np.isnan(estimate.value):
        raise Undefined("all distances of one part are equal")
    told = sampling.described(
        len(drawn), comparison.before.items, points=len(drawn) * modalities, seed=comparison.seed
    )
    return MetricValue(estimate.value, _bounded(estimate.low), _bounded(estimate.high), len(drawn), told)
