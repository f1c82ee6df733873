"""Confidence intervals (95 %) of metrics by resampling items, never pairs of points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.pairs.kernels import above, row_sums
from qlatent.metrics.pairs.ranks import Ranking, at_once

RESAMPLES = 2000
LEVEL = 0.95
BLOCK = 4_000_000  # weights per block: 32 MB


class Estimate(NamedTuple):
    """A value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def bootstrap_means(
    contributions: Mapping[str, ArrayLike], *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """The mean of each array of contributions (n,), one per item, with its percentile bootstrap interval.

    Arrays of equal length share one matrix of multinomial weights (resamples, n): one matrix product gives all means,
    and the intervals use the same resamples. NaN marks an item without a contribution, which is omitted from numerator
    and denominator. Without any contribution the result is NaN.
    """
    values = {name: np.asarray(given, dtype=np.float64) for name, given in contributions.items()}
    result: dict[str, Estimate] = {}
    for length in sorted({len(value) for value in values.values()}):
        group = {name: value for name, value in values.items() if len(value) == length}
        table = np.column_stack(list(group.values()))  # (n, metrics)
        result |= dict(zip(group, _intervals(table, resamples, seed), strict=True))
    return {name: result[name] for name in values}


def _intervals(table: Matrix, resamples: int, seed: int) -> list[Estimate]:
    known = ~np.isnan(table)
    counts = known.sum(axis=0)
    means = np.divide(np.where(known, table, 0.0).sum(axis=0), counts, where=counts > 0, out=_nan(counts))
    centred = np.where(known, table - means, 0.0)  # so that equal contributions give an interval of width 0
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    drawn = _resampled(centred, known, resamples, seed)  # (resamples, metrics)
    found = []
    for column, mean in enumerate(means):
        defined = drawn[~np.isnan(drawn[:, column]), column]
        low, high = mean + np.quantile(defined, tails) if len(defined) else (np.nan, np.nan)
        found.append(Estimate(float(mean), float(low), float(high)))
    return found


def _nan(like: NDArray[np.int64]) -> Matrix:
    return np.full(like.shape, np.nan)


def _resampled(centred: Matrix, known: NDArray[np.bool_], resamples: int, seed: int) -> Matrix:
    rng = np.random.default_rng(seed)
    n = len(centred)
    parts = []
    for start in range(0, resamples if n else 0, block := max(1, BLOCK // max(n, 1))):
        rows = min(block, resamples - start)
        drawn = rng.integers(0, n, size=(rows, n)) + np.arange(rows)[:, None] * n
        weights = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)
        sums = weights @ centred
        present = np.full_like(sums, n) if known.all() else weights @ known.astype(np.float64)
        parts.append(np.divide(sums, present, where=present > 0, out=np.full_like(sums, np.nan)))
    return np.concatenate(parts) if parts else np.empty((0, centred.shape[1]))


def grouped_jackknife(
    statistic: Callable[[NDArray[np.int64]], float], n: int, *, groups: int = 20, seed: int = 0
) -> Estimate:
    """`statistic` of all rows 0 … n-1, with a delete-a-group jackknife interval.

    Rows are assigned to `groups` groups, or n groups if there are fewer rows; `statistic` takes the ascending numbers
    of the remaining rows. The interval is value ± t s, s² = (G-1)/G Σ(θ_g - mean θ)², Student's t with G-1 degrees of
    freedom. Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 11.
    """
    value = float(statistic(np.arange(n)))
    groups = min(groups, n)
    if groups < 2:
        return Estimate(value, np.nan, np.nan)
    group = np.random.default_rng(seed).permutation(n) % groups
    left = np.array([statistic(np.flatnonzero(group != g)) for g in range(groups)])
    error = np.sqrt((groups - 1) / groups * np.square(left - left.mean()).sum())
    half = float(stdtrit(groups - 1, (1 + LEVEL) / 2) * error)
    return Estimate(value, value - half, value + half)


def spearman_contributions(x: Ranking, z: Ranking, *, points: int, modalities: int = 1) -> Matrix:
    """Contribution of each item to Spearman's rho over all pairs of `points` points: (items,), with mean rho.

    `x` and `z` rank the condensed distances. An item's pairs contribute their own product of ranks and their shift of
    the ranks of all others: h(p) = F_x F_z + A(x) + B(z), A(x) = sum of F_z over pairs with larger x (half of equal
    ones), B likewise. The item's contribution is rho + 2 (mean h of its pairs - mean h), the first-order influence of a
    statistic of pairs. Points of one item are `points / modalities` rows apart. The normalisation of tied ranks is
    treated as fixed. Source: Hoeffding 1948; Efron & Tibshirani 1993, ch. 21.
    """
    rho = float(x.unit @ z.unit)
    h = _shifted_products(x, z)  # (pairs,)
    means = row_sums(h, points) / (points - 1)  # (points,) mean h of the pairs of a point
    per_point = rho + 2.0 * (len(h) * means - 3.0 * rho)
    return per_point.reshape(modalities, -1).mean(axis=0)


def rank_contributions(x: Ranking, z: Ranking) -> Matrix:
    """Contribution of each of n independent items to Spearman's rho between its two values: (n,), with mean rho.

    rho + n h(i) − 3 rho with h of `spearman_contributions`: the first-order influence of an item on the correlation
    and on the ranks of all others, including its effect on the rank variance through ties.
    """
    rho = float(x.unit @ z.unit)
    h = _shifted_products(x, z)
    return len(h) * h - 2.0 * rho + rho * (_of_ties(x) + _of_ties(z))


def _of_ties(x: Ranking) -> Matrix:
    """Minus half the influence of each item on log V, where V = (1 − Σ p³) / 12 is the variance of ranks.

    p is the fraction of items with the same value; the influence on log V is −3 (p(i)² − Σ p³) / (1 − Σ p³).
    """
    _, group, sizes = np.unique(x.ordered, return_inverse=True, return_counts=True)
    shares = sizes / len(x.ordered)
    cubes = float((shares**3).sum())
    result = np.empty(len(x.ordered))
    result[x.order] = 1.5 * (shares[group] ** 2 - cubes) / (1.0 - cubes)
    return result


def _shifted_products(x: Ranking, z: Ranking) -> Matrix:
    """h of each value: the product of its ranks plus its shift of other ranks; the sum over values is 3 rho."""
    h = x.unit * z.unit
    shifts = at_once(
        lambda: above(x.order, x.ordered, z.unit / x.length),
        lambda: above(z.order, z.ordered, x.unit / z.length),
    )
    h += shifts[0]
    h += shifts[1]
    return h
