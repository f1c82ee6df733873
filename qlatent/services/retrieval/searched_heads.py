"""Prepare heads for search: the uncompressed vectors, an untrained registered head, or a kept head."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qlatent import registry
from qlatent.services.experiments import grid
from qlatent.services.heads import kept_heads
from qlatent.services.retrieval.collection import Collection
from qlatent.store.workspace import Workspace

if TYPE_CHECKING:
    from qlatent.heads.base import AbstractHead

NONE = "none"  # the uncompressed vectors, by cosine

Latents = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Ready:
    """A head prepared for search: maps vectors (n, d) to latents (n, k), with its description.

    `saturated` is the share of values in the flat ends of a tanh, None without a tanh; `warnings` are from the
    preparation.
    """

    name: str
    title: str
    latents: Latents
    metric: Any
    dim: int
    parameters: dict[str, int]
    fitted: str  # what it was fitted on
    saturated: float | None = None
    warnings: tuple[str, ...] = ()


def prepared(workspace: Workspace, head: str, collection: Collection, *, seed: int = 0) -> Ready:
    """A head prepared for search; a kept head of another encoder or without the modality raises `InputError`."""
    if head == NONE:
        width = collection.vectors.shape[1]
        none = {"stored": 0, "used": 0, "identifiable": 0}
        return Ready(head, "The vectors themselves", lambda x: x, "cosine", width, none, "nothing")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model, title, fitted = _model(workspace, head, collection, seed)
    heard = [str(each.message) for each in caught]
    saturated, flat = _saturation(model, collection)
    return Ready(
        head, title, _through(model, collection.modality), model.distance, model.latent_dim, model.parameter_count,
        fitted, saturated, tuple(dict.fromkeys([*heard, *flat])),
    )  # fmt: skip


def _model(
    workspace: Workspace, head: str, collection: Collection, seed: int
) -> tuple[AbstractHead, str, str]:
    """The head, its title, and a description of what it was fitted on."""
    if is_drawn(head):
        model, fitted = _drawn(head, collection, seed)
        return model, grid.title(head), fitted
    view = kept_heads.find(workspace, head.removeprefix(grid.KEPT))
    kept_heads.check_space(view, collection.key)
    kept: AbstractHead = kept_heads.estimator(workspace, view.id).model_
    return kept, f"{view.title}, kept as {view.name}", "what it was trained on"


def is_drawn(head: str) -> bool:
    """Whether this is a registered head, used untrained, and not a kept head."""
    return head.split(":")[0] in registry.HEADS


def config(head: str, width: int, modality: str, seed: int) -> Any:
    """The config of a registered head for vectors of this width; wrong settings raise `ConfigError`."""
    name, own = grid.parse(head)
    common = {"input_dim": width, "modalities": (modality,), "seed": seed}
    return registry.make_config(registry.config_class("head", name), common | own)


def _drawn(head: str, collection: Collection, seed: int) -> tuple[AbstractHead, str]:
    """A registered head with weights drawn by the seed, fitted to the corpus where it has a closed form."""
    from qlatent.heads import arrays  # torch comes with the first head

    made = config(head, collection.vectors.shape[1], collection.modality, seed)
    model: AbstractHead = registry.resolve(registry.entry("head", grid.parse(head)[0]).target)(made)
    model.normalise = "l2"
    model.prepare({collection.modality: arrays.as_inputs(model, collection.vectors)})
    return (
        model.eval(),
        "the corpus, without labels" if made.closed_form else f"nothing: random weights of seed {seed}",
    )


def _saturation(model: AbstractHead, collection: Collection) -> tuple[float | None, list[str]]:
    """The share of the corpus's values with a saturated tanh, and warnings with a remedy if it is large."""
    from qlatent.heads import arrays, saturation

    name = collection.modality
    checked = arrays.checked(model, {name: collection.vectors})[name]
    found, said = saturation.measure(model, {name: arrays.as_inputs(model, checked)})
    return found.get(name), said


def _through(model: AbstractHead, modality: str) -> Latents:
    from qlatent.heads import arrays

    return lambda rows: arrays.transform(model, {modality: rows})[modality]
