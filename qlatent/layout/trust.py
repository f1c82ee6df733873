"""How far each point of a map can be believed, and which points stand apart."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.layout.neighbours import Metric, Neighbours

Values = NDArray[np.float64]  # (n,)
BLOCK = 4096


def local_trust(vectors: Neighbours, places: Neighbours) -> Values:
    """The share of each point's neighbours on the map that are neighbours among the vectors too: (n,), 0 to 1.

    Both hold the same k for the same points, each point itself first; it does not count. NaN for a lone point.
    """
    if vectors.rows.shape != places.rows.shape:
        raise InputError(
            f"Neighbours {vectors.rows.shape} and {places.rows.shape} cannot be compared.",
            remedy="Use the same points and the same number of neighbours.",
        )
    count, k = places.rows.shape
    if k < 2:
        return np.full(count, np.nan)
    shared = np.empty(count)
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        same = places.rows[block, 1:, None] == vectors.rows[block, None, 1:]  # (block, k - 1, k - 1)
        shared[block] = same.any(axis=2).mean(axis=1)
    return shared


def outlier_factor(points: NDArray[np.floating], *, k: int = 20, metric: Metric = "cosine") -> Values:
    """The local outlier factor of each of `points` (n, d): about 1 in the midst of others, larger for one apart.

    The mean density around the `k` nearest divided by the density around the point: Breunig et al. 2000, in
    scikit-learn. Fewer than three points have factor 1.
    """
    from sklearn.neighbors import LocalOutlierFactor

    if len(points) < 3:
        return np.ones(len(points))
    ready = lengths.unit(points) if metric == "cosine" else np.asarray(points)
    with warnings.catch_warnings():
        # k or more copies of a point: its density is infinite and its factor 1
        warnings.filterwarnings("ignore", message="Duplicate values are leading")
        found = LocalOutlierFactor(n_neighbors=min(k, len(points) - 1)).fit(ready.astype(np.float64))
    return np.asarray(-found.negative_outlier_factor_, dtype=np.float64)
