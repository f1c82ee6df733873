"""One fixed plane for all frames of a run: orthogonal Procrustes without scaling, then PCA.

Scaling would hide that norms grow, translation would move the origin from which norms are measured: neither
is done. Distances to the origin and between points of one frame stay what they are; only the plane loses
something, and `Plane.explained` says how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError

Basis = Literal["pooled", "last"]
Frame = NDArray[np.floating]
PLANE = 2


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane in the latent space: `(z - mean) @ axes` are the coordinates of a latent z."""

    mean: Frame  # (k,)
    axes: Frame  # (k, 2), orthonormal columns (the second is zero where k = 1)
    explained: NDArray[np.float64]  # (frames,): share of each frame's variance that lies in the plane

    def project(self, frame: Frame) -> Frame:
        """Coordinates (m, 2) of latents (m, k)."""
        return (frame - self.mean) @ self.axes


def rotation(frame: Frame, target: Frame) -> Frame:
    """The orthogonal (k, k) R that brings `frame @ R` nearest to `target` (both (m, k)), about the origin."""
    left, _, right = np.linalg.svd(frame.T @ target)
    return left @ right


def align(frames: Sequence[Frame]) -> tuple[list[Frame], NDArray[np.float64]]:
    """Each frame (m, k) turned onto the one before it, and what remained: (aligned, residuals).

    Rows are the same points in all frames. The residual of a frame is |aligned - previous| / |previous| in
    Frobenius norm (0 for the first): how much moved that no rotation explains. Frames already aligned do not
    change when later ones arrive. Frames of different shapes are an `InputError`.
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


def plane(aligned: Sequence[Frame], basis: Basis = "pooled") -> Plane:
    """The plane of largest variance of all frames together ("pooled") or of the last one ("last").

    Latents of one or two dimensions are drawn raw: their plane is themselves (padded with 0), not PCA.
    """
    if not len(aligned):
        raise InputError("A plane needs at least one frame.")
    if basis not in ("pooled", "last"):
        raise InputError(f"There is no basis called {basis!r}.", remedy="Use 'pooled' or 'last'.")
    size = aligned[0].shape[1]
    if size <= PLANE:
        mean, axes = raw(size)
    else:
        mean, axes = _principal(aligned if basis == "pooled" else aligned[-1:])
    return Plane(mean, axes, np.array([_explained(frame, axes) for frame in aligned]))


def raw(size: int) -> tuple[Frame, Frame]:
    """Mean (size,) and axes (size, 2) that leave latents of one or two dimensions as they are."""
    return np.zeros(size), np.eye(size, PLANE)


def _principal(frames: Sequence[Frame]) -> tuple[Frame, Frame]:
    """Mean (k,) and the two leading principal axes (k, 2) of the frames together, from their moments."""
    count = sum(len(frame) for frame in frames)
    mean = sum(frame.sum(axis=0) for frame in frames) / count
    covariance = sum((frame - mean).T @ (frame - mean) for frame in frames)
    _, vectors = np.linalg.eigh(covariance)
    axes = vectors[:, ::-1][:, :PLANE]
    strongest = np.abs(axes).argmax(axis=0)
    signs = np.where(axes[strongest, range(PLANE)] < 0, -1.0, 1.0)  # eigh leaves the sign open
    return mean, axes * signs


def _explained(frame: Frame, axes: Frame) -> float:
    centred = frame - frame.mean(axis=0)
    total = np.square(centred).sum()
    return float(np.square(centred @ axes).sum() / total) if total > 0 else 1.0
