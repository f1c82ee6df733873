"""Neighbours, pairs and ranks of a set of points, computed lazily from its distances and cached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.pairs.distances import Matrix, condensed
from qlatent.metrics.pairs.kernels import settle_ties
from qlatent.metrics.pairs.neighbours import nearest
from qlatent.metrics.pairs.ranks import Ranking, at_once, ranking


class Geometry:
    """Distances (n, n), symmetric with zero diagonal, and what metrics derive from them."""

    def __init__(self, distances: Matrix, k: int) -> None:
        self.distances = distances
        self.k = k
        self._kept: dict[
            str, Any
        ] = {}  # cached_property would lock, so that two sides could not be computed in parallel

    def __len__(self) -> int:
        return len(self.distances)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    @property
    def neighbours(self) -> NDArray[np.int64]:
        """The k nearest neighbours of each point, nearest first: (n, k)."""
        return self._once("neighbours", lambda: nearest(self.distances, self.k))

    @property
    def pairs(self) -> Matrix:
        """The condensed distances of all pairs, row by row: (n(n-1)/2,)."""
        return self._once("pairs", lambda: condensed(self.distances))

    @property
    def ranking(self) -> Ranking:
        """The ranks of the distances of all pairs."""
        return self._once("ranking", lambda: ranking(self.pairs))

    @property
    def ranks(self) -> NDArray[np.int32]:
        """Rank of point j among the neighbours of point i: (n, n), 1 for the nearest, 0 for the point itself."""
        return self._once("ranks", lambda: ranks_in(self.order))

    @property
    def order(self) -> NDArray[np.int64]:
        """Point numbers by distance from each point, the point itself first: (n, n)."""
        return self._once("order", lambda: order_matrix(self.distances))


def neighbours_of(*sides: Geometry) -> list[NDArray[np.int64]]:
    """The neighbours of several sides, computed in parallel."""
    return at_once(*(lambda side=side: side.neighbours for side in sides))


def rankings_of(*sides: Geometry) -> list[Ranking]:
    """The rankings of several sides, computed in parallel."""
    return at_once(*(lambda side=side: side.ranking for side in sides))


def orders_of(*sides: Geometry) -> tuple[NDArray[np.int64], ...]:
    """The orders of several sides, computed in parallel."""
    return tuple(at_once(*(lambda side=side: side.order for side in sides)))


def rank_matrix(distances: Matrix) -> NDArray[np.int32]:
    """Ranks in each row of `distances` (n, n): 0 for the point itself, then 1 … n-1; ties by point number."""
    return ranks_in(order_matrix(distances))


def order_matrix(distances: Matrix) -> NDArray[np.int64]:
    """Point numbers sorted by each row of `distances` (n, n): the point itself first, ties by point number."""
    own = distances.copy()
    np.fill_diagonal(own, -1.0)
    order = np.argsort(own, axis=1)
    settle_ties(order, own)
    return order


def ranks_in(order: NDArray[np.int64]) -> NDArray[np.int32]:
    """The position of each point in each row of an `order` (n, n)."""
    result = np.empty(order.shape, dtype=np.int32)
    np.put_along_axis(result, order, np.arange(len(order), dtype=np.int32)[None, :], axis=1)
    return result
