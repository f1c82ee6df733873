"""Jackknife intervals of metrics whose items are each other's neighbours, calibrated by half-samples.

Deleting an item from the items *and* from all neighbourhoods shows how far it moves the metric. The sum of the squared
moves is the jackknife variance J. It is too large for neighbourhood metrics, typically by a factor of two (Efron &
Stein 1981: interactions of c items are counted c times), while the spread of the items' own values is too small. Two
disjoint halves give independent values, so half of their mean squared difference, W, is an unbiased estimate of the
variance at half the size. It is extrapolated to all items by 1/n and the square root of the jackknife's change:
V = W (m/n) sqrt(J n / (J_half m)), m the size of a half. Subsampling with an estimated rate: Bertail, Politis & Romano
1999; `benchmarks/interval_coverage.py` measures that the square root is adequate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.statistics.uncertainty import LEVEL

SPLITS = 30
CALIBRATED = 400  # maximum number of points for half-samples, which estimate only a ratio


class LeftOut(NamedTuple):
    """Metrics of some items, and each item's moves: (n - 1) (mean of θ without an item - θ without this item)."""

    values: Matrix  # (figures,)
    moves: Matrix  # (n, figures), mean 0

    @property
    def variance(self) -> Matrix:
        """The jackknife variance of each metric: (figures,)."""
        n = len(self.moves)
        return np.square(self.moves).sum(axis=0) / max(n * (n - 1), 1)


Statistic = Callable[[NDArray[np.int64], bool], LeftOut]


def moves_of(left: Matrix) -> Matrix:
    """The moves of metrics whose values without each item are `left` (n, figures)."""
    return (len(left) - 1) * (left.mean(axis=0) - left)


def share(statistic: Statistic, n: int, *, splits: int = SPLITS, seed: int = 0) -> Matrix:
    """Calibration V / J (figures,) of the jackknife variance from halves of items 0 … n-1, at most 1.

    `statistic(rows, halved)` returns the metrics of ascending rows; `halved` uses half the number of neighbours, which
    keeps the extent of a neighbourhood. Metrics that no item moves get 1.
    """
    whole = statistic(np.arange(n), False)
    rng = np.random.default_rng(seed)
    size = n // 2
    squares, halves = [], []
    for _ in range(splits):
        order = rng.permutation(n)
        one, other = (statistic(np.sort(part), True) for part in (order[:size], order[size : 2 * size]))
        squares.append(np.square(one.values - other.values) / 2.0)
        halves += [one.variance, other.variance]
    expected = np.sqrt(whole.variance * np.mean(halves, axis=0))
    found = np.mean(squares, axis=0) * np.sqrt(size / n)
    return np.minimum(np.divide(found, expected, where=expected > 0, out=np.ones_like(found)), 1.0)


def contributions(whole: LeftOut, shares: Matrix | float, *, splits: int = SPLITS) -> Matrix:
    """Values (n, figures) to resample, whose mean is the metric and whose mean varies as the metric does.

    Half-samples estimate the variance with about as many degrees of freedom as splits, n items with n - 1; the moves
    are stretched so that the interval is Student's rather than normal.
    """
    n = len(whole.moves)
    student = stdtrit(max(min(splits, n - 1), 1), (1 + LEVEL) / 2) / ndtri((1 + LEVEL) / 2)
    stretch = student * np.sqrt(n / max(n - 1, 1) * np.asarray(shares))
    return whole.values + whole.moves * stretch
