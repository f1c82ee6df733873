"""Clusters of points on a map, with what belongs to none, and the point that stands for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import ConfigError

SAMPLED = (
    20_000  # points; of more so many are clustered, and the others join the cluster of the nearest of them
)
SMALLEST = 5  # points of a cluster, at least
SHARE = 200  # by default a cluster has one point in so many of the map

Places = NDArray[np.floating]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Clusters:
    """The cluster of each point, numbered from 0 in order of size, -1 for noise."""

    numbers: Numbers  # (n,)
    count: int
    noise: float  # share of points in no cluster, also where they were given to the nearest

    def members(self, number: int) -> Numbers:
        """The points of one cluster."""
        return np.flatnonzero(self.numbers == number)


def clusters(places: Places, *, smallest: int = 0, fill: bool = False, seed: int = 0) -> Clusters:
    """The dense regions of `places` (n, c) by HDBSCAN: Campello, Moulavi & Sander 2013, in scikit-learn.

    A cluster has at least `smallest` points; 0 takes one in 200 of the points, and at least 5. With `fill`, noise joins
    the cluster of the nearest point that has one. Above 20,000 points, so many are drawn with `seed`.
    """
    if smallest == 1 or smallest < 0:
        raise ConfigError(f"A cluster has at least 2 points; got {smallest}.")
    places = np.asarray(places, dtype=np.float64)
    least = smallest or max(SMALLEST, len(places) // SHARE)
    drawn = np.arange(len(places))
    if len(places) > SAMPLED:
        drawn = np.sort(np.random.default_rng(seed).choice(len(places), SAMPLED, replace=False))
        least = max(2, round(least * SAMPLED / len(places)))
    numbers = np.full(len(places), -1, dtype=np.int64)
    numbers[drawn] = _dense(places[drawn], least)
    if len(drawn) < len(places):
        rest = np.setdiff1d(np.arange(len(places)), drawn)
        numbers[rest] = numbers[drawn][_nearest(places[drawn], places[rest])]
    noise = float((numbers < 0).mean()) if len(numbers) else 0.0
    numbers = _by_size(numbers)
    if fill and 0.0 < noise < 1.0:
        inside, outside = np.flatnonzero(numbers >= 0), np.flatnonzero(numbers < 0)
        numbers[outside] = numbers[inside][_nearest(places[inside], places[outside])]
    return Clusters(numbers, int(numbers.max(initial=-1)) + 1, noise)


def centres(points: Places, numbers: Numbers) -> Numbers:
    """The point that stands for each cluster 0, 1, …: the one with the least squared distance to all its members.

    `points` (n, d) may be the vectors or the places; that point is the nearest to the mean.
    """
    points = np.asarray(points, dtype=np.float64)
    found = []
    for number in range(int(numbers.max(initial=-1)) + 1):
        rows = np.flatnonzero(numbers == number)
        away = np.square(points[rows] - points[rows].mean(axis=0)).sum(axis=1)
        found.append(rows[away.argmin()])
    return np.array(found, dtype=np.int64)


def _dense(places: Places, least: int) -> Numbers:
    from sklearn.cluster import HDBSCAN

    if len(places) < max(least, 2):
        return np.full(len(places), -1, dtype=np.int64)
    return np.asarray(HDBSCAN(min_cluster_size=least, copy=True).fit(places).labels_, dtype=np.int64)


def _nearest(known: Places, asked: Places) -> Numbers:
    from scipy.spatial import KDTree

    return np.asarray(KDTree(known).query(asked)[1], dtype=np.int64)


def _by_size(numbers: Numbers) -> Numbers:
    """The same clusters, the largest first."""
    names, counts = np.unique(numbers[numbers >= 0], return_counts=True)
    order = np.full(len(numbers) + 1, -1, dtype=np.int64)
    order[names[np.argsort(-counts, kind="stable")]] = np.arange(len(names))
    return np.where(numbers >= 0, order[numbers], -1)
