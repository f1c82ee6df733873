"""Compare two frames of a run point by point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.metrics.geometry import point_neighbours
from qlatent.services.runs.map_views import shown
from qlatent.store.workspace import Workspace


def neighbourhood_change(
    workspace: Workspace, run_id: str, modality: str, *, frames: tuple[int, int], k: int = point_neighbours.K
) -> NDArray[np.float64]:
    """The share (n,) of each item's k nearest neighbours in the latents that changed from one frame to the other.

    Items are those of the probe set, in its order; `frames` are numbers from 0. NaN where a latent is not finite. An
    unknown frame or modality raises `InputError`.
    """
    folder = workspace.run(run_id)
    steps = folder.snapshot_steps()
    for frame in frames:
        if not 0 <= frame < len(steps):
            raise InputError(
                f"Run {run_id} has no frame {frame}; it has {len(steps)}.", remedy="Frames count from 0."
            )
    before, after = (folder.snapshot(steps[frame]) for frame in frames)
    if len(shown(modality, tuple(before))) > 1:
        raise InputError(
            f"Neighbours are those of one modality, not of {modality!r}.",
            remedy=f"Use {' or '.join(before)}.",
        )
    return point_neighbours.neighbourhood_change(before[modality], after[modality], k=k)
