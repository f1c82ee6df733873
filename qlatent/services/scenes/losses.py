"""What a run lost of each item: of its distances to others, and of the distance between its image and its text.

These are the parts of losses that vectors and latents tell by themselves. Each item's own part of the loss, which needs
the head's decoder or the whole batch, is recorded at the end of a training where the loss has such parts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths, spacing
from qlatent.registry import OBJECTIVES
from qlatent.services.runs.specs import VectorTraining, training_spec
from qlatent.services.scenes.scenes import Scene, inputs, latents
from qlatent.services.training.kinds.table import run_configs
from qlatent.store.workspace import Workspace

REFERENCES = 300  # points to which distances are taken
AT_ONCE = 4096

Values = NDArray[np.float64]
Floats = NDArray[np.floating]
PAIR = {"image", "text"}


def pair_change(workspace: Workspace, scene: Scene) -> Values:
    """|d_x − d_z| of each item, d its distance between image and text before and after compression: (F, m · n).

    Of a tour (m · n,). NaN where a latent is not finite or the run did not keep its vectors.
    """
    folder = workspace.run(scene.source.run)
    probe = folder.probe(["rows", "input_image", "input_text"])
    chosen = np.isin(probe["rows"], scene.rows)
    if {"input_image", "input_text"} - set(probe):
        return np.full(scene.points, np.nan)
    before = lengths.lengths(probe["input_image"][chosen] - probe["input_text"][chosen])
    steps = scene.shown.steps[:1] if scene.tour else scene.shown.steps
    frames = []
    for step in steps.tolist():
        found = folder.snapshot(int(step))
        after = lengths.lengths(found["image"][chosen] - found["text"][chosen])
        frames.append(np.tile(np.abs(after - before), len(scene.modalities)))
    return np.asarray(frames[0] if scene.tour else frames, dtype=np.float64)


def own_shares(workspace: Workspace, scene: Scene) -> Values | None:
    """Each item's own part of the final loss for all its points (m · n,); None if the run has not recorded them."""
    folder = workspace.run(scene.source.run)
    found = folder.shares()
    if found is None:
        return None
    chosen = np.isin(folder.probe(["rows"])["rows"], scene.rows)
    return np.tile(found["total"][chosen].astype(np.float64), len(scene.modalities))


def recorded(workspace: Workspace, run_id: str) -> bool:
    """Whether a run has recorded each item's own part of its final loss."""
    return workspace.run(run_id).shares() is not None


def why_no_shares(workspace: Workspace, run_id: str) -> str:
    """A sentence that says why a run has no parts of its loss for each item."""
    folder = workspace.run(run_id)
    spec = training_spec(folder)
    if not isinstance(spec, VectorTraining):
        return "Losses of items are recorded in trainings on stored vectors only."
    title = OBJECTIVES[spec.objective].title if spec.objective in OBJECTIVES else spec.objective
    if not run_configs(spec).objective.has_shares:
        return f"The loss of this run ({title}) is no mean over items, so an item has no part of its own."
    if folder.status().state != "finished":
        return "The losses of items are recorded when the run finishes."
    return "This run was trained before losses of items were recorded. Train it again to have them."


def distances_lost(workspace: Workspace, scene: Scene, frame: int) -> Values:
    """How much the distances of each point to 300 others of its modality changed: (m · n,), 0 for none.

    √(Σ (s d_z − d_x)² / Σ d_x²) with the scale s that is best for all points together: a point's part of the stress
    (Kruskal 1964). NaN where a latent is not finite or the run did not keep its vectors.
    """
    before, after = inputs(workspace, scene), latents(workspace, scene, frame)
    if not before:
        return np.full(scene.points, np.nan)
    return np.concatenate([_lost(before[name], after[name]) for name in scene.modalities])


def _lost(before: Floats, after: Floats) -> Values:
    known = np.flatnonzero(np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1))
    found = np.full(len(before), np.nan)
    if not len(known):
        return found
    others = known[spacing.evenly(len(known), REFERENCES)]
    sums = np.concatenate(
        [
            _sums(before[part], after[part], before[others], after[others])
            for part in np.split(known, range(AT_ONCE, len(known), AT_ONCE))
        ]
    )  # (k, 3): of d_x², d_x d_z, d_z²
    squares, products, own = sums.T
    scale = products.sum() / own.sum() if own.sum() > 0 else 0.0
    rest = np.maximum(squares - 2.0 * scale * products + scale**2 * own, 0.0)
    found[known] = np.sqrt(np.divide(rest, squares, out=np.zeros_like(rest), where=squares > 0))
    return found


def _sums(before: Floats, after: Floats, some_before: Floats, some_after: Floats) -> Values:
    from scipy.spatial.distance import cdist

    d_x, d_z = cdist(before, some_before), cdist(after, some_after)
    return np.stack([np.square(d_x).sum(axis=1), (d_x * d_z).sum(axis=1), np.square(d_z).sum(axis=1)], axis=1)
