"""Influence of each item on neighbourhood metrics, through its own and all other neighbourhoods, for intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.pairs.point_set import order_matrix, orders_of
from qlatent.metrics.statistics import jackknife
from qlatent.metrics.statistics.deletion_kernels import left_out, left_out_worse
from qlatent.metrics.statistics.jackknife import LeftOut

Orders = tuple[NDArray[np.int64], NDArray[np.int64]]

OVERLAP, TRUST, CONTINUITY = range(3)


def neighbourhood_influence(comparison: Comparison, figure: int) -> Matrix:
    """Values (items,) to resample for `OVERLAP`, `TRUST` or `CONTINUITY` of a comparison; their mean is the metric."""
    return comparison.kept("neighbourhood influence", lambda: _influence(comparison, neighbourhoods))[
        :, figure
    ]


def area_influence(comparison: Comparison) -> Matrix:
    """Values (items,) to resample for the area under R_NX; their mean is the metric."""
    return comparison.kept("area influence", lambda: _influence(comparison, area))[:, 0]


def _influence(comparison: Comparison, measured: Callable[..., LeftOut]) -> Matrix:
    """Moves on deleting each drawn item, calibrated by half-samples."""
    modalities, k = len(comparison.modalities), comparison.k
    before, after = comparison.sides()
    whole = measured(orders_of(before, after), np.arange(comparison.items), modalities, k)
    drawn = comparison.drawn(jackknife.CALIBRATED)
    half = -(-k // 2)
    if 2 * half >= len(drawn) // 2 * modalities or len(drawn) < 4:
        return jackknife.contributions(
            whole, 1.0
        )  # halves are too small: use the uncalibrated jackknife, which is too wide
    orders = orders_of(before, after)
    if len(drawn) < comparison.items:
        square = np.ix_(*[comparison.points_of(drawn)] * 2)
        orders = tuple(order_matrix(side.distances[square]) for side in (before, after))

    def statistic(items: NDArray[np.int64], halved: bool) -> LeftOut:
        return measured(orders, items, modalities, half if halved else k)

    return jackknife.contributions(whole, jackknife.share(statistic, len(drawn), seed=comparison.seed))


def neighbourhoods(orders: Orders, items: NDArray[np.int64], modalities: int, k: int) -> LeftOut:
    """Overlap, trustworthiness and continuity at k for some items of the orders (points, points), and their moves.

    Exact for one modality; with several, the points of an item are deleted one by one and their changes summed.
    """
    chosen, item = _points(orders, items, modalities)
    moved = np.zeros((len(item), 3))
    sums = left_out(*orders, chosen, item, k, moved)
    points = len(items) * modalities
    left = sums + _by_item(moved, items, modalities)
    return LeftOut(_scaled(sums, points, k), jackknife.moves_of(_scaled(left, points - modalities, k)))


def _scaled(sums: Matrix, points: int, k: int) -> Matrix:
    """The three metrics (…, 3) from their sums over `points` points."""
    worst = 0.5 * points * k * np.float64(2.0 * points - 3.0 * k - 1.0)  # excess that corresponds to 1
    shared, false, lost = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # some of the three may be undefined for few points
        return np.stack([shared / np.float64(points * k), 1.0 - false / worst, 1.0 - lost / worst], axis=-1)


def area(orders: Orders, items: NDArray[np.int64], modalities: int, k: int) -> LeftOut:
    """The area under R_NX for some items, and their moves: (1,), (items, 1); the weights stay those of all items."""
    chosen, item = _points(orders, items, modalities)
    points = len(items) * modalities
    table, offset = area_table(points)
    moved = np.zeros(len(item))
    total = left_out_worse(*orders, chosen, item, table, moved)
    left = (total + _by_item(moved, items, modalities)) / (points - modalities) - offset
    return LeftOut(np.array([total / points - offset]), jackknife.moves_of(left[:, None]))


def area_table(points: int) -> tuple[Matrix, float]:
    """Contribution to the area of R_NX of a neighbour whose worse rank is r = 0 … points - 1, and the offset."""
    k = np.arange(1.0, points - 1)
    weights = (1.0 / k) / (1.0 / k).sum()
    table = np.zeros(points)  # the neighbour is common at every k ≥ r
    table[1 : points - 1] = np.cumsum((weights * (points - 1) / (k * (points - 1 - k)))[::-1])[::-1]
    table[0] = table[1]
    return table, float((weights * k / (points - 1 - k)).sum())


def _points(
    orders: Orders, items: NDArray[np.int64], modalities: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Mask of the points that belong to the items, and the item of each point."""
    total = len(orders[0]) // modalities
    chosen = np.zeros(total, dtype=np.bool_)
    chosen[items] = True
    return np.tile(chosen, modalities), np.tile(np.arange(total), modalities)


def _by_item(moved: Matrix, items: NDArray[np.int64], modalities: int) -> Matrix:
    """The sum over the points of each chosen item: (items, …)."""
    return moved.reshape(modalities, -1, *moved.shape[1:]).sum(axis=0)[items]
