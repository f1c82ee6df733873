"""Intervals of figures whose items are each other's neighbours: leave one item out everywhere, and compare halves.

Leaving an item out of the items *and* of all neighbourhoods says how far it moves the figure. The sum of those
moves' squares is the jackknife's variance J. It is too large for neighbourhoods (Efron & Stein 1981: what c items
do together is counted c times; twice too large is usual), and the spread of the items' own values is too small. Two
disjoint halves of the items have independent figures, so half of their mean squared difference, W, is the variance
at half the size, without bias. From there to all items the variance is carried as 1/n and by the root of what the
jackknife says of the change: V = W (m/n) sqrt(J n / (J_half m)), m the size of a half. Subsampling with an estimated
rate: Bertail, Politis & Romano 1999; that the root serves is measured by `benchmarks/interval_coverage.py`.
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
CALIBRATED = 400  # points at most that are split: what is wanted of them is a ratio


class LeftOut(NamedTuple):
    """Figures of some items, and how each item moves them: (n - 1) (mean of θ without an item - θ without this one)."""

    values: Matrix  # (figures,)
    moves: Matrix  # (n, figures), mean 0

    @property
    def variance(self) -> Matrix:
        """The jackknife's variance of each figure: (figures,)."""
        n = len(self.moves)
        return np.square(self.moves).sum(axis=0) / max(n * (n - 1), 1)


Statistic = Callable[[NDArray[np.int64], bool], LeftOut]


def moves_of(left: Matrix) -> Matrix:
    """The moves of figures whose values without each item are `left` (n, figures)."""
    return (len(left) - 1) * (left.mean(axis=0) - left)


def share(statistic: Statistic, n: int, *, splits: int = SPLITS, seed: int = 0) -> Matrix:
    """Which share of the jackknife's variance is true: (figures,), V / J from halves of items 0 … n-1, at most 1.

    `statistic(rows, halved)` gives the figures of rising rows; `halved` asks for them with half the neighbours, so
    that a neighbourhood stays as large as it was. Figures that no item moves have 1.
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
    """Numbers (n, figures) to resample: their mean is the figure, the spread of their mean that of the figure.

    Halves tell the variance with about as many degrees of freedom as there are splits, and n items with n - 1: the
    moves are stretched so that the ends of the interval are Student's rather than the normal's.
    """
    n = len(whole.moves)
    student = stdtrit(max(min(splits, n - 1), 1), (1 + LEVEL) / 2) / ndtri((1 + LEVEL) / 2)
    stretch = student * np.sqrt(n / max(n - 1, 1) * np.asarray(shares))
    return whole.values + whole.moves * stretch
