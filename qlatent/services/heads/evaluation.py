"""Evaluate a kept head on any dataset: distances, neighbours, matched pairs and reconstruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qlatent.errors import InputError
from qlatent.metrics.geometry.honesty import honesty
from qlatent.registry import SCOPES
from qlatent.registry import TOGETHER as TOGETHER_TITLE
from qlatent.services.heads import kept_heads
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

TOGETHER = ("spearman", "neighbour_overlap", "neighbour_chance")  # over two modalities, mostly the gap
TITLES = {
    "gap": "Gap images–texts",
    "gap_before": "Gap images–texts, in the vectors",
    "pair_error": "Mean |d_x − d_z| of matched pairs",
    "recall_1_image": "Images whose nearest text is their own (R@1)",
    "recall_1_text": "Texts whose nearest image is their own (R@1)",
    "recall_chance": "R@1 by chance",
    "spearman": "Spearman of distances",
    "neighbour_overlap": "kNN overlap@10",
    "neighbour_chance": "kNN overlap@10 by chance",
    "neighbour_chance_within": "kNN overlap@10 by chance, images or texts alone",
    "norm_min": "Norm of a latent, smallest",
    "norm_median": "Norm of a latent, median",
    "norm_max": "Norm of a latent, largest",
    "sample_points": "Points whose ranks and neighbours are compared",
    "reconstruction": "Reconstruction error (L1)",
    "total": "Loss",
    "train_pairs": "Rows for training",
    "heldout_pairs": "Rows held out",
    "train_groups": "Groups for training",
    "heldout_groups": "Groups held out",
    "groups_on_both_sides": "Groups on both sides",
}
POINTS = 4000  # points whose ranks are compared


def evaluate(
    workspace: Workspace, head: str, dataset: str, *, encoder_key: str | None = None, seed: int = 0
) -> dict[str, Any]:
    """Metrics of a head (by id, name or its run's id) on all complete rows of a dataset.

    Inputs are scaled to unit length if the head was trained that way. The metrics are those of the training view (see
    `metrics.geometry.honesty`) and `reconstruction_<modality>`: the mean over rows of the L1 distance between a vector
    and its reconstruction.
    """
    view = kept_heads.find(workspace, head)
    estimator = kept_heads.estimator(workspace, view.id)
    key = encoder_key or stored.choose(workspace, dataset, preferred=view.encoder)
    kept_heads.check_space(view, key)
    arrays = stored.read(workspace, dataset, key, modalities=tuple(estimator.modalities))
    rows = stored.complete(arrays)
    if len(rows) < 3:  # two points have only one distance
        raise InputError(
            f"Only {len(rows)} rows of {dataset!r} have {' and '.join(arrays)} vectors of {key}.",
            remedy="Choose another dataset, or encode this one.",
        )
    inputs = {name: array[rows] for name, array in arrays.items()}
    latents = estimator.transform(inputs)
    inputs = estimator.normalised(inputs)
    metrics = honesty(inputs, latents, sample=POINTS, seed=seed) | _rebuilt(
        inputs, estimator.inverse_transform(latents)
    )
    return {
        "head": view.id, "dataset": dataset, "encoder": key, "rows": len(rows),
        "left_out": len(next(iter(arrays.values()))) - len(rows), "metrics": metrics,
    }  # fmt: skip


def lines(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    """Titles and values for a table; with two modalities, figures over both together come last and say so."""
    together = [name for name in TOGETHER if name in metrics and "pair_error" in metrics]
    own = [(title(name), value) for name, value in metrics.items() if name not in together]
    return own + [(f"{title(name)}, {TOGETHER_TITLE}", metrics[name]) for name in together]


def title(name: str) -> str:
    """The title of a metric of `evaluate`; an unknown name is its own."""
    measured, _, scope = name.rpartition("_")
    if name not in TITLES and measured in TITLES and scope in SCOPES:
        return f"{TITLES[measured]}, {SCOPES[scope]}"
    return TITLES.get(name, name)


def _rebuilt(inputs: Arrays, rebuilt: Arrays) -> dict[str, float]:
    return {
        f"reconstruction_{name}": float(np.abs(inputs[name] - rebuilt[name]).sum(axis=1).mean())
        for name in inputs
    }
