"""Distances between vectors, and rank correlation between sets of distances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent import lengths
from qlatent.errors import InputError

Matrix = NDArray[np.float64]
Metric = Literal["euclidean", "cosine", "log_fidelity"]
Distance = Metric | Callable[[Matrix, Matrix], Matrix]  # a callable maps (n, d) and (m, d) to (n, m)

BLOCK = 64  # rows per block: 64 x 2,000 doubles fit into the cache
NEAR = 16_384  # close pairs per block, computed from differences
TILE = 256
CANCELLED = 1e-6  # threshold of cancellation, relative to |a|^2 + |b|^2
FIDELITY_FLOOR = 1e-12  # lower bound of a qubit's fidelity: distances of orthogonal states stay finite
ROUNDED = 1e-6  # tolerance by which an expectation value may exceed [-1, 1]
FACTORS = 32  # overlaps of at least 1e-6 multiplied before taking a logarithm: 1e-192 is still a double


def pairwise(x: ArrayLike, metric: Distance = "euclidean") -> Matrix:
    """Distances between all rows of `x` (n, d): (n, n) float64, symmetric with zero diagonal.

    Euclidean distances are computed as |a|^2 + |b|^2 - 2ab in float64; pairs close enough for cancellation are
    recomputed from the difference, so that the relative error stays below 1e-9. Cosine distance is 1 - cos, in
    [0, 2]; a zero vector has distance 1 to everything but itself. "log_fidelity" takes rows as expectation values in
    [-1, 1] of product states: minus the sum over columns of log((1 + z_u z_v + sqrt(1 - z_u^2) sqrt(1 - z_v^2)) / 2),
    each factor at least 1e-12. A callable is called with (x, x); its result is symmetrised by the smaller of (i, j)
    and (j, i).
    """
    points = _matrix(x)
    result = np.array(_between(points, points, metric), order="C", copy=callable(metric) or None)
    _symmetrise(result)  # rounding of the product may differ between (i, j) and (j, i)
    np.fill_diagonal(result, 0.0)
    return result


def _symmetrise(square: Matrix) -> None:
    """Sets (i, j) and (j, i) to the smaller of the two, tile by tile, in place."""
    for top in range(0, len(square), TILE):
        for left in range(0, top + 1, TILE):
            tile, other = (
                square[top : top + TILE, left : left + TILE],
                square[left : left + TILE, top : top + TILE],
            )
            tile[:] = np.minimum(tile, other.T)
            other[:] = tile.T


def between(a: ArrayLike, b: ArrayLike, metric: Distance = "euclidean") -> Matrix:
    """Distances between rows of `a` (n, d) and of `b` (m, d): (n, m) float64; metrics as in `pairwise`."""
    left, right = _matrix(a), _matrix(b)
    if left.shape[1] != right.shape[1]:
        raise InputError(f"Rows of {left.shape[1]} and of {right.shape[1]} numbers have no distance.")
    return _between(left, right, metric)


def _between(left: Matrix, right: Matrix, metric: Distance) -> Matrix:
    if callable(metric):
        return _checked(np.asarray(metric(left, right), dtype=np.float64), (len(left), len(right)))
    if metric not in _BETWEEN:
        raise _unknown(metric)
    return _BETWEEN[metric](left, right)


def _unknown(metric: object) -> InputError:
    return InputError(
        f"There is no distance called {metric!r}.",
        remedy="Use 'euclidean' or 'cosine', or 'log_fidelity' for expectation values.",
    )


def _matrix(x: ArrayLike) -> Matrix:
    points = np.asarray(x, dtype=np.float64)
    if points.ndim != 2:
        raise InputError(f"Distances need an array of shape (n, d); got {points.shape}.")
    if not np.isfinite(points).all():
        raise InputError("Distances need finite numbers; got NaN or infinity.")
    return points


def _checked(result: Matrix, shape: tuple[int, int]) -> Matrix:
    if result.shape != shape or not np.isfinite(result).all():
        raise InputError(f"The distance gave shape {result.shape}; expected finite numbers of shape {shape}.")
    return result


def _euclidean(left: Matrix, right: Matrix) -> Matrix:
    centre = right.mean(axis=0) if len(right) else 0.0  # centring avoids cancellation for a distant centre
    same = left is right  # the product x xᵀ costs half as much
    right = right - centre
    left = right if same else left - centre
    result = left @ right.T  # (n, m), converted to distances in place
    squares, others = (np.einsum("ij,ij->i", x, x) for x in (left, right))
    for start in range(0, len(left), BLOCK):
        rows = slice(start, start + BLOCK)
        _finish(result[rows], squares[rows, None] + others[None, :], left[rows], right)
    return result


def _finish(product: Matrix, scale: Matrix, left: Matrix, right: Matrix) -> None:
    """Converts scalar products (block, m) to distances in place; `scale` is |a|^2 + |b|^2."""
    product *= -2.0
    product += scale
    scale *= CANCELLED
    near = np.argwhere(product < scale)
    for start in range(0, len(near), NEAR):
        i, j = near[start : start + NEAR].T
        product[i, j] = np.square(left[i] - right[j]).sum(axis=1)
    np.maximum(product, 0.0, out=product)
    np.sqrt(product, out=product)


def _cosine(left: Matrix, right: Matrix) -> Matrix:
    result = unit(left) @ unit(right).T
    np.clip(result, -1.0, 1.0, out=result)
    return np.subtract(1.0, result, out=result)


def unit(x: Matrix) -> Matrix:
    """The rows of `x` (n, d) normalised to length 1; zero vectors stay zero."""
    return lengths.unit(x)


def _log_fidelity(left: Matrix, right: Matrix) -> Matrix:
    """Minus the log of the product of the qubits' fidelities, which are squared overlaps of real amplitudes."""
    (up, down), (other_up, other_down) = _amplitudes(left), _amplitudes(right)
    result = np.zeros((len(left), len(right)))
    product = np.ones_like(result)
    for qubit in range(left.shape[1]):
        overlap = np.multiply.outer(up[:, qubit], other_up[:, qubit])  # (n, m)
        overlap += np.multiply.outer(down[:, qubit], other_down[:, qubit])
        product *= np.maximum(overlap, FIDELITY_FLOOR**0.5, out=overlap)
        if qubit % FACTORS == FACTORS - 1:
            result -= 2.0 * np.log(product)
            product.fill(1.0)
    return np.maximum(result - 2.0 * np.log(product), 0.0)


