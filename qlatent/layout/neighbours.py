"""Nearest neighbours of points, the input of every layout that is not linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.types import Progress

Metric = Literal["cosine", "euclidean"]
Points = NDArray[np.floating]
BLOCK = 4096  # points searched between two reports of progress


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest known points of each point, nearest first; of a known point, the first is the point itself."""

    rows: NDArray[np.int32]  # (n, k)
    distances: NDArray[np.float32]  # (n, k)


def nearest(
    points: Points, *, k: int, metric: Metric = "cosine", progress: Progress | None = None
) -> Neighbours:
    """The `k` nearest of `points` (n, d) to each of them, itself included and first; all n if there are fewer.

    Exact, in n² time; `progress` hears of the points searched. The cosine distance is 1 - cos. Raises `InputError` for
    NaN, infinity and an unknown metric.
    """
    ready = _ready(points, metric)
    k = min(k, len(ready))
    found = _searched(ready, ready, min(k + 1, len(ready)), progress)
    return _scaled(itself_first(found, k), metric)


def nearest_known(
    new: Points, known: Points, *, k: int, metric: Metric = "cosine", progress: Progress | None = None
) -> Neighbours:
    """The `k` nearest of the `known` points (n, d) to each of the `new` ones (m, d); exact, nearest first."""
    if np.shape(new)[1:] != np.shape(known)[1:]:
        raise InputError(
            f"New points of {np.shape(new)[1]} numbers do not fit a layout of points of {np.shape(known)[1]}.",
            remedy="Use vectors of the same encoder and head.",
        )
    asked, there = _ready(new, metric), _ready(known, metric)
    return _scaled(_searched(there, asked, min(k, len(there)), progress), metric)


def _ready(points: Points, metric: str) -> NDArray[np.float32]:
    """The points whose Euclidean distances order them as `metric` does."""
    if metric not in ("cosine", "euclidean"):
        raise InputError(f"There is no distance called {metric!r}.", remedy="Use 'cosine' or 'euclidean'.")
    if np.ndim(points) != 2 or not np.isfinite(points).all():
        raise InputError(f"A layout needs finite points of shape (n, d); got {np.shape(points)}.")
    ready = lengths.unit(points) if metric == "cosine" else np.asarray(points)
    return np.ascontiguousarray(ready, dtype=np.float32)


def _searched(known: Points, asked: Points, k: int, progress: Progress | None) -> Neighbours:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(known)
    rows = np.empty((len(asked), k), dtype=np.int32)
    distances = np.empty((len(asked), k), dtype=np.float32)
    for start in range(0, len(asked), BLOCK):
        if progress is not None:
            progress(start, len(asked))
        block = slice(start, start + BLOCK)
        distances[block], rows[block] = search.kneighbors(asked[block])
    return Neighbours(rows, distances)


def itself_first(found: Neighbours, k: int) -> Neighbours:
    """Each known point before its neighbours, `k` in all.

    Among copies of a point a search may name another one first, or not the point itself.
    """
    own = np.arange(len(found.rows), dtype=np.int32)[:, None]
    order = np.argsort(found.rows != own, axis=1, kind="stable")  # itself, then the others as they were
    rows = np.take_along_axis(found.rows, order, axis=1)[:, :k]
    distances = np.take_along_axis(found.distances, order, axis=1)[:, :k]
    missing = rows[:, 0] != own[:, 0]  # more than k copies: the nearest of them makes room
    rows[missing, 0] = own[missing, 0]
    distances[:, 0] = 0.0
    return Neighbours(rows, distances)


def _scaled(found: Neighbours, metric: str) -> Neighbours:
    """Distances of the metric: |a - b|² = 2 (1 - cos) for unit vectors."""
    if metric == "euclidean":
        return found
    return Neighbours(found.rows, (np.square(found.distances) / 2).astype(np.float32))
