"""Preservation of neighbourhoods: trustworthiness, continuity, overlap, LCMC, and the change at each point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import influence
from qlatent.metrics.metric import ItemMetric
from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.pairs.kernels import rank_excess
from qlatent.metrics.pairs.neighbours import chance, common
from qlatent.metrics.pairs.point_set import neighbours_of
from qlatent.metrics.value import Contributions, Undefined


@dataclass(frozen=True, slots=True)
class NeighbourhoodChange:
    """Change of the neighbourhood of each point of the joint set (points,), first modality first.

    `change` is 1 - the fraction of the k nearest neighbours before that remain after. `trust` is low for points with
    false neighbours on the map, `continuity` for points that lost true ones; both are NaN if k ≥ points / 2.
    """

    change: Matrix
    trust: Matrix
    continuity: Matrix


def intrusion(distances: Matrix, neighbours: NDArray[np.int64]) -> Matrix:
    """1 - 2 / (k (2n - 3k - 1)) Σ (rank - k) over `neighbours` (n, k) ranked by `distances`, per point: (n,).

    Its mean is trustworthiness for distances before and neighbours after, and continuity for distances after and
    neighbours before. Source: Venna & Kaski 2001, as in scikit-learn.
    """
    n, k = neighbours.shape
    return 1.0 - rank_excess(distances, neighbours) * (2.0 / (k * (2.0 * n - 3.0 * k - 1.0)))


def _trust(comparison: Comparison) -> Matrix:
    _need_twice(comparison)
    before, after = comparison.sides()
    _, near = neighbours_of(before, after)
    return comparison.kept("trust", lambda: intrusion(before.distances, near))


def _continuity(comparison: Comparison) -> Matrix:
    _need_twice(comparison)
    before, after = comparison.sides()
    return comparison.kept("continuity", lambda: intrusion(after.distances, before.neighbours))


def _overlap(comparison: Comparison) -> Matrix:
    if comparison.k >= comparison.points:
        raise Undefined(
            f"k = {comparison.k} needs more than {comparison.k} points; there are {comparison.points}"
        )
    near = neighbours_of(*comparison.sides(points=2))
    return comparison.kept("overlap", lambda: common(*near) / comparison.k)


def _need_twice(comparison: Comparison) -> None:
    if 2 * comparison.k >= comparison.points:
        raise Undefined(
            f"k = {comparison.k} needs more than {2 * comparison.k} points; there are {comparison.points}"
        )


def _contributions(
    comparison: Comparison, per_point: Matrix, figure: int, less: float = 0.0
) -> Contributions:
    """A neighbourhood metric; its interval resamples each item's influence, also through others' neighbourhoods."""
    return Contributions(
        comparison.by_item(per_point), comparison.sampled,
        finish=lambda value: min(value, 1.0 - less),
        influence=lambda: influence.neighbourhood_influence(comparison, figure) - less,
    )  # fmt: skip


@ItemMetric
def trustworthiness(comparison: Comparison) -> Contributions:
    """Trustworthiness at k, which penalises false neighbours after by their ranks before: 1 perfect, about 0.5 random.

    Source: Venna & Kaski 2001. Undefined for k ≥ points / 2.
    """
    return _contributions(comparison, _trust(comparison), influence.TRUST)


@ItemMetric
def continuity(comparison: Comparison) -> Contributions:
    """Continuity at k, which penalises lost neighbours (trustworthiness with sides swapped): 1 perfect, 0.5 random."""
    return _contributions(comparison, _continuity(comparison), influence.CONTINUITY)


@ItemMetric
def neighbour_overlap(comparison: Comparison) -> Contributions:
    """Mean fraction of the k nearest before that are among the k nearest after: 0 to 1, chance k / (n - 1)."""
    return _contributions(comparison, _overlap(comparison), influence.OVERLAP)


@ItemMetric
def lcmc(comparison: Comparison) -> Contributions:
    """Neighbour overlap minus chance: at most 1 - k / (n - 1), 0 for unrelated maps. Source: Chen & Buja 2009."""
    overlap = _overlap(comparison)
    unrelated = chance(comparison.points, comparison.k)
    return _contributions(comparison, overlap - unrelated, influence.OVERLAP, less=unrelated)


def neighbourhood_change(comparison: Comparison) -> NeighbourhoodChange:
    """The change of each point's neighbourhood, for colouring maps; all NaN with k points or fewer."""
    unknown = np.full(comparison.points, np.nan)
    if comparison.k >= comparison.points:
        return NeighbourhoodChange(unknown, unknown, unknown)
    change = 1.0 - _overlap(comparison)
    if 2 * comparison.k >= comparison.points:
        return NeighbourhoodChange(change, unknown, unknown)
    return NeighbourhoodChange(change, _trust(comparison), _continuity(comparison))
