"""Distortion of distances: scale-free stress, Kruskal's non-metric stress, and the error of matched pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import ItemMetric
from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.pairs.kernels import row_sums
from qlatent.metrics.pairs.ranks import Ranking
from qlatent.metrics.value import Contributions, Undefined


@dataclass(frozen=True, slots=True)
class Shepard:
    """Distances of sampled pairs before and after (pairs,), and Kruskal's monotone fit at each pair."""

    before: Matrix
    after: Matrix
    fitted: Matrix
    pairs: int  # total number of pairs


def _root(value: float) -> float:
    return float(np.sqrt(max(value, 0.0)))


@ItemMetric
def stress(comparison: Comparison) -> Contributions:
    """Scale-free stress of all distances: 0 is perfect, 1 the worst.

    sqrt(Σ(D - α δ)² / ΣD²) with D before, δ after and the least-squares scale α = ΣDδ / Σδ², so that it does not depend
    on the units of the latents. Source: Smelser, Miller & Kobourov 2024.
    """
    d, delta, n = _pairs(comparison)
    products = [d * delta, d * d, delta * delta]
    a, b, c = (float(product.sum()) for product in products)
    kept = a * a / (b * c)  # = 1 - stress²
    by_a, by_b, by_c = (
        row_sums(product, n) / total for product, total in zip(products, (a, b, c), strict=True)
    )
    # stress² and, per point, n times its derivative by the point's weight
    influence = -kept * n * (2.0 * by_a - by_b - by_c)
    return Contributions(1.0 - kept + comparison.by_item(influence), comparison.sampled, finish=_root)


@ItemMetric
def kruskal_stress(comparison: Comparison) -> Contributions:
    """Kruskal's stress-1, the distortion that no monotone function of the distances explains: 0 is perfect.

    sqrt(Σ(δ - f(D))² / Σδ²), f the isotonic fit of the distances after to those before; pairs with equal D share one
    fitted value. Source: Kruskal 1964.
    """
    _, delta, n = _pairs(comparison)
    fitted = comparison.kept("isotonic", lambda: isotonic(comparison.before.geometry.ranking, delta))
    squares = [np.square(delta - fitted), delta * delta]
    left, total = (float(square.sum()) for square in squares)
    value = left / total
    by_left, by_total = (row_sums(square, n) for square in squares)
    # f minimises the stress, so to first order weights change the value as if f were fixed
    influence = n * (by_left - value * by_total) / total
    return Contributions(value + comparison.by_item(influence), comparison.sampled, finish=_root)


def isotonic(order: Ranking, values: Matrix) -> Matrix:
    """The isotonic fit of `values` (pairs,) to another quantity ranked by `order`: (pairs,)."""
    from sklearn.isotonic import isotonic_regression

    sorted_values = values[order.order]
    starts = np.flatnonzero(np.r_[True, order.ordered[1:] != order.ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(values)])
    fitted = isotonic_regression(np.add.reduceat(sorted_values, starts) / sizes, sample_weight=sizes)
    result = np.empty(len(values))
    result[order.order] = np.repeat(fitted, sizes)
    return result


def _pairs(comparison: Comparison) -> tuple[Matrix, Matrix, int]:
    before, after = comparison.sides()
    if not before.pairs.any():
        raise Undefined("all inputs coincide")
    if not after.pairs.any():
        raise Undefined("all latents coincide")
    return before.pairs, after.pairs, comparison.points


def shepard(comparison: Comparison, points: int = 2000, *, seed: int = 0) -> Shepard:
    """At most `points` random pairs of the joint set for a Shepard diagram; the curve is fitted to all pairs."""
    before, after = comparison.sides(points=2)
    total = len(before.pairs)
    taken = np.random.default_rng(seed).choice(total, size=min(points, total), replace=False)
    fitted = comparison.kept("isotonic", lambda: isotonic(before.ranking, after.pairs))
    return Shepard(before.pairs[taken], after.pairs[taken], fitted[taken], total)


@ItemMetric
def pair_error(comparison: Comparison) -> Contributions:
    """Mean |d_x - d_z| over matched pairs of the two modalities, in units of the distances: 0 is perfect.

    CLIP-ACQUA's own objective. A constant offset between modalities satisfies it, so read it together with metrics of
    all pairs.
    """
    comparison.pair()
    before, after = comparison.sides(points=2)
    image = np.arange(comparison.items)
    text = image + comparison.items
    error = np.abs(before.distances[image, text] - after.distances[image, text])
    return Contributions(error, comparison.sampled)
