"""Distances between vectors, and how well one set of distances follows another."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError

Metric = Literal["euclidean", "cosine"]
Matrix = NDArray[np.float64]

BLOCK = 1024  # rows at a time: a block of 1,024 x 20,000 doubles is 160 MB
CANCELLED = 1e-6  # below this share of |a|^2 + |b|^2 the subtraction has lost too many digits


def pairwise(x: ArrayLike, metric: Metric = "euclidean") -> Matrix:
    """Distances between all rows of `x` (n, d): (n, n) float64, symmetric, zero on the diagonal.

    Euclidean distances come from |a|^2 + |b|^2 - 2ab in float64; pairs so close that this cancels are
    computed again from the difference, so that the relative error stays below 1e-9. Cosine distance is 1 -
    cos, in [0, 2]; a zero vector has distance 1 to everything but itself.
    """
    points = _matrix(x)
    if metric == "cosine":
        return _cosine(points)
    if metric != "euclidean":
        raise InputError(f"There is no distance called {metric!r}.", remedy="Use 'euclidean' or 'cosine'.")
    points = points - points.mean(axis=0) if len(points) else points  # a far-off centre would eat the digits
    squares = np.einsum("ij,ij->i", points, points)
    result = np.empty((len(points), len(points)))
    for start in range(0, len(points), BLOCK):
        rows = slice(start, start + BLOCK)
        result[rows] = _block(points, squares, rows)
    result = np.minimum(result, result.T)  # the product's rounding differs by a bit between (i, j) and (j, i)
    np.fill_diagonal(result, 0.0)
    return result


def _matrix(x: ArrayLike) -> Matrix:
    points = np.asarray(x, dtype=np.float64)
    if points.ndim != 2:
        raise InputError(f"Distances need an array of shape (n, d); got {points.shape}.")
    if not np.isfinite(points).all():
        raise InputError("Distances need finite numbers; got NaN or infinity.")
    return points


def _block(points: Matrix, squares: Matrix, rows: slice) -> Matrix:
    scale = squares[rows, None] + squares[None, :]
    squared = scale - 2.0 * (points[rows] @ points.T)  # (block, n)
    near = np.argwhere(squared < CANCELLED * scale)
    for start in range(0, len(near), BLOCK * 16):
        i, j = near[start : start + BLOCK * 16].T
        squared[i, j] = np.square(points[rows][i] - points[j]).sum(axis=1)
    return np.sqrt(np.maximum(squared, 0.0))


def _cosine(points: Matrix) -> Matrix:
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    unit = np.divide(points, norms, out=np.zeros_like(points), where=norms > 0)
    result = 1.0 - np.clip(unit @ unit.T, -1.0, 1.0)
    result = np.minimum(result, result.T)
    np.fill_diagonal(result, 0.0)
    return result


def matched(a: ArrayLike, b: ArrayLike) -> Matrix:
    """Euclidean distance of row i of `a` from row i of `b` (both (n, d)): (n,) float64."""
    return np.linalg.norm(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64), axis=1)


def condensed(distances: ArrayLike) -> Matrix:
    """The upper triangle of a distance matrix (n, n), row by row: (n(n-1)/2,)."""
    square = np.asarray(distances, dtype=np.float64)
    rows = np.arange(len(square))
    return square[rows[:, None] < rows[None, :]]


def ranks(values: ArrayLike) -> Matrix:
    """Average ranks of `values`, centred and scaled to length 1, so that a dot product is Spearman's rho."""
    given = np.asarray(values, dtype=np.float64)
    order = np.argsort(given)
    ordered = given[order]
    places = np.arange(len(given), dtype=np.float64)
    if (ordered[1:] == ordered[:-1]).any():  # equal values share the mean of their places
        _, group, sizes = np.unique(ordered, return_inverse=True, return_counts=True)
        places = (np.cumsum(sizes) - (sizes + 1) / 2.0)[group]
    centred = places - (len(given) - 1) / 2.0
    length = np.linalg.norm(centred)
    ranked = np.full(len(given), np.nan)
    if length > 0:
        ranked[order] = centred / length
    return ranked


def spearman(dx: ArrayLike, dz: ArrayLike) -> float:
    """Spearman's rank correlation between the pairs of two distance matrices (n, n): -1 to 1.

    NaN where it is undefined: fewer than three points, or all distances equal on one side.
    """
    return float(ranks(condensed(dx)) @ ranks(condensed(dz))) if len(np.asarray(dx)) > 2 else float("nan")


def pair_error(dx_pairs: ArrayLike, dz_pairs: ArrayLike) -> float:
    """Mean |d_x - d_z| over matched pairs, in the units of the distances; NaN without pairs."""
    difference = np.asarray(dx_pairs, dtype=np.float64) - np.asarray(dz_pairs, dtype=np.float64)
    return float(np.abs(difference).mean()) if difference.size else float("nan")
