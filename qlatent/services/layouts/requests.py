"""Request layouts: what is laid out and how, checked before a run is queued. Torch-free."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from qlatent.errors import AbsentError, ConfigError, InputError
from qlatent.layout.umap import UmapConfig
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.runs import listing, queue, specs
from qlatent.services.runs.specs import Layout, expected, training_spec
from qlatent.services.training.kinds.table import run_configs
from qlatent.services.vectors import stored
from qlatent.settings import settings
from qlatent.store.workspace import Workspace

METHODS = {
    "pca": "Principal axes",
    "umap": "UMAP",
    "aligned": "UMAP over all frames",
}
"""The methods with their titles."""
METRICS = ("cosine", "euclidean", "log_fidelity")
WITHOUT = {"localmap", "pacmap"}  # measured in benchmarks/layouts.py
KEPT = ("finished", "running", "queued")  # states of a run that answers the same request again
INCIDENTAL = {"id", "name", "created", "threads", "device", "part_of", "format"}


@dataclass(frozen=True)
class LayoutRequest:
    """A request to lay out the vectors of a dataset, or the latents of a run, whichever `source` names.

    "" stands for the default: the only encoder of the dataset, its first modality, cosine distances of vectors and the
    head's own distance of latents. `step` is that of a frame; None takes the last. "aligned" lays out all frames of a
    run together. The remaining settings are those of `layout.umap.UmapConfig`.
    """

    source: str
    method: str = "umap"
    encoder: str = ""
    modality: str = ""
    step: int | None = None
    metric: str = ""
    dimensions: int = 2
    neighbours: int = 15
    min_dist: float = 0.1
    epochs: int = 0
    densmap: bool = False
    seed: int = 0

    @property
    def umap(self) -> UmapConfig:
        """The settings of UMAP; a value out of range raises `ConfigError`."""
        return UmapConfig(
            self.dimensions, self.neighbours, self.min_dist, self.epochs, self.densmap, self.seed
        )


def start(workspace: Workspace, request: LayoutRequest, *, token: str = "") -> str:
    """Queue the run of a layout and start it if there is room; returns its id.

    The same request on the same data returns the run that is there already, unless it failed or was stopped. `token` as
    in `queue.enqueue`.
    """
    asked = spec(workspace, request)
    there = existing(workspace, asked)
    return there or queue.start(workspace, asked, token=token)


def extend(workspace: Workspace, layout: str, *, token: str = "") -> str:
    """Queue the run that places a dataset's newer items on a stored layout of its vectors; returns its id.

    A layout of a run's latents, whose items are fixed, and a removed dataset raise an error.
    """
    known = expected(specs.of(workspace.run(layout)), Layout)
    if known.run:
        raise InputError("The items of a run are fixed.", remedy="Lay out the dataset's vectors instead.")
    record = workspace.catalogue.dataset(known.dataset)
    asked = known.model_copy(
        update={
            "id": "", "created": time.time(), "extends": layout, "threads": settings().threads,
            "name": f"{METHODS[known.method]} of {record.name}, {known.modality}, with newer items",
            "dataset_version": workspace.items.version(known.dataset),
        }
    )  # fmt: skip
    return existing(workspace, asked) or queue.start(workspace, asked, token=token)


def newer(workspace: Workspace, layout: StoredLayout) -> int:
    """How many items with a vector the dataset has gained since a layout of its vectors was computed."""
    if layout.run or workspace.items.version(layout.dataset) == layout.dataset_version:
        return 0
    vectors = stored.mapped(workspace, layout.dataset, layout.encoder, layout.modality)
    return len(np.setdiff1d(np.flatnonzero(stored.whole(vectors)), layout.rows))


def config_of(spec: Layout) -> UmapConfig:
    """UMAP's settings of a layout."""
    return UmapConfig(spec.dimensions, spec.neighbours, spec.min_dist, spec.epochs, spec.densmap, spec.seed)


def existing(workspace: Workspace, asked: Layout) -> str | None:
    """The id of a finished, running or queued run with the same spec, or None."""
    for run in listing.list_runs(workspace, "layout"):
        if run.state in KEPT and isinstance(run.spec, Layout) and _essence(run.spec) == _essence(asked):
            return run.id
    return None


