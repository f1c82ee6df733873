"""Load the images of a training run, compute its metrics and save its views and backbone."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from qlatent.errors import InputError
from qlatent.images import UNREADABLE, decoded
from qlatent.metrics import panel
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import hilbert_schmidt
from qlatent.registry import METRICS, resolve
from qlatent.services.datasets import grouping
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training.kinds.images import spec as specs
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

if TYPE_CHECKING:
    from torch import Tensor

    from qlatent.training.core.configs import RunConfigs
    from qlatent.training.images import events as image_events
    from qlatent.training.images.data import ImageData
    from qlatent.training.images.loop import ImageTrainer
    from qlatent.training.images.probe import ProbeResult

READ = 1000  # images read from the store at a time
SHOWN = 24  # pairs of views whose states are kept
OF_VIEWS = ("alignment", "uniformity")
BACKBONE = "backbone.safetensors"


def load_images(workspace: Workspace, spec: ImageTraining, configs: RunConfigs) -> ImageData:
    """The images of the run as of its creation; unreadable images are left out and counted.

    Images that have changed since then raise `InputError`.
    """
    import torch

    from qlatent.training.images.data import from_images

    table = specs.pictures(workspace, spec.dataset, spec.dataset_version)
    if specs.content(table) != spec.content:
        raise InputError(
            f"The images of {spec.dataset!r} have changed since the run was created.",
            remedy="Start a new run on the present images.",
        )
    hashes = table["image_hash"].to_pylist()
    parts, kept = [], []
    for start in range(0, len(hashes), READ):
        found = workspace.items.images(hashes[start : start + READ])
        for place, name in enumerate(hashes[start : start + READ], start=start):
            picture = _decoded(found.get(name), configs.training)
            if picture is not None:
                parts.append(picture)
                kept.append(place)
    if not kept:
        raise InputError(f"No image of {spec.dataset!r} can be read.", remedy="Import the images again.")
    groups = grouping.groups(workspace, spec.dataset, spec.dataset_version, configs.training)
    known = specs.labels(table.take(kept), groups)
    data = from_images(torch.cat(parts), known, table["row"].to_numpy()[kept], configs.training)
    if len(kept) < len(hashes):
        data.left_out["cannot be read"] = len(hashes) - len(kept)
    return data


def _decoded(content: bytes | None, config: Any) -> Tensor | None:
    from qlatent.training.images.batches import as_batch

    if content is None:
        return None
    try:
        return as_batch([decoded(content)], size=config.size, small=config.small)
    except UNREADABLE:
        return None


def keep_event(folder: RunFolder, trainer: ImageTrainer, event: image_events.Views) -> dict[str, float]:
    """Save the latents and states of the watched views after a step; returns their metrics."""
    if not (folder.path / "views" / "pictures.npz").exists():
        keep_pictures(folder, trainer)
    keep_views(folder, event)
    return figures_of_views(event)


def figures_of_views(event: image_events.Views) -> dict[str, float]:
    """Alignment and uniformity of the views' latents, and the Hilbert–Schmidt distance of their states."""
    first, second = event.latents
    sides = {"first": first, "second": second}
    found = panel.measure(
        Comparison(sides, sides), {name: resolve(METRICS[name].target) for name in OF_VIEWS}, names=OF_VIEWS,
        resamples=0,
    )  # fmt: skip
    figures = {name: figure.value for name, figure in found.items()}
    if event.states is not None:
        parts = asdict(hilbert_schmidt.distances(*event.states))
        figures |= {f"hilbert_schmidt_{name}": value for name, value in parts.items()}
    return figures


def keep_views(folder: RunFolder, event: image_events.Views) -> None:
    """Save the latents and states of the watched views after a step."""
    kept = {f"latents_{number}": each[:SHOWN] for number, each in enumerate(event.latents)}
    for number, states in enumerate(event.states or ()):
        kept[f"states_{number}"] = states[:SHOWN].astype(np.complex64)
    folder.write_views(f"step-{event.step:08d}", kept)


def keep_pictures(folder: RunFolder, trainer: ImageTrainer) -> None:
    """Save the images of the watched views once, as bytes (m, size, size, 3), with their dataset rows."""
    from qlatent.training.images.augmentation import as_bytes

    first, second = (as_bytes(each[:SHOWN]).permute(0, 2, 3, 1).numpy() for each in trainer.watched_views())
    rows = trainer.data.rows[trainer.watched][:SHOWN]
    folder.write_views("pictures", {"first": first, "second": second, "rows": rows})


def probe_document(result: ProbeResult, classes: tuple[str, ...]) -> dict[str, Any]:
    """A probe's result as JSON, with the 95 % Wilson interval of its accuracy."""
    from scipy.stats import binomtest

    total = int(result.confusion.sum())
    right = int(np.trace(result.confusion))
    interval = binomtest(right, total).proportion_ci(method="wilson")
    return {
        "accuracy": result.accuracy, "low": float(interval.low), "high": float(interval.high), "n": total,
        "validation": result.validation[-1] if result.validation else None,
        "classes": list(classes), "confusion": result.confusion.tolist(),
    }  # fmt: skip


def final_metrics(trainer: ImageTrainer, probe: dict[str, Any] | None) -> dict[str, float]:
    """Held-out loss, last linear probe, metrics of the views and numbers of images."""
    found = {
        name: float(value) for name, value in (probe or {}).items() if name in ("accuracy", "low", "high")
    }
    figures = {f"probe_{name}": value for name, value in found.items()}
    if trainer.data.heldout_pairs > 1:
        figures |= trainer.evaluate()
    finite = {name: value for name, value in figures.items() if math.isfinite(value)}
    return finite | trainer.data.counts


def save_backbone(folder: RunFolder, trainer: ImageTrainer) -> None:
    """Save the backbone's weights beside the head's, with the settings that an encoder needs."""
    from safetensors.torch import save_file

    tensors = {name: value.contiguous() for name, value in trainer.network.backbone.state_dict().items()}
    about = {"architecture": "resnet18", "size": trainer.config.size, "run": folder.id}
    save_file(tensors, folder.model_path / BACKBONE, metadata={"qlatent": json.dumps(about)})
