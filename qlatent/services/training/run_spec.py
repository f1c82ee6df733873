"""From what somebody asks for to the frozen spec of a run; all refusals happen here, before it starts."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from qlatent.errors import ConfigError, InputError, QlatentError
from qlatent.registry import config_class, entry, make_config
from qlatent.services.datasets import grouping
from qlatent.services.training.request import Source, TrainingRequest
from qlatent.services.vectors import augmented, stored
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs, TrainingConfig, split_settings
from qlatent.training.images.configs import ImageTrainingConfig
from qlatent.training.retrieval.configs import RankingTrainingConfig
from qlatent.training.vectors.data import heldout_mask, replace_rows

FEWEST = 8
WIDE = 256  # hidden width from which a second thread pays
SHOWN = 5  # ids named in a message
Spec = dict[str, Any]


def check_split(workspace: Workspace, spec: Spec) -> None:
    """Whether the items of a run on vectors can be divided as it says; else a `QlatentError` that says why."""
    config = configs_of(spec).training
    hashes, known = grouping.of_vectors(workspace, spec, config)
    there = np.all([[bool(each) for each in column] for column in hashes.values()], axis=0)
    heldout_mask(replace_rows(known, np.flatnonzero(there)), config)


class Material:
    """What there is to train on, read once for any number of runs on it."""

    def __init__(self, workspace: Workspace, dataset: str, key: str) -> None:
        self.workspace, self.dataset, self.key = workspace, dataset, key
        self._record = workspace.catalogue.dataset(dataset)
        self._widths = stored.widths(workspace, dataset, key)
        self.version = workspace.items.version(dataset)
        self._checked: set[tuple[str, ...]] = set()
        self._views = lru_cache(partial(augmented.count_of, workspace, dataset, key))

    def spec(self, request: TrainingRequest) -> Spec:
        """The spec of a run of this request; refusals as in `training_spec`."""
        asked = replace(request, settings=augmented.settled(request.settings, self._views))
        configs = _configs(asked, self._widths)
        modalities = tuple(configs.head.modalities)
        if modalities not in self._checked:
            _check_vectors(self.workspace, self.dataset, self.key, modalities)
            self._checked.add(modalities)
        title = entry("head", request.head).title
        return {
            "format": 1,
            "kind": "train",
            "name": request.name or f"{title} on {self._record.name}",
            "created": time.time(),
            "dataset": self.dataset,
            "dataset_version": self.version,
            "encoder": self.key,
            "modalities": list(modalities),
            "head": request.head,
            "objective": request.objective,
            "settings": dict(request.settings),
            "configs": {name: asdict(getattr(configs, name)) for name in ("head", "objective", "training")},
            "threads": _threads(configs),
            "device": settings().device,
        }


def same_training(spec: Spec) -> str:
    """What two specs have in common if they train the very same: equal data, head, objective and settings."""
    keys = (
        "dataset",
        "dataset_version",
        "source",
        "encoder",
        "modalities",
        "head",
        "weights",
        "judgements",
        "objective",
        "configs",
    )
    return _filled(json.dumps({key: spec.get(key) for key in keys}, sort_keys=True))


@lru_cache(maxsize=4096)
def _filled(text: str) -> str:
    """The same with the defaults of settings that came after the run was made; unreadable ones as they are."""
    spec = json.loads(text)
    try:
        configs = configs_of(spec)
    except (QlatentError, KeyError):
        return text
    spec["configs"] = {name: asdict(getattr(configs, name)) for name in ("head", "objective", "training")}
    return json.dumps(spec, sort_keys=True)


def _threads(configs: RunConfigs) -> int:
    """Threads for training: one where layers are small, since sharing them costs more than it saves."""
    wide = getattr(configs.head, "hidden", 0) >= WIDE
    return settings().threads if wide else 1


TRAININGS = {"vectors": TrainingConfig, "images": ImageTrainingConfig, "relevance": RankingTrainingConfig}


def source_of(spec: Spec) -> Source:
    """What a training run learns from."""
    found: Source = spec.get("source") or "vectors"
    return found


def configs_of(spec: Spec) -> RunConfigs:
    """The three configs of a training run, as they were when it was created."""
    values = spec["configs"]
    objective, training = dict(values["objective"]), dict(values["training"])
    if "learn_scale" in training:  # where it stood before it was the loss's
        objective["learn_scale"] = training.pop("learn_scale")
    training.setdefault("split_rule", "contents")  # the only rule before it had a name
    return RunConfigs(
        make_config(config_class("head", spec["head"]), values["head"]),
        make_config(config_class("objective", spec["objective"]), objective),
        make_config(TRAININGS[source_of(spec)], training),
    )


def _configs(request: TrainingRequest, widths: dict[str, int]) -> RunConfigs:
    """The configs with modalities and widths taken from the vectors where the request leaves them open."""
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
            remedy="Choose an encoder that puts both into one space, or train on one modality.",
        )
    width = next(iter(used.values()))
    given = request.settings.get("input_dim", width)
    if given != width:
        raise InputError(
            f"input_dim={given}, but the vectors have width {width}.", remedy="Leave input_dim out."
        )
    return split_settings(request.head, request.objective, values | {"input_dim": width})


def _check_pairs(request: TrainingRequest, configs: RunConfigs) -> None:
    """Some objectives are about an item's image and text, and need both."""
    have = tuple(configs.head.modalities)
    if getattr(configs.objective, "augmented_views", False) and have != ("image",):
        raise ConfigError(
            f"Augmented views are of images alone; the head has {' and '.join(have)}.",
            remedy='Leave modalities out, or use modalities=["image"].',
        )
    if getattr(configs.objective, "needs_pairs", False) and not {"image", "text"} <= set(have):
        raise ConfigError(
            f"The objective {request.objective!r} needs image and text; the head has {' and '.join(have)}.",
            remedy=_other_views(configs.objective),
        )


