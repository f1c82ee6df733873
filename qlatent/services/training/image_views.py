"""Read the metrics by step, the probes and the pairs of views of an image training. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.runs.event_log import Columns, columns, read_log
from qlatent.services.runs.frames import items_of
from qlatent.store.workspace import Workspace

Floats = NDArray[np.float64]
OF_VIEWS = ("hilbert_schmidt_", "alignment", "uniformity")


@dataclass(frozen=True)
class Pair:
    """Two views of one image after `step` steps.

    `pictures` are bytes (2, size, size, 3), None where the image is not kept any more; `latents` are (2, k). `states`
    are the probabilities (2, 2^W) of the circuit's basis states with wire 0 leftmost, and `overlap` is |⟨a|b⟩|²; both
    are None without a circuit.
    """

    row: int
    id: str
    label: str
    step: int
    pictures: NDArray[np.uint8] | None
    latents: Floats
    states: Floats | None
    overlap: float | None


def figures(workspace: Workspace, run_id: str) -> Columns:
    """Hilbert–Schmidt distance and its parts, alignment and uniformity of the views, as columns by step."""
    found = columns(read_log(workspace.run(run_id)).snapshots)
    return {name: values for name, values in found.items() if name == "step" or name.startswith(OF_VIEWS)}


def probes(workspace: Workspace, run_id: str) -> list[dict[str, Any]]:
    """The linear probes so far, by step: accuracy with interval, number of images, classes, confusion matrix."""
    found = read_log(workspace.run(run_id)).probes
    return [found[step] for step in sorted(found)]


def published_probe(workspace: Workspace, run_id: str) -> dict[str, Any] | None:
    """The result of the published probe, or None: accuracy, epoch, accuracy of every epoch, confusion matrix."""
    found: dict[str, Any] | None = workspace.run(run_id).figures().get("probe_as_published")
    return found


def watched(workspace: Workspace, run_id: str) -> list[tuple[str, str]]:
    """Id and label of the images whose views are kept, in order; empty before the first frame."""
    folder = workspace.run(run_id)
    if not (folder.path / "views" / "pictures.npz").exists():
        return []
    found = items_of(workspace, folder, folder.views("pictures")["rows"])
    return [(each["id"], each["label"] or "") for each in found]


def pair(workspace: Workspace, run_id: str, *, place: int, frame: int) -> Pair:
    """The views of image `place` of `watched` at frame `frame`; numbers out of range raise `InputError`."""
    folder = workspace.run(run_id)
    named, steps = watched(workspace, run_id), folder.snapshot_steps()
    if not 0 <= place < len(named) or not 0 <= frame < len(steps):
        raise InputError(
            f"Run {run_id} has {len(named)} pairs of views and {len(steps)} frames; got {place} at {frame}.",
            remedy="Choose an image from the list.",
        )
    pictures = folder.views("pictures")
    (item,) = items_of(workspace, folder, pictures["rows"][place : place + 1])
    withheld = item["image_hash"] in workspace.items.withheld.hashes()
    kept = folder.views(f"step-{steps[frame]:08d}")
    latents = np.stack([kept[f"latents_{number}"][place] for number in (0, 1)]).astype(np.float64)
    states = overlap = None
    if "states_0" in kept:
        first, second = (kept[f"states_{number}"][place].astype(np.complex128) for number in (0, 1))
        states = np.stack([np.square(np.abs(each)) for each in (first, second)])
        overlap = float(np.square(np.abs(np.vdot(first, second))))
    return Pair(
        row=int(pictures["rows"][place]),
        id=named[place][0],
        label=named[place][1],
        step=steps[frame],
        pictures=None if withheld else np.stack([pictures["first"][place], pictures["second"][place]]),
        latents=latents,
        states=states,
        overlap=overlap,
    )
