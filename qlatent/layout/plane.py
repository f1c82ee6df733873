"""One fixed plane or space for all frames of a run: orthogonal Procrustes alignment without scaling, then PCA.

Frames are neither scaled nor translated: scaling would hide growing norms, and translation would move the origin of
norms. Distances to the origin and between points of a frame are preserved by the alignment; the projection loses the
rest of the variance, which `Plane.explained` reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

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
    """The orthogonal matrix R (k, k) that minimises ‖`frame @ R` − `target`‖ (both (m, k)), about the origin.

    With the singular vectors of `frame.T @ target` (Schönemann 1966).
    """
    left, _, right = np.linalg.svd((frame.T @ target).astype(np.float64))
    turn: Frame = left @ right
    return turn


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over the points of one or many frames, from which their principal axes follow."""

    count: int
    mean: Frame  # (k,)
    scatter: Frame  # (k, k): sum of the outer products of the deviations from the mean

    @property
    def square(self) -> float:
        """The sum of the squared lengths of the points."""
        return float(np.trace(self.scatter) + self.count * (self.mean @ self.mean))

    def turned(self, turn: Frame) -> Moments:
        """The moments of the points multiplied by an orthogonal matrix (k, k)."""
        return Moments(self.count, self.mean @ turn, turn.T @ self.scatter @ turn)

    def __add__(self, other: Moments) -> Moments:
        """The moments of both sets of points together (Chan, Golub and LeVeque 1983)."""
        count = self.count + other.count
        if not count:
            return self
        shift = other.mean - self.mean
        between = np.outer(shift, shift) * (self.count * other.count / count)
        return Moments(
            count, self.mean + shift * (other.count / count), self.scatter + other.scatter + between
        )


@dataclass(frozen=True, slots=True)
class Alignment:
    """What one pass over F frames finds: `frame @ rotations[f]` is frame f aligned to the one before."""

    rotations: Frame  # (F, k, k), orthogonal
    residuals: NDArray[np.float64]  # (F,)
    moments: tuple[Moments, ...]  # of each aligned frame


def align(frames: Iterable[Frame]) -> Alignment:
    """The rotations that align each frame (m, k) to the previous one, the residuals, and the moments of each frame.

    Rows are the same points in all frames. Frames are read once, one after the other; only the previous one is kept.
    The residual |aligned - previous| / |previous| in Frobenius norm (0 for the first frame) measures movement that no
    rotation explains; in float32 it is exact to about 0.001. Rotations do not change when later frames are added. Rows
    that are not finite are left out. Raises `InputError` for frames of different shapes.
    """
    rotations: list[Frame] = []
    residuals: list[float] = []
    moments: list[Moments] = []
    previous: _Centred | None = None
    for frame in map(_Centred.of, frames):
        if previous is not None and previous.points.shape != frame.points.shape:
            raise InputError("Frames of one run must have the same points and the same latent size.")
        same: tuple[Frame, float] = (np.eye(frame.points.shape[1]), 0.0)
        turn, residual = same if previous is None else _turn(frame, previous, rotations[-1])
        rotations.append(turn)
        residuals.append(residual)
        moments.append(frame.moments.turned(turn))
        previous = frame
    return Alignment(np.array(rotations), np.array(residuals), tuple(moments))


@dataclass(frozen=True, slots=True)
class _Centred:
    """A frame about its mean, in its own precision, with its moments in float64."""

    points: Frame  # (m, k)
    finite: NDArray[np.bool_] | None  # which rows are finite; None: all
    moments: Moments

    @classmethod
    def of(cls, frame: Frame) -> _Centred:
        with np.errstate(over="ignore", invalid="ignore"):
            finite = None if np.isfinite(frame.sum()) else np.asarray(np.isfinite(frame).all(axis=1))
        known = frame if finite is None else frame[finite]
        mean = known.mean(axis=0, dtype=np.float64) if len(known) else np.zeros(frame.shape[1])
        centred = known - mean.astype(frame.dtype)
        moments = Moments(len(known), mean, (centred.T @ centred).astype(np.float64))
        if finite is not None:
            everyone = np.full(frame.shape, np.nan, dtype=frame.dtype)
            everyone[finite] = centred
            centred = everyone
        return cls(centred, finite, moments)

    def only(self, rows: NDArray[np.bool_]) -> _Centred:
        """The frame with these rows alone, all of which are finite."""
        return self.of(self.points[rows].astype(np.float64) + self.moments.mean)


def _turn(frame: _Centred, previous: _Centred, earlier: Frame) -> tuple[Frame, float]:
    """The rotation of a frame onto the previous one, itself turned by `earlier`, and the residual.

    |frame R - previous|² = |frame|² + |previous|² - 2 Σσ with the singular values σ of their product, so that no
    turned frame needs to be made.
    """
    if frame.finite is not None or previous.finite is not None:
        both = np.isfinite(frame.points[:, 0]) & np.isfinite(previous.points[:, 0])
        frame, previous = frame.only(both), previous.only(both)
    product = (frame.points.T @ previous.points).astype(np.float64)
    product += frame.moments.count * np.outer(frame.moments.mean, previous.moments.mean)
    left, singular, right = np.linalg.svd(product @ earlier)
    length, own = previous.moments.square, frame.moments.square
    rest = max(own + length - 2.0 * float(singular.sum()), 0.0)
    turn = left @ right if frame.moments.count else np.eye(len(product))
    return turn, float(np.sqrt(rest / length)) if length > 0 else 0.0


def plane(frames: Sequence[Frame | Moments], basis: Basis = "pooled", *, dimensions: int = 2) -> Plane:
    """The 2 or 3 `dimensions` of largest variance of all frames ("pooled") or of the last frame ("last").

    Frames are points (m, k), or their moments. Latents with at most `dimensions` dimensions are kept without PCA,
    padded with 0.
    """
    if dimensions not in DIMENSIONS:
        raise InputError(f"A map has 2 or 3 dimensions, not {dimensions}.")
    if not len(frames):
        raise InputError("A plane needs at least one frame.")
    if basis not in ("pooled", "last"):
        raise InputError(f"There is no basis called {basis!r}.", remedy="Use 'pooled' or 'last'.")
    moments = [each if isinstance(each, Moments) else _Centred.of(each).moments for each in frames]
    mean, axes = _axes(moments if basis == "pooled" else moments[-1:], dimensions)
    return Plane(mean, axes, np.array([_explained(each.scatter, axes) for each in moments]))


def _axes(moments: Sequence[Moments], dimensions: int) -> tuple[Frame, Frame]:
    size = len(moments[0].mean)
    if size <= dimensions:
        return np.zeros(size), np.eye(size, dimensions)
    pooled = sum(moments[1:], moments[0])
    return pooled.mean, _principal(pooled.scatter, dimensions)


def _principal(scatter: Frame, dimensions: int) -> Frame:
    """The leading principal axes (k, dimensions) of a scatter matrix."""
    _, vectors = np.linalg.eigh(scatter)
    axes = vectors[:, ::-1][:, :dimensions]
    strongest = np.abs(axes).argmax(axis=0)
    signs = np.where(axes[strongest, range(dimensions)] < 0, -1.0, 1.0)  # eigh does not fix the sign
    return axes * signs


def _explained(scatter: Frame, axes: Frame) -> float:
    total = float(np.trace(scatter))
    return float(np.einsum("kc,kl,lc->", axes, scatter, axes)) / total if total > 0 else 1.0