def _other_views(objective: Any) -> str:
    if hasattr(objective, "views"):
        return (
            "Train on both, or use views=noise: two noisy copies of each vector; or views=augmented: augmented"
            " copies of each image, encoded before."
        )
    return "Train on both, or choose another objective."


def _modalities(widths: dict[str, int]) -> tuple[str, ...]:
    """Image and text where both are there, else the one that is."""
    pair = tuple(name for name in ("image", "text") if name in widths)
    return pair or tuple(widths)


def _check_vectors(workspace: Workspace, dataset: str, key: str, modalities: tuple[str, ...]) -> None:
    """Every content of the modalities has its vector, and enough rows have all of them."""
    names = [stored.hash_column(key, modality) for modality in modalities]
    table = workspace.items.table(dataset, columns=["id", *names])
    ids = table.column("id").to_pylist()
    complete = np.ones(len(ids), dtype=bool)
    for name, modality in zip(names, modalities, strict=True):
        hashes = [each or "" for each in table.column(name).to_pylist()]
        complete &= np.array([bool(each) for each in hashes], dtype=bool)
        missing = set(workspace.items.missing(key, modality, [each for each in hashes if each]))
        if missing:
            lacking = [item for item, each in zip(ids, hashes, strict=True) if each in missing]
            shown = ", ".join(lacking[:SHOWN]) + (", …" if len(lacking) > SHOWN else "")
            raise InputError(
                f"{len(lacking)} of {len(ids)} items of {dataset!r} have no {modality} vector"
                f" of encoder {key!r}: {shown}.",
                remedy=stored.encode_first(dataset),
            )
    if complete.sum() < FEWEST:
        raise InputError(
            f"Only {int(complete.sum())} of {len(ids)} items of {dataset!r} have {' and '.join(modalities)};"
            f" training needs at least {FEWEST}.",
            remedy="Import more items, or train on one modality.",
        )