def spec(workspace: Workspace, request: LayoutRequest) -> Layout:
    """The spec of a layout; an unknown source, method, frame or modality raises an error before anything is queued."""
    if request.method not in METHODS:
        reason = " It takes longer than UMAP and keeps fewer neighbours." if request.method in WITHOUT else ""
        raise ConfigError(
            f"There is no layout called {request.method!r}.{reason}", remedy=f"Use {', '.join(METHODS)}."
        )
    config = request.umap  # checks its values
    if request.metric not in ("", *METRICS):
        raise ConfigError(f"There is no distance {request.metric!r}.", remedy=f"Use {', '.join(METRICS)}.")
    found = (
        _of_run(workspace, request) if _is_run(workspace, request.source) else _of_dataset(workspace, request)
    )
    shown = f"{METHODS[request.method]}{' with densities' if config.densmap else ''}"
    return Layout(
        name=f"{shown} of {found.pop('title')}", created=time.time(), method=request.method,
        dimensions=config.dimensions, neighbours=config.neighbours, min_dist=config.min_dist, epochs=config.epochs,
        densmap=config.densmap, seed=config.seed, threads=settings().threads, device="cpu", **found,
    )  # fmt: skip


def _is_run(workspace: Workspace, source: str) -> bool:
    try:
        return workspace.catalogue.run(source).kind == "train"
    except AbsentError:
        return False


def _of_dataset(workspace: Workspace, request: LayoutRequest) -> dict[str, Any]:
    record = workspace.catalogue.dataset(request.source)
    if request.method == "aligned":
        raise ConfigError(
            f"{request.source!r} is a dataset and has no frames to align.", remedy="Name a run, or use umap."
        )
    if request.metric == "log_fidelity":
        raise ConfigError("Vectors are no expectation values.", remedy="Use cosine or euclidean.")
    encoder = request.encoder or stored.choose(workspace, request.source)
    modality = _chosen(request.modality, tuple(stored.widths(workspace, request.source, encoder)))
    return {
        "title": f"{record.name}, {modality}", "dataset": request.source, "encoder": encoder, "modality": modality,
        "dataset_version": workspace.items.version(request.source), "metric": request.metric or "cosine",
    }  # fmt: skip


def _of_run(workspace: Workspace, request: LayoutRequest) -> dict[str, Any]:
    folder = workspace.run(request.source)
    trained, steps = training_spec(folder), folder.snapshot_steps()
    if not steps:
        raise InputError(
            f"Run {request.source} has recorded no frame yet.", remedy="Wait for its first step."
        )
    step = steps[-1] if request.step is None else request.step
    if step not in steps:
        raise InputError(
            f"Run {request.source} has no frame at step {step}.",
            remedy=f"Use one of {', '.join(map(str, steps[:20]))}.",
        )
    if request.method == "aligned":
        if folder.status().state in ("queued", "running"):
            raise InputError(f"Run {request.source} still trains.", remedy="Wait until it has ended.")
        if len(steps) < 2:
            raise InputError(f"Run {request.source} has one frame only.", remedy="Use umap.")
    own = run_configs(trained).head.distance
    metric = request.metric or (own if own in METRICS else "euclidean")
    return {
        "title": f"{trained.name}, {_chosen(request.modality, tuple(folder.snapshot(step)))}",
        "dataset": trained.dataset, "dataset_version": trained.dataset_version, "run": request.source,
        "step": None if request.method == "aligned" else step, "metric": metric,
        "modality": _chosen(request.modality, tuple(folder.snapshot(step))),
    }  # fmt: skip


def _chosen(asked: str, there: tuple[str, ...]) -> str:
    if asked and asked not in there:
        raise InputError(f"There are no {asked!r} vectors here.", remedy=f"Use {' or '.join(there)}.")
    return asked or there[0]


def _essence(spec: Layout) -> dict[str, Any]:
    return {key: value for key, value in spec.document().items() if key not in INCIDENTAL}
