"""Whether the nearest neighbours of a point are still its nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError


def nearest(distances: ArrayLike, k: int = 10) -> NDArray[np.int64]:
    """The k nearest other points of each point, nearest first: (n, k) from distances (n, n).

    Of equally distant points the one with the lower number comes first.
    """
    square = np.array(distances, dtype=np.float64)
    if not 1 <= k < len(square):
        raise InputError(f"{k} neighbours of {len(square)} points do not exist.", remedy="Use 1 ≤ k < n.")
    np.fill_diagonal(square, np.inf)
    cut = np.partition(square, k - 1, axis=1)[:, k - 1 : k]  # (n, 1): distance of the k-th neighbour
    rows, columns = np.nonzero(square <= cut)  # ties at the cut give a row more than k
    order = np.lexsort((columns, square[rows, columns], rows))
    starts = np.searchsorted(rows, np.arange(len(square)))
    return columns[order][starts[:, None] + np.arange(k)]


def overlap(dx: ArrayLike, dz: ArrayLike, k: int = 10) -> float:
    """The mean share of a point's k nearest neighbours that stay among its k nearest: 0 to 1.

    `dx` and `dz` are distances (n, n) between the same points before and after. Two unrelated maps score
    `chance(n, k)`, not 0.
    """
    return shared(nearest(dx, k), nearest(dz, k))


def shared(before: NDArray[np.int64], after: NDArray[np.int64]) -> float:
    """The mean share of row i of `before` (n, k) that is also in row i of `after` (n, k)."""
    return float(common(before, after).sum() / before.size)


def common(before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of row i of `before` (n, k) are also in row i of `after` (n, k): (n,)."""
    n = len(before)
    offset = np.arange(n)[:, None] * n  # makes (row, neighbour) one number, so one call compares all
    return np.isin(before + offset, after + offset).sum(axis=1)


def chance(n: int, k: int = 10) -> float:
    """What `overlap` is expected to be between two unrelated maps of n points: k / (n - 1)."""
    return k / (n - 1)
