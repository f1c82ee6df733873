"""Create, list, start, stop and follow experiments: grids whose cells are ordinary runs. Torch-free.

An experiment is one JSON file; its state is derived from the runs.
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
from qlatent.services.experiments import scopes
from qlatent.services.experiments.grid import COMMON, NO_OBJECTIVE, Cell, Experiment, Grid
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Measurement
from qlatent.services.training.kinds.vectors.spec import check_split
from qlatent.services.vectors import augmented, stored
from qlatent.store.disk import json_bytes, write_atomically
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import TrainingConfig

FILE = bin.EXPERIMENT
ONLY_TOGETHER = (
    "Measured by an earlier version, over images and texts together only, where the gap between them decides most "
    "pairs. `qlatent compare … --measure-again`, or Measure again on the page Compare, adds the figures within images "
    "and within texts. Nothing is trained."
)
OLDER = {"split_rule": "contents"}  # default of experiments without a split rule: it was the only one


# --- creating ---------------------------------------------------------------------------------------------


def create(workspace: Workspace, grid: Grid) -> Experiment:
    """Save an experiment and return it; a grid in which no cell can run raises `QlatentError`.

    PCA and the classical twin of every quantum head are added if missing. With augmented views, all heads are trained
    on images only, with the number of views stored now. A grid without a split rule that an earlier version saved is
    found again, with the rule of that version.
    """
    if grid.seeds < 1 or not grid.heads or not grid.dims or not grid.objectives:
        raise ConfigError("A grid needs at least one head, objective, dimension and seed.")
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
    """The experiment id, derived from its content."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"e{digest[:10]}"


def _as_before(workspace: Workspace, content: dict[str, Any], grid: Grid) -> dict[str, Any]:
    """The content without a split rule, as earlier versions wrote it, if it is equivalent or already saved."""
    settings = {key: value for key, value in content["settings"].items() if key != "split_rule"}
    older = {**content, "settings": settings}
    if content["settings"]["split_rule"] == "contents":
        return older
    here = (workspace.experiments_path / _id(older) / FILE).exists()
    return older if here and "split_rule" not in grid.settings else content


def _check_settings(heads: tuple[str, ...], grid: Grid) -> None:
    """Raise `ConfigError` for a common setting that no part of the grid has."""
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


# --- reading ----------------------------------------------------------------------------------------------


def list_experiments(workspace: Workspace, dataset: str | None = None) -> list[Experiment]:
    """All experiments, or those on a dataset, newest first."""
    folder = workspace.experiments_path
    names = [path.parent.name for path in folder.glob(f"*/{FILE}")] if folder.is_dir() else []
    found = [view(workspace, name) for name in names]
    wanted = [each for each in found if dataset in (None, each.dataset)]
    return sorted(wanted, key=lambda each: each.created, reverse=True)


def view(workspace: Workspace, experiment_id: str) -> Experiment:
    """The experiment with this id; an unknown id raises `InputError`."""
    path = workspace.experiments_path / experiment_id / FILE
    if not experiment_id or not path.is_file():
        raise InputError(
            f"There is no experiment {experiment_id!r} here.",
            remedy="Create one with `qlatent compare DATASET`.",
        )
    return _experiment(json.loads(path.read_text(encoding="utf-8")))


def _experiment(document: dict[str, Any]) -> Experiment:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    return Experiment(**{**values, "settings": OLDER | values["settings"]})


def remove(workspace: Workspace, experiment_id: str) -> None:
    """Move an experiment to the bin; its runs and heads stay. `bin.restore` undoes this for a day."""
    view(workspace, experiment_id)
    bin.put_experiment(workspace, experiment_id)


# --- running ----------------------------------------------------------------------------------------------


def start(workspace: Workspace, experiment: Experiment, *, workers: int | None = None) -> list[str]:
    """Queue missing runs, resume stopped and failed ones and measure finished ones; returns the runs' ids.

    Up to `workers` processes run at once, by default as many as there are cores.
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


def only_together(workspace: Workspace, experiment: Experiment) -> list[str]:
    """The runs that an earlier version measured over images and texts together only."""
    return [
        run
        for run in _finished(workspace, experiment)
        if scopes.is_of_pairs_only_together(workspace.run(run).figures().get("metrics", {}))
    ]


def _finished(workspace: Workspace, experiment: Experiment) -> list[str]:
    return [
        cell.run.id
        for cell in grid_of.distinct(grid_of.cells(workspace, experiment))
        if cell.run is not None and cell.state == "finished"
    ]


def measure(
    workspace: Workspace, experiment: Experiment, *, workers: int | None = None, again: bool = False
) -> list[str]:
    """Queue the measurement of finished runs without metrics, and start waiting runs; nothing is trained.

    `again` adds those that an earlier version measured over images and texts together only.
    """
    lacking = [run for run in _finished(workspace, experiment) if not workspace.run(run).has_figures()] + (
        only_together(workspace, experiment) if again else []
    )
    queued = []
    if lacking and not any(run.active for run in _measurements(workspace, lacking)):
        spec = Measurement(
            name=f"Figures of {len(lacking)} runs", created=time.time(), dataset=experiment.dataset,
            runs=tuple(lacking),
        )  # fmt: skip
        queued.append(queue.enqueue(workspace, spec))
    queue.dispatch(workspace, workers or os.cpu_count() or 1)
    return queued


def _measurements(workspace: Workspace, run_ids: Iterable[str]) -> list[RunSummary]:
    """The measuring runs that cover any of these runs."""
    wanted = set(run_ids)
    listed = listing.list_runs(workspace, "measure")
    return [run for run in listed if isinstance(run.spec, Measurement) and wanted & set(run.spec.runs)]


def stop(workspace: Workspace, experiment: Experiment) -> int:
    """Request all active and queued runs of the experiment to stop; returns their number."""
    asked = 0
    for cell in grid_of.distinct(grid_of.cells(workspace, experiment)):
        if cell.run is not None and cell.run.active:
            try:
                queue.stop(workspace, cell.run.id)
            except RunError:  # it has ended in the meantime
                continue
            asked += 1
    return asked


@dataclass(frozen=True)
class Progress:
    """Progress of an experiment, counting distinct trainings; `refused` and `failed` hold lines for display."""

    total: int
    finished: int
    active: int
    under_way: float  # sum of the completed shares of trainings that run
    measured: int
    measured_at: int  # the last time, in nanoseconds since 1970
    refused: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether no run is active or queued."""
        return self.active == 0


def progress(workspace: Workspace, experiment: Experiment) -> Progress:
    """The progress of the trainings and measurements of an experiment."""
    every = grid_of.cells(workspace, experiment)
    found = grid_of.distinct(every)
    finished = [cell.run for cell in found if cell.run is not None and cell.state == "finished"]
    measurements = _measurements(workspace, [each.id for each in finished])
    measured = [workspace.run(run.id).measured_at() for run in finished]
    return Progress(
        total=len(found),
        finished=len(finished),
        active=sum(cell.run is not None and cell.run.active for cell in found)
        + sum(run.active for run in measurements),
        under_way=sum(cell.run.progress for cell in found if cell.run is not None and cell.run.active),
        measured=sum(at > 0 for at in measured),
        measured_at=max(measured, default=0),
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
    """The experiment as JSON values."""
    return asdict(experiment)
