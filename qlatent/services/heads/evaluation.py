"""Evaluate a kept head on any dataset: distances, neighbours, matched pairs and reconstruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qlatent.errors import InputError
from qlatent.heads import figure_titles
from qlatent.metrics.geometry.honesty import honesty
from qlatent.services.heads import kept_heads
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

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
    return [(found, value) for _, found, value in figure_titles.titled(metrics)]


def _rebuilt(inputs: Arrays, rebuilt: Arrays) -> dict[str, float]:
    return {
        f"reconstruction_{name}": float(np.abs(inputs[name] - rebuilt[name]).sum(axis=1).mean())
        for name in inputs
    }
