"""Vectors as columns of a model: about their mean, on their first principal axes, all divided by one number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

NORM = 3.0  # root mean square norm of latents
_BLOCK = 20_000  # points at once

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Axes:
    """How points of k numbers become latents of d numbers: (point - mean) @ directions."""

    mean: Floats  # (k,)
    directions: Floats  # (k, d)

    def of(self, points: ArrayLike) -> Floats:
        """The latents (n, d) of points (n, k); 0 for one that is not `known`."""
        given = np.asarray(points)
        found = np.zeros((len(given), self.directions.shape[1]))
        for first in range(0, len(given), _BLOCK):
            part = given[first : first + _BLOCK]
            there = known(part)
            found[first : first + _BLOCK][there] = (part[there] - self.mean) @ self.directions
        return found


def known(points: ArrayLike) -> NDArray[np.bool_]:
    """Mask (n,) of the points that are finite and not all zeros; the others stand for missing ones."""
    given = np.asarray(points)
    return np.asarray(np.isfinite(given).all(axis=1) & given.any(axis=1))


def fitted(points: ArrayLike, *, most: int = 0) -> Axes:
    """The axes under which these points (n, k) have latents with a root mean square norm of `NORM`.

    The first `most` principal ones where the points are wider and more than that, else those of the points themselves;
    0 takes all their numbers.
    """
    given = np.asarray(points)
    width, given = given.shape[1], given[known(given)]
    mean, directions = np.zeros(width), np.eye(width)
    if most and width > most and len(given) > most:
        from sklearn.decomposition import PCA

        found = PCA(most, svd_solver="covariance_eigh").fit(given)
        mean, directions = found.mean_, found.components_.T
    elif len(given):
        mean = given.mean(axis=0, dtype=np.float64)
    axes = Axes(np.asarray(mean, dtype=np.float64), np.asarray(directions, dtype=np.float64))
    norm = float(np.sqrt((axes.of(given) ** 2).sum() / max(1, len(given))))
    return replace(axes, directions=axes.directions * (NORM / norm if norm > 0 else 1.0))
