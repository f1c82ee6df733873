"""Nearest neighbours, and their overlap before and after a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError


def nearest(distances: ArrayLike, k: int = 10) -> NDArray[np.int64]:
    """The k nearest neighbours of each point, nearest first: (n, k) from distances (n, n).

    Ties are ordered by point number.
    """
    square = np.array(distances, dtype=np.float64)
    if not 1 <= k < len(square):
        raise InputError(f"{k} neighbours of {len(square)} points do not exist.", remedy="Use 1 ≤ k < n.")
    np.fill_diagonal(square, np.inf)
    cut = np.partition(square, k - 1, axis=1)[:, k - 1 : k]  # (n, 1): distance of the k-th neighbour
    rows, columns = np.nonzero(square <= cut)  # ties at the cut give more than k per row
    order = np.lexsort((columns, square[rows, columns], rows))
    starts = np.searchsorted(rows, np.arange(len(square)))
    return columns[order][starts[:, None] + np.arange(k)]


def overlap(dx: ArrayLike, dz: ArrayLike, k: int = 10) -> float:
    """Mean fraction of a point's k nearest neighbours that remain among its k nearest: 0 to 1.

    `dx` and `dz` are distances (n, n) between the same points before and after. The expected value for unrelated maps
    is `chance(n, k)`, not 0.
    """
    return shared(nearest(dx, k), nearest(dz, k))


def shared(before: NDArray[np.int64], after: NDArray[np.int64]) -> float:
    """Mean fraction of row i of `before` (n, k) that is also in row i of `after` (n, k)."""
    return float(common(before, after).sum() / before.size)


def common(before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of entries of row i of `before` (n, k) that are also in row i of `after` (n, k): (n,)."""
    n = len(before)
    offset = (
        np.arange(n)[:, None] * n
    )  # encodes (row, neighbour) as one number, so that one call compares all
    return np.isin(before + offset, after + offset).sum(axis=1)


def chance(n: int, k: int = 10) -> float:
    """Expected `overlap` of two unrelated maps of n points: k / (n - 1)."""
    return k / (n - 1)
