"""Experiments: make, list, start, stop and follow grids whose cells are ordinary runs. Torch-free.

An experiment is one JSON file; everything else is looked up among the runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from qlatent import registry
from qlatent.errors import ConfigError, InputError, RunError
from qlatent.services import bin
from qlatent.services.experiments import grid as grid_of
from qlatent.services.experiments.grid import COMMON, NO_OBJECTIVE, Cell, Experiment, Grid
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunView
from qlatent.services.runs.specs import Measurement
from qlatent.services.training.kinds.vectors.spec import check_split
from qlatent.services.vectors import augmented, stored
from qlatent.store.disk import json_bytes, write_atomically
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import TrainingConfig

FILE = bin.EXPERIMENT
OLDER = {"split_rule": "contents"}  # of experiments that name no rule of splitting: there was no other


# --- making -----------------------------------------------------------------------------------------------


def create(workspace: Workspace, grid: Grid) -> Experiment:
    """Write an experiment down and return it; a grid in which nothing can run is a `QlatentError`.

    PCA and the classical twin of every quantum head are added where they are missing. Where views are augmented all
    heads are of images alone, and as many views are used as there are now. A grid that names no rule of splitting and
    was made when there was but one is found again, with that rule.
    """
    if grid.seeds < 1 or not grid.heads or not grid.dims or not grid.objectives:
        raise ConfigError("A grid needs a head, an objective, a dimension and a seed at least.")
    key = grid.encoder_key or stored.choose(workspace, grid.dataset)
    heads = grid_of.with_controls(grid_of.resolved(workspace, head, key) for head in grid.heads)
    _check_settings(heads, grid)
    views = partial(augmented.count_of, workspace, grid.dataset, key)
    content = {
        "dataset": grid.dataset,
        "dataset_version": workspace.items.version(grid.dataset),
        "encoder": key,
        "heads": list(heads),
        "objectives": list(dict.fromkeys(grid.objectives)),
        "dims": sorted(set(grid.dims)),
        "seeds": grid.seeds,
        "settings": {**COMMON, **augmented.settled(grid.settings, views)},
    }
    content = _as_before(workspace, content, grid)
    name = grid.name or f"{len(heads)} heads on {workspace.catalogue.dataset(grid.dataset).name}"
    document = {"id": _id(content), "name": name, **content, "created": time.time()}
    experiment = _experiment(document)
    found = grid_of.cells(workspace, experiment)
    if all(cell.refusal for cell in found):
        raise InputError(found[0].refusal, remedy="Change heads, dimensions or settings.")
    new = [cell.spec for cell in found if cell.spec is not None and cell.run is None]
    if new:
        check_split(workspace, new[0])
    folder = workspace.experiments_path / experiment.id
    if not (folder / FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / FILE, json_bytes(document, indent=1))
    return view(workspace, experiment.id)


def _id(content: dict[str, Any]) -> str:
    """The id that an experiment's content decides."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"e{digest[:10]}"


def _as_before(workspace: Workspace, content: dict[str, Any], grid: Grid) -> dict[str, Any]:
    """The content as it was written before rules of splitting had names, where it is the same or is here already."""
    settings = {key: value for key, value in content["settings"].items() if key != "split_rule"}
    older = {**content, "settings": settings}
    if content["settings"]["split_rule"] == "contents":
        return older
    here = (workspace.experiments_path / _id(older) / FILE).exists()
    return older if here and "split_rule" not in grid.settings else content


def _check_settings(heads: tuple[str, ...], grid: Grid) -> None:
    """Every common setting is known to some part of the grid."""
    classes = [registry.config_class("head", grid_of.parse(head)[0]) for head in heads]
    classes += [registry.config_class("objective", name) for name in grid.objectives]
    known = set.union(*(grid_of.keys(cls) for cls in [*classes, TrainingConfig]))
    for key in grid.settings:
        if key in ("qubits", "dim", "seed"):
            raise ConfigError(
                f"{key} is given by the grid.", remedy="Use the dimensions and seeds of the grid."
            )
        if key not in known:
            raise ConfigError(f"unknown key {key!r}", remedy=registry.did_you_mean(key, known))


# --- looking ----------------------------------------------------------------------------------------------


def list_experiments(workspace: Workspace, dataset: str | None = None) -> list[Experiment]:
    """All experiments, or those on a dataset, newest first."""
    folder = workspace.experiments_path
    names = [path.parent.name for path in folder.glob(f"*/{FILE}")] if folder.is_dir() else []
    found = [view(workspace, name) for name in names]
    wanted = [each for each in found if dataset in (None, each.dataset)]
    return sorted(wanted, key=lambda each: each.created, reverse=True)


