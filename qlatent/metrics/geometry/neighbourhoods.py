"""Whether neighbourhoods survive a head: trustworthiness, continuity, overlap, and where on the map they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.figure import Contributions, Undefined
from qlatent.metrics.geometry import influence
from qlatent.metrics.metric import ItemMetric
from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.pairs.kernels import rank_excess
from qlatent.metrics.pairs.neighbours import chance, common
from qlatent.metrics.pairs.point_set import neighbours_of


@dataclass(frozen=True, slots=True)
class NeighbourhoodChange:
    """What happened around each point of the joint set, in its order (all of the first modality first): (points,).

    `change` is 1 - the share of the k nearest before that are among them after. `trust` is low where
    neighbours on the map are false, `continuity` where true ones were lost; NaN where k ≥ points / 2.
    """

    change: Matrix
    trust: Matrix
    continuity: Matrix


def intrusion(distances: Matrix, neighbours: NDArray[np.int64]) -> Matrix:
    """Per point 1 - 2 / (k (2n - 3k - 1)) Σ (rank - k) over `neighbours` (n, k) ranked by `distances`: (n,).

    With distances before and neighbours after, its mean is trustworthiness; with distances after and
    neighbours before, continuity. Source: Venna & Kaski 2001, as in scikit-learn.
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
    """A figure of neighbourhoods; resampled is how items move it, through the neighbourhoods of others too."""
    return Contributions(
        comparison.by_item(per_point), comparison.sampled,
        finish=lambda value: min(value, 1.0 - less),
        influence=lambda: influence.neighbourhood_influence(comparison, figure) - less,
    )  # fmt: skip


@ItemMetric
def trustworthiness(comparison: Comparison) -> Contributions:
    """How few neighbours after are false ones: 1 is perfect, about 0.5 is random; by ranks before, at k.

    Source: Venna & Kaski 2001. Undefined for k ≥ points / 2.
    """
    return _contributions(comparison, _trust(comparison), influence.TRUST)


@ItemMetric
def continuity(comparison: Comparison) -> Contributions:
    """How few neighbours before were lost: 1 is perfect, about 0.5 is random; trustworthiness with sides swapped."""
    return _contributions(comparison, _continuity(comparison), influence.CONTINUITY)


@ItemMetric
def neighbour_overlap(comparison: Comparison) -> Contributions:
    """The mean share of the k nearest before that are among the k nearest after: 0 to 1, chance k / (n - 1)."""
    return _contributions(comparison, _overlap(comparison), influence.OVERLAP)


@ItemMetric
def lcmc(comparison: Comparison) -> Contributions:
    """Neighbour overlap minus chance: at most 1 - k / (n - 1), 0 for unrelated maps. Source: Chen & Buja 2009."""
    overlap = _overlap(comparison)
    unrelated = chance(comparison.points, comparison.k)
    return _contributions(comparison, overlap - unrelated, influence.OVERLAP, less=unrelated)


def neighbourhood_change(comparison: Comparison) -> NeighbourhoodChange:
    """How much each point's neighbourhood changed, for colouring maps; all NaN with k points or fewer."""
    unknown = np.full(comparison.points, np.nan)
    if comparison.k >= comparison.points:
        return NeighbourhoodChange(unknown, unknown, unknown)
    change = 1.0 - _overlap(comparison)
    if 2 * comparison.k >= comparison.points:
        return NeighbourhoodChange(change, unknown, unknown)
    return NeighbourhoodChange(change, _trust(comparison), _continuity(comparison))
