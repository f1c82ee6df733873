"""Build and check the spec of a training on stored vectors. Torch-free."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qlatent.errors import ConfigError, InputError
from qlatent.registry import entry
from qlatent.services.datasets import grouping
from qlatent.services.datasets.column_codes import present
from qlatent.services.runs.specs import VectorTraining
from qlatent.services.training.kinds.base import configs_of, documented
from qlatent.services.training.request import TrainingRequest
from qlatent.services.vectors import augmented, stored
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs, TrainingConfig, split_settings
from qlatent.training.core.rows import heldout_mask, replace_rows

FEWEST = 8
WIDE = 256  # hidden width above which more threads are faster
SHOWN = 5  # ids named in a message


def checked(workspace: Workspace, request: TrainingRequest) -> VectorTraining:
    """The spec of a run for this request, checked against the workspace."""
    split_settings(request.head, request.objective, request.settings)  # reports wrong settings first
    key = request.encoder_key or stored.choose(workspace, request.dataset)
    spec = Material(workspace, request.dataset, key).spec(request)
    check_split(workspace, spec)
    return spec


def check_split(workspace: Workspace, spec: VectorTraining) -> None:
    """Raise `QlatentError` if the run's items cannot be split by its settings."""
    config = configs_of(spec, TrainingConfig).training
    hashes, known = grouping.of_vectors(workspace, spec, config, ordered=False)
    there = np.all([present(column) for column in hashes.values()], axis=0)
    heldout_mask(replace_rows(known, np.flatnonzero(there)), config)


class Material:
    """The vectors of a dataset and encoder, read once for any number of specs."""

    def __init__(self, workspace: Workspace, dataset: str, key: str) -> None:
        self.workspace, self.dataset, self.key = workspace, dataset, key
        self._record = workspace.catalogue.dataset(dataset)
        self._widths = stored.widths(workspace, dataset, key)
        self.version = workspace.items.version(dataset)
        self._checked: set[tuple[str, ...]] = set()
        self._views = lru_cache(partial(augmented.count_of, workspace, dataset, key))

    def spec(self, request: TrainingRequest) -> VectorTraining:
        """The spec of a run for this request; errors as in `training_spec`."""
        asked = replace(request, settings=augmented.settled(request.settings, self._views))
        configs = _configs(asked, self._widths)
        modalities = tuple(configs.head.modalities)
        if modalities not in self._checked:
            _check_vectors(self.workspace, self.dataset, self.key, modalities)
            self._checked.add(modalities)
        title = entry("head", request.head).title
        return VectorTraining(
            name=request.name or f"{title} on {self._record.name}",
            created=time.time(),
            dataset=self.dataset,
            dataset_version=self.version,
            encoder=self.key,
            modalities=modalities,
            head=request.head,
            objective=request.objective,
            settings=dict(request.settings),
            configs=documented(configs),
            threads=_threads(configs),
            device=settings().device,
        )


def _threads(configs: RunConfigs) -> int:
    """Number of training threads: one for small layers, where more threads cost more than they save."""
    wide = configs.head.widest_layer >= WIDE
    return settings().threads if wide else 1


def _configs(request: TrainingRequest, widths: dict[str, int]) -> RunConfigs:
    """The configs, with modalities and widths taken from the vectors where the request does not set them."""
    values = dict(request.settings)
    values.setdefault("modalities", _modalities(widths))
    configs = split_settings(request.head, request.objective, values)
    _check_pairs(request, configs)
    wanted = tuple(configs.head.modalities)
    missing = [name for name in wanted if name not in widths]
    if missing:
        raise InputError(
            f"{request.dataset!r} has no {' or '.join(missing)} vectors; it has {', '.join(widths)}.",
            remedy=stored.encode_first(request.dataset),
        )
    used = {name: widths[name] for name in wanted}
    if len(set(used.values())) > 1:
        said = ", ".join(f"{name} {width}" for name, width in used.items())
        raise InputError(
            f"The distance between image and text needs vectors of one width; got {said}.",
            remedy="Choose an encoder with one space for both, or train on one modality.",
        )
    width = next(iter(used.values()))
    given = request.settings.get("input_dim", width)
    if given != width:
        raise InputError(
            f"Got input_dim={given}, but the vectors have width {width}.", remedy="Leave input_dim out."
        )
    return split_settings(request.head, request.objective, values | {"input_dim": width})


def _check_pairs(request: TrainingRequest, configs: RunConfigs) -> None:
    """Raise `InputError` if the objective needs image and text, or images only, and the head has others."""
    have = tuple(configs.head.modalities)
    if configs.objective.augmented_views and have != ("image",):
        raise ConfigError(
            f"Augmented views need a head of images only; this head has {' and '.join(have)}.",
            remedy='Leave modalities out, or use modalities=["image"].',
        )
    if configs.objective.needs_pairs and not {"image", "text"} <= set(have):
        raise ConfigError(
            f"The objective {request.objective!r} needs image and text; the head has {' and '.join(have)}.",
            remedy=configs.objective.without_pairs,
        )


def _modalities(widths: dict[str, int]) -> tuple[str, ...]:
    """Image and text where both have vectors, else the one that does."""
    pair = tuple(name for name in ("image", "text") if name in widths)
    return pair or tuple(widths)


def _check_vectors(workspace: Workspace, dataset: str, key: str, modalities: tuple[str, ...]) -> None:
    """Raise `InputError` if an item of these modalities lacks its vector, or too few items have all of them."""
    names = [stored.hash_column(key, modality) for modality in modalities]
    table = workspace.items.table(dataset, columns=["id", *names])
    complete = np.ones(len(table), dtype=bool)
    made = workspace.items.encoders(dataset)
    whole = {(each["key"], each["modality"]) for each in made if each["encoded"] == each["total"]}
    for name, modality in zip(names, modalities, strict=True):
        complete &= present(table[name])
        if (key, modality) in whole:
            continue
        missing = workspace.items.missing(key, modality, table[name])
        if missing := [each for each in missing if each]:
            lacking = table.filter(pc.is_in(table[name], pa.array(missing)))["id"].to_pylist()
            shown = ", ".join(lacking[:SHOWN]) + (", …" if len(lacking) > SHOWN else "")
            raise InputError(
                f"{len(lacking)} of {len(table)} items of {dataset!r} have no {modality} vector"
                f" of encoder {key!r}: {shown}.",
                remedy=stored.encode_first(dataset),
            )
    if complete.sum() < FEWEST:
        raise InputError(
            f"Only {int(complete.sum())} of {len(table)} items of {dataset!r} have {' and '.join(modalities)};"
            f" training needs at least {FEWEST}.",
            remedy="Import more items, or train on one modality.",
        )
