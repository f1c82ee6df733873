"""The gap between two modalities in one space: how far apart their means are, in units of their own spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qlatent import lengths
from qlatent.errors import InputError


def gap(first: ArrayLike, second: ArrayLike) -> float:
    """The distance between the means of `first` (n, k) and `second` (m, k), divided by the mean of their spreads.

    The spread is the root mean square distance of a modality's points to their own mean. At 1 the means are as far
    apart as a point is from the middle of its modality; NaN if either has no finite point, or neither has any spread.
    Rows that are not finite are left out. Numerator: ‖Δ_gap‖ of Liang et al., Mind the Gap, NeurIPS 2022
    (arXiv:2203.02053); the unit is ours, since a distance alone says nothing about latents of any scale.
    """
    sides = [_finite(each) for each in (first, second)]
    if sides[0].shape[1] != sides[1].shape[1]:
        raise InputError(
            f"Points of {sides[0].shape[1]} and of {sides[1].shape[1]} numbers have no gap.",
            remedy="Give two modalities of one space.",
        )
    if not all(len(side) for side in sides):
        return float("nan")
    means = [side.mean(axis=0) for side in sides]
    spread = np.mean([_spread(side - mean) for side, mean in zip(sides, means, strict=True)])
    return float(lengths.lengths(means[0] - means[1]) / spread) if spread > 0 else float("nan")


def _finite(points: ArrayLike) -> np.ndarray:
    given = np.asarray(points, dtype=np.float64)
    return given[np.isfinite(given).all(axis=1)]


def _spread(centred: np.ndarray) -> float:
    return float(np.sqrt(np.square(lengths.lengths(centred)).mean()))
