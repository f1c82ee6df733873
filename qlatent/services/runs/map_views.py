"""Which points a map shows: one modality, both, or both with their means laid on each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.metrics.geometry.gap import gap
from qlatent.store.runs.run_folder import RunFolder
from qlatent.types import Arrays

BOTH, LAID = "both", "laid"
"""Views of several modalities: where they are, and each about its own mean, laid on each other."""
WIDE = 1.0
"""From this gap on, a fifth of the variance or more is the gap: the default view then lays the means on each other."""
Floats = NDArray[np.floating]


def views(modalities: Sequence[str]) -> tuple[str, ...]:
    """The views that a run with these modalities has: each modality by itself, then all of them."""
    return tuple(modalities) + ((BOTH, LAID) if len(modalities) > 1 else ())


def shown(view: str, modalities: Sequence[str]) -> tuple[str, ...]:
    """The modalities on the map; an unknown view raises `InputError`."""
    if view not in views(modalities):
        raise InputError(
            f"A map of {' and '.join(modalities)} has no view {view!r}.",
            remedy=f"Use {', '.join(views(modalities))}.",
        )
    return tuple(modalities) if view in (BOTH, LAID) else (view,)


def default_view(latents: Arrays) -> str:
    """The view that shows the structure of a frame (modality → (n, k)): see `layout/README.md` for the choice."""
    modalities = tuple(latents)
    if len(modalities) == 1:
        return modalities[0]
    return LAID if gap(*list(latents.values())[:2]) >= WIDE else BOTH


def stacked(latents: Arrays, view: str) -> Floats:
    """The points of a view at one frame, modality after modality: (m, k), float32 or float64."""
    parts = [latents[name] for name in shown(view, tuple(latents))]
    return np.concatenate([each - _mean(each) for each in parts] if view == LAID else parts)


def _mean(points: Floats) -> Floats:
    middle: Floats = points.mean(axis=0, dtype=np.float64)
    if np.isnan(middle).any():  # `frames` leaves no infinity
        finite = points[np.isfinite(points).all(axis=1)]
        middle = finite.mean(axis=0, dtype=np.float64) if len(finite) else np.zeros(points.shape[1])
    return middle.astype(points.dtype)


def frames(folder: RunFolder, steps: Sequence[int]) -> Iterator[Arrays]:
    """The latents of each step (modality → (n, k)), read one after the other; none is kept.

    Rows that are not finite are NaN as a whole.
    """
    for step in steps:
        yield {name: _finite_or_nan(each) for name, each in folder.snapshot(step).items()}


def _finite_or_nan(points: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(points.sum()):  # by far faster than to look at each row
            return points
    finite = np.asarray(np.isfinite(points).all(axis=1))
    return np.where(finite[:, None], points, np.nan).astype(points.dtype)
