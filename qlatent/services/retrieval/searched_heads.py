"""Heads made ready to be searched with: the vectors themselves, one of the registry as it is drawn, or a kept one."""

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

NONE = "none"  # the vectors themselves, by cosine

Latents = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Ready:
    """A head that can be searched with: vectors (n, d) to latents (n, k), and what it is.

    `saturated` is the share of numbers in the flat ends of a tanh, None where there is no tanh; `warnings` say what
    was noticed on the way.
    """

    name: str
    title: str
    latents: Latents
    metric: Any
    dim: int
    parameters: dict[str, int]
    fitted: str  # on what
    saturated: float | None = None
    warnings: tuple[str, ...] = ()


def prepared(workspace: Workspace, head: str, collection: Collection, *, seed: int = 0) -> Ready:
    """A head ready to be searched with. A kept head of another encoder or without the modality is an `InputError`."""
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
    """The head, its title, and on what it was fitted."""
    if is_drawn(head):
        model, fitted = _drawn(head, collection, seed)
        return model, grid.title(head), fitted
    view = kept_heads.find(workspace, head.removeprefix(grid.KEPT))
    kept_heads.check_space(view, collection.key)
    kept: AbstractHead = kept_heads.estimator(workspace, view.id).model_
    return kept, f"{view.title}, kept as {view.name}", "what it was trained on"


def is_drawn(head: str) -> bool:
    """Whether this names a head of the registry, which is drawn, and not a kept one."""
    return head.split(":")[0] in registry.HEADS


def config(head: str, width: int, modality: str, seed: int) -> Any:
    """The config of a head of the registry on vectors of this width; wrong settings are a `ConfigError`."""
    name, own = grid.parse(head)
    common = {"input_dim": width, "modalities": (modality,), "seed": seed}
    return registry.make_config(registry.config_class("head", name), common | own)


def _drawn(head: str, collection: Collection, seed: int) -> tuple[AbstractHead, str]:
    """A head of the registry as its seed draws it, after what it takes from the corpus."""
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
    """The share of the corpus's numbers whose tanh is flat, and what to do about it where that is much."""
    from qlatent.heads import arrays, saturation

    name = collection.modality
    checked = arrays.checked(model, {name: collection.vectors})[name]
    found, said = saturation.measure(model, {name: arrays.as_inputs(model, checked)})
    return found.get(name), said


def _through(model: AbstractHead, modality: str) -> Latents:
    from qlatent.heads import arrays

    return lambda rows: arrays.transform(model, {modality: rows})[modality]
