"""Figures of single points by their nearest neighbours, from coordinates: no matrix of all distances is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from qlatent import spacing
from qlatent.errors import InputError
from qlatent.metrics.pairs.distances import pairwise
from qlatent.metrics.pairs.neighbours import common, nearest

Points = NDArray[np.floating]
K = 10
TREE_DIMENSIONS = 8  # a tree is faster than all distances up to about this many
FEW = 2000  # points whose distances are computed all at once
LABELLED = 2000  # points among which neighbours with the same label are sought


def nearest_points(points: Points, k: int = K) -> NDArray[np.int64]:
    """The k nearest other points of each of `points` (n, d) by Euclidean distance, nearest first: (n, k).

    A point never counts as its own neighbour, even among identical points. Raises `InputError` unless 1 ≤ k < n and
    all numbers are finite.
    """
    if not 1 <= k < len(points):
        raise InputError(f"{k} neighbours of {len(points)} points do not exist.", remedy="Use 1 ≤ k < n.")
    if not np.isfinite(points).all():
        raise InputError(
            "Neighbours need finite numbers; got NaN or infinity.", remedy="Leave such rows out."
        )
    if points.shape[1] <= TREE_DIMENSIONS:
        return _by_tree(points, k)
    if len(points) <= FEW:
        return nearest(pairwise(points), k)
    from sklearn.neighbors import NearestNeighbors  # takes a second to load

    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points)
    return search.kneighbors(return_distance=False).astype(np.int64)


def _by_tree(points: Points, k: int) -> NDArray[np.int64]:
    """One more neighbour is asked for, since a point finds itself first, or one identical to it."""
    found = cKDTree(points).query(points, k + 1)[1]
    own = found == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(points), k).astype(np.int64)


def neighbourhood_change(before: Points, after: Points, *, k: int = K) -> NDArray[np.float64]:
    """The share (n,) of each point's k nearest neighbours in `before` (n, d) that are not in `after` (n, e).

    0: all neighbours stayed; 1: none did. Points that are not finite on either side are NaN and nobody's neighbour; k
    is at most the number of other points, and with fewer than two points all are NaN.
    """
    if len(before) != len(after):
        raise InputError(
            f"{len(before)} points before and {len(after)} after cannot be compared.",
            remedy="Give the same points in the same order.",
        )
    change = np.full(len(before), np.nan)
    kept = np.flatnonzero(np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1))
    k = min(k, len(kept) - 1)
    if k >= 1:
        change[kept] = 1.0 - common(nearest_points(before[kept], k), nearest_points(after[kept], k)) / k
    return change


def labelled_sample(labels: Sequence[str | None], *, most: int = LABELLED) -> NDArray[np.intp]:
    """Positions of at most `most` points that have a label, evenly spaced and ascending."""
    named = np.flatnonzero([bool(label) for label in labels])
    return named[spacing.evenly(len(named), most)] if len(named) else named


def neighbour_accuracy(points: Points, labels: NDArray[np.generic], *, k: int = K) -> float:
    """The mean share of a point's k nearest neighbours that have its label: 0 to 1.

    `points` (n, d) and `labels` (n,) are those of the same items. Points that are not finite are left out; NaN with
    fewer than two points left.
    """
    kept = np.isfinite(points).all(axis=1)
    own = np.asarray(labels)[kept]
    k = min(k, len(own) - 1)
    if k < 1:
        return float("nan")
    return float((own[nearest_points(points[kept], k)] == own[:, None]).mean())
