"""Spectrum and shape of the latents: CKA, effective rank, alignment and uniformity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import ItemMetric, metric
from qlatent.metrics.pairs.distances import Matrix, condensed, matched, pairwise, unit
from qlatent.metrics.pairs.kernels import row_sums
from qlatent.metrics.statistics.uncertainty import grouped_jackknife
from qlatent.metrics.value import Contributions, MetricValue, Undefined

Statistic = Callable[[NDArray[np.int64]], float]  # takes point numbers of the joint set

NOISE = 1e-13  # eigenvalues below this fraction of the largest are rounding errors


class UnbiasedCKA:
    """Linear CKA with unbiased HSIC between two sets of features (n, d) and (n, k) of the same points.

    HSIC₁(K, L) = (tr KL + 1ᵀK1 1ᵀL1 / ((n-1)(n-2)) - 2/(n-2) 1ᵀKL1) / (n(n-3)), K and L Gram matrices with zero
    diagonals; CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)). It is 1 for equal geometry up to rotation and scale,
    about 0 for unrelated features, and may be slightly negative by chance. Source: Song et al. 2012; Nguyen, Raghu &
    Kornblith 2021.
    """

    def __init__(self, x: Matrix, z: Matrix) -> None:
        self.grams = [_gram(x), _gram(z)]
        k, gram = self.grams
        self.products = {(0, 1): k * gram, (0, 0): k * k, (1, 1): gram * gram}

    def of(self, points: NDArray[np.int64]) -> float:
        """CKA of the given points; NaN for fewer than four, or if one side is constant."""
        chosen = np.zeros(len(self.grams[0]))
        chosen[points] = 1.0
        if len(points) < 4:
            return float("nan")
        sums = [(gram @ chosen) * chosen for gram in self.grams]
        cross, own, other = (self._hsic(pair, sums, chosen) for pair in self.products)
        return cross / float(np.sqrt(own * other)) if own > 0 and other > 0 else float("nan")

    def _hsic(self, pair: tuple[int, int], sums: list[Matrix], chosen: Matrix) -> float:
        n = chosen.sum()
        k, gram = sums[pair[0]], sums[pair[1]]
        trace = chosen @ (self.products[pair] @ chosen)
        means = k.sum() * gram.sum() / ((n - 1) * (n - 2)) - 2.0 / (n - 2) * (k @ gram)
        return float((trace + means) / (n * (n - 3)))


def _gram(x: Matrix) -> Matrix:
    centred = x - x.mean(axis=0)  # HSIC₁ is translation-invariant; centring preserves precision
    gram = centred @ centred.T
    np.fill_diagonal(gram, 0.0)
    return gram


@metric
def cka(comparison: Comparison) -> MetricValue:
    """Unbiased linear CKA between inputs and latents of the joint set: 1 for equal geometry, 0 for unrelated."""
    if comparison.points < 4:
        raise Undefined(f"needs at least 4 points; there are {comparison.points}")
    for side, name in ((comparison.before.stacked, "inputs"), (comparison.stacked, "latents")):
        if not np.ptp(side, axis=0).any():
            raise Undefined(f"all {name} coincide")
    similarity = UnbiasedCKA(comparison.before.stacked, comparison.stacked)
    return _jackknifed(comparison, similarity.of, high=1.0)


@metric
def effective_rank(comparison: Comparison) -> MetricValue:
    """exp of the entropy of the normalised singular values of the centred latents: 1 to the number of dimensions.

    Known as RankMe, here after centring the joint set. Low values indicate collapse; compare with PCA of the same
    width. Source: Roy & Vetterli 2007; Garrido et al. 2023.
    """
    z = comparison.stacked
    if comparison.points < 2 or not np.ptp(z, axis=0).any():
        raise Undefined("all latents coincide")
    return _jackknifed(comparison, lambda points: rank_of(z[points]), low=1.0, high=float(min(z.shape)))


def rank_of(z: Matrix) -> float:
    """The effective rank of the centred rows of `z` (n, k); NaN if all rows are equal."""
    centred = z - z.mean(axis=0)
    gram = centred.T @ centred if z.shape[1] <= len(z) else centred @ centred.T
    squares = np.linalg.eigvalsh(gram)
    values = np.sqrt(squares[squares > NOISE * squares[-1]])
    if not len(values) or not values.sum():
        return float("nan")
    shares = values / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _jackknifed(
    comparison: Comparison, statistic: Statistic, *, low: float = -np.inf, high: float = np.inf
) -> MetricValue:
    """A statistic of points of the joint set with its delete-a-group jackknife interval."""
    estimate = grouped_jackknife(
        lambda items: statistic(comparison.points_of(items)), comparison.items, seed=comparison.seed
    )
    if np.isnan(estimate.value):
        raise Undefined("one side does not vary enough")
    ends = np.clip([estimate.low, estimate.high], low, high)
    return MetricValue(estimate.value, float(ends[0]), float(ends[1]), comparison.items, comparison.sampled)


@ItemMetric
def alignment(comparison: Comparison) -> Contributions:
    """Mean squared distance of matched latents on the unit sphere: 0 (equal directions) to 4 (opposite).

    Not meaningful for latents whose length carries information. Source: Wang & Isola 2020.
    """
    one, other = comparison.pair()
    rows = comparison.before.rows
    a, b = (np.asarray(comparison.latents[name][rows], dtype=np.float64) for name in (one, other))
    values = np.square(matched(unit(a), unit(b)))
    zero = ~(a.any(axis=1) & b.any(axis=1))
    return Contributions(np.where(zero, np.nan, values), comparison.sampled, note=_left_out(int(zero.sum())))


@ItemMetric
def uniformity(comparison: Comparison) -> Contributions:
    """log of the mean of exp(-2 d²) over all pairs on the unit sphere: 0 (collapsed) to -4; lower is more uniform.

    Not meaningful for latents whose length carries information. Source: Wang & Isola 2020.
    """
    comparison.sides()
    z = unit(comparison.stacked)
    whole = z.any(axis=1).reshape(len(comparison.modalities), -1).all(axis=0)  # (items,)
    points = comparison.points_of(np.flatnonzero(whole))
    if len(points) < 3:
        raise Undefined("fewer than three latents have a direction")
    closeness = np.exp(-2.0 * np.square(condensed(pairwise(z[points]))))
    mean = float(closeness.mean())
    per_point = row_sums(closeness, len(points)) / (len(points) - 1)
    values = np.full(comparison.items, np.nan)
    values[whole] = mean + 2.0 * (comparison.by_item(per_point) - mean)  # influence on a mean over pairs
    note = _left_out(int((~whole).sum()))
    return Contributions(values, comparison.sampled, finish=_log, note=note)


def _log(value: float) -> float:
    return float(np.log(max(value, np.finfo(np.float64).tiny)))


def _left_out(items: int) -> str:
    return f"{items} items with a zero vector left out" if items else ""
