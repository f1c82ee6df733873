"""The points of one scene as another scene places them, so that two maps beside each other show the same items."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.layout.quantised import NOWHERE, Quantised
from qlatent.services.scenes.scenes import Scene


@dataclass(frozen=True, eq=False)
class Beside:
    """The map of `other` with the points of another scene: point p is the same item and modality on both."""

    other: Scene
    points: NDArray[np.intp]  # (m · n,): the point of `other`; -1 where it has none
    frames: range  # of `other` that are shown

    @cached_property
    def positions(self) -> Quantised:
        """The places in the axes and units of `other`; points that it does not have are nowhere."""
        whole = self.other.positions
        values = whole.values[self.frames.start : self.frames.stop, np.maximum(self.points, 0)]
        values[:, self.points < 0] = NOWHERE
        return Quantised(values, whole.low, whole.step)

    def taken(self, codes: NDArray[np.generic], *, missing: int) -> NDArray[np.generic]:
        """Values (M,) or (F, M) of the points of `other` for the points of this map: (m · n,) or (frames, m · n)."""
        some = codes[self.frames.start : self.frames.stop] if codes.ndim > 1 else codes
        found = some[..., np.maximum(self.points, 0)]
        found[..., self.points < 0] = missing
        return found


def beside(scene: Scene, other: Scene, *, frame: int | None = None) -> Beside:
    """The points of `scene` as `other` places them, in all its frames or in one.

    An unknown frame, and a scene without any of these points, raise `InputError`.
    """
    if frame is not None and not 0 <= frame < other.frames:
        raise InputError(
            f"There is no frame {frame} to show beside the map; there are {other.frames}.",
            remedy="Choose another one.",
        )
    points = np.concatenate([_points(scene, other, modality) for modality in scene.modalities])
    if not (points >= 0).any():
        raise InputError(
            "None of the points on the map has a place on this one.",
            remedy="Show another modality, or remove it.",
        )
    return Beside(other, points, range(other.frames) if frame is None else range(frame, frame + 1))


def _points(scene: Scene, other: Scene, modality: str) -> NDArray[np.intp]:
    """The point of `other` for each item of `scene` in a modality: (n,); -1 where it has none."""
    if modality not in other.modalities or not other.items:
        return np.full(scene.items, -1, dtype=np.intp)
    order = np.argsort(other.rows, kind="stable")
    at = order[np.minimum(np.searchsorted(other.rows, scene.rows, sorter=order), other.items - 1)]
    points = at + other.modalities.index(modality) * other.items
    return np.where(other.rows[at] == scene.rows, points, -1)
