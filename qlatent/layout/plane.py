"""One fixed plane or space for all frames of a run: orthogonal Procrustes alignment without scaling, then PCA.

Frames are neither scaled nor translated: scaling would hide growing norms, and translation would move the origin of
norms. Distances to the origin and between points of a frame are preserved by the alignment; the projection loses the
rest of the variance, which `Plane.explained` reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes

from qlatent.errors import InputError

Basis = Literal["pooled", "last"]
Frame = NDArray[np.floating]
DIMENSIONS = (2, 3)


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane or 3-space in the latent space: `(z - mean) @ axes` are the coordinates of a latent z."""

    mean: Frame  # (k,)
    axes: Frame  # (k, c), orthonormal columns, c = 2 or 3; columns beyond the k-th are zero
    explained: NDArray[np.float64]  # (frames,): fraction of each frame's variance in the plane

    def project(self, frame: Frame) -> Frame:
        """Coordinates (m, c) of latents (m, k)."""
        return (frame - self.mean) @ self.axes


def rotation(frame: Frame, target: Frame) -> Frame:
    """The orthogonal matrix R (k, k) that minimises ‖`frame @ R` − `target`‖ (both (m, k)), about the origin."""
    turn: Frame = orthogonal_procrustes(frame, target)[0]
    return turn


def align(frames: Sequence[Frame]) -> tuple[list[Frame], NDArray[np.float64]]:
    """Each frame (m, k) aligned to the previous one, and the residuals: (aligned, residuals).

    Rows are the same points in all frames. The residual |aligned - previous| / |previous| in Frobenius norm (0 for the
    first frame) measures movement that no rotation explains. Aligned frames do not change when later frames are added.
    Raises `InputError` for frames of different shapes.
    """
    if len({np.shape(frame) for frame in frames}) > 1:
        raise InputError("Frames of one run must have the same points and the same latent size.")
    aligned: list[Frame] = []
    residuals = np.zeros(len(frames))
    for number, frame in enumerate(np.asarray(each, dtype=np.float64) for each in frames):
        if number == 0:
            aligned.append(frame)
            continue
        previous = aligned[-1]
        turned = frame @ rotation(frame, previous)
        length = np.linalg.norm(previous)
        residuals[number] = np.linalg.norm(turned - previous) / length if length > 0 else 0.0
        aligned.append(turned)
    return aligned, residuals


def plane(aligned: Sequence[Frame], basis: Basis = "pooled", *, dimensions: int = 2) -> Plane:
    """The 2 or 3 `dimensions` of largest variance of all frames ("pooled") or of the last frame ("last").

    Latents with at most `dimensions` dimensions are kept without PCA, padded with 0.
    """
    if dimensions not in DIMENSIONS:
        raise InputError(f"A map has 2 or 3 dimensions, not {dimensions}.")
    if not len(aligned):
        raise InputError("A plane needs at least one frame.")
    if basis not in ("pooled", "last"):
        raise InputError(f"There is no basis called {basis!r}.", remedy="Use 'pooled' or 'last'.")
    mean, axes = _axes(aligned if basis == "pooled" else aligned[-1:], dimensions)
    return Plane(mean, axes, np.array([_explained(frame, axes) for frame in aligned]))


def _axes(frames: Sequence[Frame], dimensions: int) -> tuple[Frame, Frame]:
    size = frames[0].shape[1]
    return (
        (np.zeros(size), np.eye(size, dimensions)) if size <= dimensions else _principal(frames, dimensions)
    )


def _principal(frames: Sequence[Frame], dimensions: int) -> tuple[Frame, Frame]:
    """Mean (k,) and leading principal axes (k, dimensions) of all given frames, from their moments."""
    count = sum(len(frame) for frame in frames)
    mean = sum(frame.sum(axis=0) for frame in frames) / count
    covariance = sum((frame - mean).T @ (frame - mean) for frame in frames)
    _, vectors = np.linalg.eigh(covariance)
    axes = vectors[:, ::-1][:, :dimensions]
    strongest = np.abs(axes).argmax(axis=0)
    signs = np.where(axes[strongest, range(dimensions)] < 0, -1.0, 1.0)  # eigh does not fix the sign
    return mean, axes * signs


def _explained(frame: Frame, axes: Frame) -> float:
    centred = frame - frame.mean(axis=0)
    total = np.square(centred).sum()
    return float(np.square(centred @ axes).sum() / total) if total > 0 else 1.0
