"""Build and check the spec of a training on images. Torch-free."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qlatent.errors import ConfigError, InputError
from qlatent.registry import HEADS, entry, head_class
from qlatent.services.datasets import grouping
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training.kinds.base import documented
from qlatent.services.training.request import TrainingRequest
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs, split_settings
from qlatent.training.core.rows import Labels, heldout_mask, labels_of, replace_rows
from qlatent.training.images.configs import ImageTrainingConfig
from qlatent.types import content_hash

FEATURES = 512  # output width of ResNet-18
OBJECTIVE = "ntxent"
COLUMNS = ("row", "id", "image_hash", "label", "split", "width", "height")
SHOWN = 5  # ids named in a message


def heads() -> list[str]:
    """Names of the heads that can be trained on images: those with a projection head."""
    return [name for name in HEADS if head_class(name).from_images]


def spec(workspace: Workspace, request: TrainingRequest) -> ImageTraining:
    """The spec of a run that trains ResNet-18 and a head on the images of a dataset.

    Raises `QlatentError` for an objective other than NT-Xent, a head without projection, wrong settings, no or too few
    images, images smaller than the crop, and impossible linear probes.
    """
    configs = _configs(request)
    record = workspace.catalogue.dataset(request.dataset)
    version = workspace.items.version(request.dataset)
    table = pictures(workspace, request.dataset, version)
    groups = grouping.groups(workspace, request.dataset, version, configs.training)
    _check_images(table, groups, request.dataset, configs.training)
    title = entry("head", request.head).title
    return ImageTraining(
        name=request.name or f"{title} on the images of {record.name}",
        created=time.time(),
        dataset=request.dataset,
        dataset_version=version,
        content=content(table),
        encoder="",
        modalities=("image",),
        head=request.head,
        objective=request.objective,
        settings=dict(request.settings),
        configs=documented(configs),
        threads=settings().threads,
        device=settings().device,
    )


def pictures(workspace: Workspace, dataset: str, version: int) -> pa.Table:
    """The rows of a dataset that have an image, with the columns that training needs."""
    table = workspace.items.table(dataset, columns=list(COLUMNS), version=version)
    return table.filter(table["image_hash"].is_valid())


def content(table: pa.Table) -> str:
    """A hash of these images with their labels and splits, in this order."""
    rows = zip(*(table[name].to_pylist() for name in ("image_hash", "label", "split")), strict=True)
    return content_hash("\n".join("|".join(each or "" for each in row) for row in rows))


def labels(table: pa.Table, groups: NDArray[np.int64]) -> Labels:
    """Content (the image), split, label and group of these rows; `groups` covers the whole dataset."""
    columns = {name: table[name].to_pylist() for name in ("image_hash", "split", "label")}
    return labels_of(columns, content="image_hash", group=groups[table["row"].to_numpy()])


def _configs(request: TrainingRequest) -> RunConfigs:
    if request.objective != OBJECTIVE:
        raise ConfigError(
            f"The objective {request.objective!r} cannot be trained on images.",
            remedy=f"Use {OBJECTIVE}, which compares two augmented views of each image.",
        )
    if request.head not in heads():
        entry("head", request.head)  # raises for an unknown name
        raise ConfigError(
            f"The head {request.head!r} cannot be trained on images: it has no projection head.",
            remedy=f"Use one of {', '.join(heads())}, or train it on vectors.",
        )
    values = _decided(request.settings, {"modalities": ("image",), "input_dim": FEATURES, "views": "auto"})
    return split_settings(request.head, request.objective, values, training=ImageTrainingConfig)


def _decided(given: Mapping[str, Any], decided: dict[str, Any]) -> dict[str, Any]:
    for key, value in decided.items():
        wanted = given.get(key, value)
        if (tuple(wanted) if isinstance(wanted, list) else wanted) != value:
            raise ConfigError(
                f"Got {key}={wanted!r}; training on images sets it to {value!r}.", remedy=f"Leave {key} out."
            )
    return {**given, **decided}


def _check_images(
    table: pa.Table, groups: NDArray[np.int64], dataset: str, config: ImageTrainingConfig
) -> None:
    if not table.num_rows:
        raise InputError(
            f"{dataset!r} has no images.", remedy="Choose a dataset with images, or train on vectors."
        )
    if config.small == "refuse":
        _check_sizes(table, config)
    known = labels(table, groups)
    if config.unique_pairs:
        known = replace_rows(known, np.unique(known.content, return_index=True)[1])
    away = heldout_mask(known, config)
    train = int((~away).sum())
    if train < config.batch_size:
        raise InputError(
            f"{dataset!r} has {train} training and {int(away.sum())} held-out images;"
            f" a batch needs {config.batch_size}.",
            remedy=f"Set batch_size to {max(2, train)} or less, or add more images.",
        )
    if config.probe_steps:
        _check_probes(known, away, dataset, config)


def _check_sizes(table: pa.Table, config: ImageTrainingConfig) -> None:
    sides = np.minimum(table["width"].to_numpy(), table["height"].to_numpy())
    small = np.flatnonzero(sides < config.size)
    if len(small):
        ids = [table["id"][int(each)].as_py() for each in small[:SHOWN]]
        named = ", ".join(ids) + (", …" if len(small) > SHOWN else "")
        raise InputError(
            f"{len(small)} of {table.num_rows} images have fewer than {config.size} pixels a side: {named}.",
            remedy=f"Set small=upscale to enlarge them, or set size to {int(sides.min())} or less.",
        )


def _check_probes(known: Labels, away: np.ndarray, dataset: str, config: ImageTrainingConfig) -> None:
    """Raise `InputError` if requested probe steps exceed the run, or fewer than two classes are on both sides."""
    late = [step for step in config.probe_steps if not 0 <= step <= config.steps]
    if late:
        raise ConfigError(
            f"Got probe_steps={config.probe_steps}; the run has {config.steps} steps.",
            remedy=f"Use steps from 0 to {config.steps}.",
        )
    names, counts = np.unique(known.label[~away], return_counts=True)
    learned = set(names[counts > 1].tolist()) - {""}
    both = learned & set(known.label[away].tolist())
    if len(both) < 2:
        raise InputError(
            f"A linear probe needs two classes among training and held-out images; {dataset!r} has {len(both)}.",
            remedy="Add labels, or leave probe_steps out.",
        )
