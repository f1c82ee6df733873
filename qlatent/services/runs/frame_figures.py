"""The figures beside each frame: what the worker measured, what older runs lack, and what the map itself shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.geometry.honesty import Reference
from qlatent.metrics.geometry.point_neighbours import labelled_sample, neighbour_accuracy
from qlatent.services.runs.event_log import read_log
from qlatent.store.runs.run_folder import RunFolder
from qlatent.types import Arrays

FRAME_POINTS = 600  # points whose ranks are compared in each frame, which takes some hundredths of a second
LABELLED = 1000  # labelled items among which neighbours are sought, on the map and in the vectors alike
Columns = dict[str, NDArray[np.float64]]


def measured(folder: RunFolder, steps: Sequence[int]) -> Columns:
    """The metrics of each frame as columns (F,); NaN where they are not (yet) known.

    Runs of earlier versions measured images and texts together only; what is missing within each modality and between
    the two is measured now, on a sample of the same size.
    """
    found = read_log(folder).snapshots
    rows = [dict(found.get(step, {})) for step in steps]
    older = [number for number, row in enumerate(rows) if _older(row)]
    if older and (reference := _reference(folder)) is not None:
        for number in older:
            rows[number] |= reference.compare(folder.snapshot(steps[number]), together=False)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: np.array([_number(row.get(name)) for row in rows], dtype=np.float64) for name in names}


def _older(row: dict[str, float | None]) -> bool:
    """Whether a frame of two modalities was measured over both together only."""
    return "pair_error" in row and "gap" not in row


def _reference(folder: RunFolder) -> Reference | None:
    modalities = tuple(folder.snapshot(folder.snapshot_steps()[0]))
    probe = folder.probe([f"input_{name}" for name in modalities])
    inputs = {name: probe[f"input_{name}"] for name in modalities if f"input_{name}" in probe}
    return Reference(inputs, sample=FRAME_POINTS) if len(inputs) == len(modalities) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def label_accuracy(folder: RunFolder, places: Arrays, labels: Sequence[str], *, last: Arrays) -> Columns:
    """How many of 10 nearest neighbours share the label: `labels_<modality>` on the map (F,), and in the vectors.

    `labels_<modality>_vectors` are the inputs' own, the same for every frame, and `labels_<modality>_latents` those of
    `last`, the last frame's latents (n, k), before they are drawn. All use the same items, at most `LABELLED` with a
    label, evenly spaced. Empty without labels, or if every item has the same or its own.
    """
    kinds = len({label for label in labels if label})
    at = labelled_sample(labels, most=LABELLED)
    if not 1 < kinds < len(at):
        return {}
    own = np.unique([labels[place] for place in at], return_inverse=True)[1]
    result: Columns = {}
    for name, frames in places.items():
        count = len(frames)
        result[f"labels_{name}"] = np.array([neighbour_accuracy(frame[at], own) for frame in frames])
        before = folder.probe([f"input_{name}"]).get(f"input_{name}")
        for where, points in (("vectors", before), ("latents", last[name])):
            if points is not None:
                result[f"labels_{name}_{where}"] = np.full(count, neighbour_accuracy(points[at], own))
    return result
