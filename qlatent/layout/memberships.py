"""The weighted graph of neighbours that UMAP lays out: how strongly each point belongs to each of its neighbours.

The formulas are umap-learn's `smooth_knn_dist`, `compute_membership_strengths` and `fuzzy_simplicial_set`, in numpy,
since those compile for several seconds in every process; a test holds that the results are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.layout.neighbours import Neighbours

Distances = NDArray[np.float64]  # (n, k), each row ascending
HALVINGS = 64
CLOSE = 1e-5  # of the sum of memberships to its goal
SMALLEST = 1e-3  # width of a neighbourhood, in mean distances


def graph(neighbours: Neighbours) -> Any:
    """The symmetric graph (n, n) of points and their neighbours, the point itself first: a sparse matrix of weights.

    A point belongs to a neighbour by exp(-(d - ρ) / σ), with ρ the distance of its nearest other and σ such that its
    memberships sum to log2 k; two points are joined if one belongs to the other: a + b - ab (McInnes et al. 2018, §3).
    """
    distances = neighbours.distances.astype(np.float64)
    nearest = _nearest_other(distances)
    strengths = _strengths(distances, nearest)
    strengths[:, 0] = 0.0  # the point itself
    one_way = _matrix(neighbours, strengths, len(strengths)).tocsr()
    one_way.eliminate_zeros()
    other_way = one_way.T.tocsr()
    both = one_way + other_way - one_way.multiply(other_way)
    both.eliminate_zeros()
    return both


def along(neighbours: Neighbours) -> Any:
    """The distances (n, n) along the edges of `graph`, as densMAP needs them, by pair of points."""
    there = _matrix(neighbours, neighbours.distances, len(neighbours.rows)).tocsr()
    return there.maximum(there.T.tocsr()).todok()


def to_known(neighbours: Neighbours, known: int) -> Any:
    """The strengths (m, known) with which new points belong to known ones: a sparse matrix.

    As in UMAP's transform no distance is taken off, so that a new point without a close neighbour belongs to none.
    """
    distances = neighbours.distances.astype(np.float64)
    return _matrix(neighbours, _strengths(distances, np.zeros(len(distances))), known)


def _strengths(distances: Distances, nearest: NDArray[np.float64]) -> Distances:
    widths = _widths(distances, nearest)
    beyond = np.maximum(distances - nearest[:, None], 0.0)
    share = np.divide(beyond, widths[:, None], out=np.zeros_like(beyond), where=widths[:, None] > 0)
    return np.exp(-share)


def _nearest_other(distances: Distances) -> NDArray[np.float64]:
    """The smallest distance above 0 of each row; 0 for a row of copies."""
    others = np.where(distances > 0, distances, np.inf).min(axis=1)
    return np.where(np.isfinite(others), others, 0.0)


def _widths(distances: Distances, nearest: NDArray[np.float64]) -> NDArray[np.float64]:
    """σ of each row, by bisection of the sum of memberships; the first neighbour does not count."""
    goal = np.log2(distances.shape[1])
    beyond = np.maximum(distances[:, 1:] - nearest[:, None], 0.0)
    low, high, middle = (np.full(len(distances), value) for value in (0.0, np.inf, 1.0))
    open_rows = np.arange(len(distances))
    for _ in range(HALVINGS):
        reached = np.exp(-beyond[open_rows] / middle[open_rows, None]).sum(axis=1)
        missed = np.abs(reached - goal) >= CLOSE
        open_rows, reached = open_rows[missed], reached[missed]
        if not len(open_rows):
            break
        above, below = open_rows[reached > goal], open_rows[reached <= goal]
        high[above], low[below] = middle[above], middle[below]
        bounded = np.isfinite(high[open_rows])
        middle[open_rows] = np.where(
            bounded, (low[open_rows] + np.where(bounded, high[open_rows], 0.0)) / 2, 2 * middle[open_rows]
        )
    usual = np.where(nearest > 0, distances.mean(axis=1), distances.mean())
    return np.maximum(middle, SMALLEST * usual)


def _matrix(neighbours: Neighbours, values: NDArray[np.floating], columns: int) -> Any:
    from scipy.sparse import coo_matrix

    count, k = neighbours.rows.shape
    rows = np.repeat(np.arange(count, dtype=np.int32), k)
    content = (values.ravel().astype(np.float32), (rows, neighbours.rows.ravel()))
    return coo_matrix(content, shape=(count, columns))