def view(workspace: Workspace, experiment_id: str) -> Experiment:
    """One experiment; `InputError` for an id that is not here."""
    path = workspace.experiments_path / experiment_id / FILE
    if not experiment_id or not path.is_file():
        raise InputError(
            f"There is no experiment {experiment_id!r} here.", remedy="`qlatent compare DATASET` makes one."
        )
    return _experiment(json.loads(path.read_text(encoding="utf-8")))


def _experiment(document: dict[str, Any]) -> Experiment:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    return Experiment(**{**values, "settings": OLDER | values["settings"]})


def remove(workspace: Workspace, experiment_id: str) -> None:
    """Take an experiment out of all lists; its runs and heads stay. For a day `bin.restore` brings it back."""
    view(workspace, experiment_id)
    bin.put_experiment(workspace, experiment_id)


# --- doing ------------------------------------------------------------------------------------------------


def start(workspace: Workspace, experiment: Experiment, *, workers: int | None = None) -> list[str]:
    """Queue what is missing, go on with what was stopped or failed, measure what is not; the runs' ids.

    `workers` processes work at once: by default as many as there are cores.
    """
    workers = workers or os.cpu_count() or 1
    queued: list[str] = []
    for cell in grid_of.distinct(grid_of.cells(workspace, experiment)):
        if cell.run is None and cell.spec is not None:
            spec = cell.spec.model_copy(update={"panel": True, "part_of": experiment.name})
            queued.append(queue.enqueue(workspace, spec, token=experiment.id))
        elif cell.run is not None and cell.state in ("failed", "interrupted", "stopped"):
            queue.resume(workspace, cell.run.id, workers=workers)
            queued.append(cell.run.id)
    return [*queued, *measure(workspace, experiment, workers=workers)]


def measure(workspace: Workspace, experiment: Experiment, *, workers: int | None = None) -> list[str]:
    """Queue the measurement of finished runs that have no figures yet, and start what waits."""
    lacking = [
        cell.run.id
        for cell in grid_of.distinct(grid_of.cells(workspace, experiment))
        if cell.run is not None and cell.state == "finished" and not workspace.run(cell.run.id).has_figures()
    ]
    queued = []
    if lacking and not any(run.active for run in _measurements(workspace, lacking)):
        spec = Measurement(
            name=f"Figures of {len(lacking)} runs", created=time.time(), dataset=experiment.dataset,
            runs=tuple(lacking),
        )  # fmt: skip
        queued.append(queue.enqueue(workspace, spec))
    queue.dispatch(workspace, workers or os.cpu_count() or 1)
    return queued


def _measurements(workspace: Workspace, run_ids: Iterable[str]) -> list[RunView]:
    """The measuring runs that are about some of these runs."""
    wanted = set(run_ids)
    listed = listing.list_runs(workspace, "measure")
    return [run for run in listed if isinstance(run.spec, Measurement) and wanted & set(run.spec.runs)]


def stop(workspace: Workspace, experiment: Experiment) -> int:
    """Ask every run of the experiment that is under way or waits to stop; returns how many."""
    asked = 0
    for cell in grid_of.distinct(grid_of.cells(workspace, experiment)):
        if cell.run is not None and cell.run.active:
            try:
                queue.stop(workspace, cell.run.id)
            except RunError:  # it has just ended
                continue
            asked += 1
    return asked


@dataclass(frozen=True)
class Progress:
    """How far an experiment is, in different trainings; `refused` and `failed` hold lines to show."""

    total: int
    finished: int
    active: int
    measured: int
    refused: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.active == 0


def progress(workspace: Workspace, experiment: Experiment) -> Progress:
    """How far the trainings and measurements of an experiment are."""
    every = grid_of.cells(workspace, experiment)
    found = grid_of.distinct(every)
    finished = [cell.run for cell in found if cell.run is not None and cell.state == "finished"]
    measurements = _measurements(workspace, [each.id for each in finished])
    return Progress(
        total=len(found),
        finished=len(finished),
        active=sum(cell.run is not None and cell.run.active for cell in found)
        + sum(run.active for run in measurements),
        measured=sum(workspace.run(run.id).has_figures() for run in finished),
        refused=tuple(dict.fromkeys(f"{_said(cell)}: {cell.refusal}" for cell in every if cell.refusal)),
        failed=tuple(
            f"{_said(cell)}, seed {cell.seed}: {cell.run.message}"
            for cell in found
            if cell.run is not None and cell.state in ("failed", "interrupted")
        )
        + tuple(
            f"{run.name}: {run.message}" for run in measurements if run.state in ("failed", "interrupted")
        ),
    )


def _said(cell: Cell) -> str:
    parts = [
        grid_of.title(cell.head),
        f"{cell.dim}-d" if cell.dim else "",
        "" if cell.objective == NO_OBJECTIVE else cell.objective,
    ]
    return ", ".join(part for part in parts if part)


def document(experiment: Experiment) -> dict[str, Any]:
    """The experiment as plain JSON."""
    return asdict(experiment)