def _amplitudes(z: Matrix) -> tuple[Matrix, Matrix]:
    if z.size and np.abs(z).max() > 1.0 + ROUNDED:
        raise InputError(
            f"Log-fidelity needs expectation values between -1 and 1; got {np.abs(z).max():.4g}.",
            remedy="Use 'euclidean' or 'cosine' for latents that are not expectation values.",
        )
    z = np.clip(z, -1.0, 1.0)
    return np.sqrt((1.0 + z) / 2.0), np.sqrt((1.0 - z) / 2.0)


_BETWEEN: dict[str, Callable[[Matrix, Matrix], Matrix]] = {
    "euclidean": _euclidean,
    "cosine": _cosine,
    "log_fidelity": _log_fidelity,
}


def matched(a: ArrayLike, b: ArrayLike, *, metric: Metric = "euclidean") -> Matrix:
    """Distance between rows i of `a` and `b` (both (n, d)), as in `between`: (n,) float64."""
    left, right = _matrix(a), _matrix(b)
    if left.shape != right.shape:
        raise InputError(f"Arrays of shape {left.shape} and {right.shape} cannot be matched row by row.")
    if metric not in _MATCHED:
        raise _unknown(metric)
    return _MATCHED[metric](left, right)


def _matched_cosine(left: Matrix, right: Matrix) -> Matrix:
    return 1.0 - np.clip(np.einsum("nd,nd->n", unit(left), unit(right)), -1.0, 1.0)


def _matched_log_fidelity(left: Matrix, right: Matrix) -> Matrix:
    (up, down), (other_up, other_down) = _amplitudes(left), _amplitudes(right)
    overlaps = np.maximum(up * other_up + down * other_down, FIDELITY_FLOOR**0.5)  # (n, d)
    return np.maximum(-2.0 * np.log(overlaps).sum(axis=1), 0.0)


_MATCHED: dict[str, Callable[[Matrix, Matrix], Matrix]] = {
    "euclidean": lambda left, right: lengths.lengths(left - right),
    "cosine": _matched_cosine,
    "log_fidelity": _matched_log_fidelity,
}


def condensed(distances: ArrayLike) -> Matrix:
    """The upper triangle of a distance matrix (n, n), row by row: (n(n-1)/2,)."""
    square = np.asarray(distances, dtype=np.float64)
    rows = np.arange(len(square))
    return square[rows[:, None] < rows[None, :]]


def ranks(values: ArrayLike) -> Matrix:
    """Average ranks of `values`, centred and normalised, so that a dot product is Spearman's rho."""
    given = np.asarray(values, dtype=np.float64)
    order = np.argsort(given)
    ordered = given[order]
    places = np.arange(len(given), dtype=np.float64)
    if (ordered[1:] == ordered[:-1]).any():  # ties get their mean rank
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

    NaN for fewer than three points, or if all distances of one side are equal.
    """
    return float(ranks(condensed(dx)) @ ranks(condensed(dz))) if len(np.asarray(dx)) > 2 else float("nan")


def pair_error(dx_pairs: ArrayLike, dz_pairs: ArrayLike) -> float:
    """Mean |d_x - d_z| over matched pairs, in the units of the distances; NaN without pairs."""
    difference = np.asarray(dx_pairs, dtype=np.float64) - np.asarray(dz_pairs, dtype=np.float64)
    return float(np.abs(difference).mean()) if difference.size else float("nan")
