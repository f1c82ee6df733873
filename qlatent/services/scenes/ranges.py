"""Other ranges of a colour than the automatic one: fixed by a person, or of each frame by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.services.runs.frames import norm_range
from qlatent.services.scenes import colouring
from qlatent.services.scenes.colouring import Numbers
from qlatent.services.scenes.scenes import Scene
from qlatent.store.workspace import Workspace

UNIT = (0.0, 1.0)


def fixed(
    workspace: Workspace, scene: Scene, by: str, *, frame: int, span: tuple[float, float] | None = None
) -> Numbers | None:
    """The values of a colour as they are, for all modalities in one range; None for one of classes.

    Without a `span` it is the 1st to 99th percentile of all of them.
    """
    if by == "norm":
        return Numbers(_norms(scene), span or norm_range(_norms(scene)))
    found = colouring.values(workspace, scene, by, frame=frame)
    if not isinstance(found, Numbers):
        return None
    return Numbers(found.values, span or norm_range(found.values))


def of_each_frame(workspace: Workspace, scene: Scene, by: str) -> Numbers | None:
    """The values of each modality and frame from 0, at the 1st percentile of its own, to 1, at the 99th.

    None for a colour that does not stand in all frames.
    """
    found = fixed(workspace, scene, by, frame=0)
    if found is None or found.values.ndim == 1 or len(found.values) == 1:
        return None
    parts = np.split(found.values, len(scene.modalities), axis=1)
    return Numbers(np.concatenate([_shares(each) for each in parts], axis=1), UNIT)


def _shares(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Values (F, n) within the range of their frame; a frame without any stays without."""
    ranges = np.array([norm_range(each) for each in values])  # (F, 2)
    low, high = ranges[:, :1], ranges[:, 1:]
    return (values - low) / np.where(high > low, high - low, 1.0)


def _norms(scene: Scene) -> NDArray[np.floating]:
    """Norms (F, m · n) as they are; of a tour (m · n,), since all its frames show the same latents."""
    both = np.concatenate([scene.shown.norms[name] for name in scene.modalities], axis=1)
    return both[-1] if scene.tour else both
