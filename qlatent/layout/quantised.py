"""Places of points as 16-bit integers, small enough that a browser gets a million of them at once.

A lasso is tested on these places, not on the floating-point ones: what is drawn is what is selected.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError

NOWHERE = -32768
"""The value of a point without a place: one of its coordinates was NaN or infinite in that frame."""
LOWEST, HIGHEST = -32767, 32767
DIMENSIONS = (2, 3)


@dataclass(frozen=True)
class Quantised:
    """Places of n points in F frames; coordinate = `low + step * (values + 32768)`, the same in all frames."""

    values: NDArray[np.int16]  # (F, n, c), c = 2 or 3; all c values of a point without a place are NOWHERE
    low: NDArray[np.float64]  # (c,)
    step: NDArray[np.float64]  # (c,)

    @cached_property
    def digest(self) -> str:
        """A hash of shape, values, low and step, computed once."""
        found = hashlib.blake2b(repr(self.values.shape).encode(), digest_size=20)
        for part in (self.values, self.low, self.step):
            found.update(np.ascontiguousarray(part).data.cast("B") if part.size else b"")
        return found.hexdigest()

    def placed(self, frame: int) -> NDArray[np.bool_]:
        """Which points have a place in a frame: (n,)."""
        return self.values[frame, :, 0] != NOWHERE

    def coordinates(self, frame: int) -> NDArray[np.float64]:
        """Coordinates (n, c) in a frame, at most half a step off; NaN for a point without a place."""
        found = self.low + self.step * (self.values[frame].astype(np.float64) - NOWHERE)  # (n, c)
        found[~self.placed(frame)] = np.nan
        return found

    def projected(self, frame: int, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where a camera (2, c + 1) shows the points (n, 2): `values @ matrix[:, :c].T + matrix[:, c]`."""
        turned: NDArray[np.float64] = self.values[frame] @ matrix[:, :-1].T + matrix[:, -1]  # (n, 2)
        return turned


def quantise(places: ArrayLike) -> Quantised:
    """Places (n, c) or (F, n, c) as 16-bit integers over their common range; c = 2 or 3.

    A point with a NaN or infinite coordinate in a frame has no place there. An axis on which all are equal lies at 0.
    Raises `InputError` for another shape.
    """
    given = np.asarray(places)
    if given.ndim == 2:
        given = given[None]
    if given.ndim != 3 or given.shape[2] not in DIMENSIONS or not given.shape[0]:
        raise InputError(
            f"Places have the shape {np.shape(places)}; expected (points, 2 or 3) or (frames, points, 2 or 3).",
            remedy="Project the latents onto two or three axes first.",
        )
    finite = np.isfinite(given).all(axis=2)  # (F, n)
    least, most = _range(given, finite)
    span = most - least
    step = np.where(span > 0, span, 1.0) / (HIGHEST - LOWEST)
    low = np.where(span > 0, least - step, least + NOWHERE * step)
    values = np.full(given.shape, NOWHERE, dtype=np.int16)
    for frame, each in enumerate(given):  # one frame at a time: the float64 copy stays small
        kept = slice(None) if finite[frame].all() else finite[frame]  # a mask costs more than the arithmetic
        exact = (each[kept] - low) / step + NOWHERE
        values[frame, kept] = np.clip(np.rint(exact), LOWEST, HIGHEST).astype(np.int16)
    return Quantised(values, low, step)


def _range(
    given: NDArray[np.generic], finite: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the greatest finite coordinate on each axis, over all frames: 0 and 0 without any."""
    axes = given.shape[2]
    if not finite.any():
        return np.zeros(axes), np.zeros(axes)
    if finite.all():
        return (given.min(axis=(0, 1)).astype(np.float64), given.max(axis=(0, 1)).astype(np.float64))
    known = [each[kept] for each, kept in zip(given, finite, strict=True) if kept.any()]
    least = np.min([each.min(axis=0) for each in known], axis=0)
    most = np.max([each.max(axis=0) for each in known], axis=0)
    return least.astype(np.float64), most.astype(np.float64)
