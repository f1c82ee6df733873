"""The grid of an experiment: heads × objectives × dimensions × seeds, and the run of each cell.

Torch-free. A cell that already has a run, started in any way, is not trained again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qlatent import assignments, registry
from qlatent.errors import ConfigError, InputError, QlatentError
from qlatent.services.heads import kept_heads as heads_kept
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import VectorTraining
from qlatent.services.training import sweeps
from qlatent.services.training.kinds.vectors.spec import Material
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import TrainingConfig

CONTROLS = ("pca",)  # added to every grid, with the twin of each quantum head
NO_OBJECTIVE = "none"  # objective column of a head with a closed form
KEPT = "kept/"  # prefix of the id or name of a kept head
COMMON = {  # the same held-out part for all, and few frames per run
    "split_seed": 0,
    "snapshots": 12,
    "split_rule": "groups",
}


@dataclass(frozen=True)
class Grid:
    """The heads, objectives, dimensions and seeds to compare on a dataset.

    `heads` are registry names, optionally followed by settings ("acqua", "acqua:depth=2"), or kept heads, which are
    measured without training ("kept/NAME"). `settings` apply to every head, objective and training that has them.
    """

    dataset: str
    heads: tuple[str, ...]
    objectives: tuple[str, ...] = ("distance_correlation",)
    dims: tuple[int, ...] = (4,)
    seeds: int = 5
    settings: Mapping[str, Any] = field(default_factory=dict)
    encoder_key: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Experiment:
    """A grid on a fixed version of the items; `id` is derived from the content, so an equal grid is found again."""

    id: str
    name: str
    dataset: str
    dataset_version: int
    encoder: str
    heads: tuple[str, ...]
    objectives: tuple[str, ...]
    dims: tuple[int, ...]
    seeds: int
    settings: dict[str, Any]
    created: float


@dataclass(frozen=True)
class Cell:
    """One cell of the grid: its request and its run, or the reason why it cannot run.

    `dim` is None for a head that keeps the full dimension; `objective` is "none" for a head without training.
    """

    head: str
    objective: str
    dim: int | None
    seed: int
    spec: VectorTraining | None = None
    refusal: str = ""
    run: RunSummary | None = None

    @property
    def state(self) -> str:
        """The state of the cell: "missing", "refused" or the state of its run."""
        if self.refusal:
            return "refused"
        return self.run.state if self.run else "missing"


def with_controls(heads: Iterable[str]) -> tuple[str, ...]:
    """The heads, the twins of the quantum heads and PCA, in this order and without duplicates."""
    given = list(heads)
    twins = [registry.entry("head", parse(head)[0]).twin for head in given if not head.startswith(KEPT)]
    return tuple(dict.fromkeys([*given, *filter(None, twins), *CONTROLS]))


def parse(head: str) -> tuple[str, dict[str, Any]]:
    """The registry name and the settings of "name:key=value:key=value"; a kept head has no settings."""
    if head.startswith(KEPT):
        return head.rsplit("/", 1)[1], {}
    name, *parts = head.split(":")
    values: dict[str, Any] = {}
    for part in parts:
        found = assignments.split(part)
        if found is None:
            raise ConfigError(f"{head}: got {part!r}, expected key=value.", remedy="Write acqua:depth=2.")
        values[found[0]] = assignments.value_of(found[1])
    registry.entry("head", name)
    return name, values


def resolved(workspace: Workspace, head: str, key: str) -> str:
    """A kept head as "kept/id/kind", checked against the encoder; other heads unchanged."""
    if not head.startswith(KEPT):
        return head
    view = heads_kept.find(workspace, head.removeprefix(KEPT).split("/")[0])
    heads_kept.check_space(view, key)
    return f"{KEPT}{view.id}/{view.head}"


def title(head: str) -> str:
    """The title of a head of a grid."""
    if head.startswith(KEPT):
        return f"{title(head.rsplit('/', 1)[1])}, kept as {head.split('/')[1]}"
    name, *own = head.split(":")
    said = registry.HEADS[name].title if name in registry.HEADS else name
    return f"{said} ({', '.join(own)})" if own else said


def goal(objective: str) -> str:
    """The title of an objective of a grid; a dash for a head without one."""
    return "–" if objective == NO_OBJECTIVE else objective.replace("_", " ")


def keys(cls: type) -> set[str]:
    return {each.name for each in dataclasses.fields(cls)}


def cells(workspace: Workspace, experiment: Experiment) -> list[Cell]:
    """All cells of the grid, seed by seed, each with its run if there is one."""
    try:
        material = Material(workspace, experiment.dataset, experiment.encoder)
    except QlatentError as err:  # the vectors are gone; existing runs stay valid
        raise InputError(f"{experiment.name}: {err.message}", remedy=err.remedy) from err
    known = sweeps.known(workspace)
    found = []
    for seed in range(experiment.seeds):
        for head in experiment.heads:
            for objective, dim in _places(experiment, head):
                found.append(_cell(experiment, material, known, (head, objective, dim, seed)))
    return found


def _places(experiment: Experiment, head: str) -> list[tuple[str, int | None]]:
    """The objectives and dimensions of a head in the grid."""
    if head.startswith(KEPT):
        return [(NO_OBJECTIVE, None)]
    cls = registry.head_class(parse(head)[0])
    objectives = (NO_OBJECTIVE,) if cls.closed_form else experiment.objectives
    dims: tuple[int | None, ...] = experiment.dims if cls.width_key() else (None,)
    return [(objective, dim) for objective in objectives for dim in dims]


def _cell(
    experiment: Experiment,
    material: Material,
    known: Mapping[str, RunSummary],
    place: tuple[str, str, int | None, int],
) -> Cell:
    head, objective, dim, seed = place
    try:
        if head.startswith(KEPT):
            spec = material.spec(_kept(experiment, material.workspace, head, seed))
            spec = spec.model_copy(update={"weights": head.split("/")[1]})
        else:
            spec = material.spec(_request(experiment, head, objective, dim, seed))
        spec = spec.model_copy(update={"dataset_version": experiment.dataset_version})
    except QlatentError as err:
        return Cell(*place, refusal=f"{err.message} {err.remedy}".strip())
    return Cell(*place, spec=spec, run=known.get(training_key(spec)))


def _request(
    experiment: Experiment, head: str, objective: str, dim: int | None, seed: int
) -> TrainingRequest:
    """The request of one cell; common settings are passed to the parts that have them."""
    name, own = parse(head)
    cls = registry.head_class(name)
    own = registry.respelled(cls, own)
    trained = objective != NO_OBJECTIVE
    target = objective if trained else "acqua"  # a closed-form head is only evaluated with it
    known = (
        keys(cls)
        | keys(TrainingConfig)
        | (keys(registry.config_class("objective", target)) if trained else set())
    )
    values = {key: value for key, value in experiment.settings.items() if key in known} | own
    if dim is not None:
        values[cls.width_key()] = dim
    fixed = cls.deterministic and experiment.settings.get("split_seed", -1) >= 0
    values["seed"] = 0 if fixed else seed
    if isinstance(values.get("modalities"), list):
        values["modalities"] = tuple(values["modalities"])
    said = [title(head), f"{dim}-d" if dim else "", objective if trained else "", f"seed {values['seed']}"]
    label = ", ".join(part for part in said if part)
    return TrainingRequest(experiment.dataset, experiment.encoder, name, target, values, label[:80])


def _kept(experiment: Experiment, workspace: Workspace, head: str, seed: int) -> TrainingRequest:
    """The request of a run that shows and measures a kept head without training it."""
    view = heads_kept.view(workspace, head.split("/")[1])
    heads_kept.check_space(view, experiment.encoder)
    common = {key: value for key, value in experiment.settings.items() if key in keys(TrainingConfig)}
    own = {key: tuple(value) if isinstance(value, list) else value for key, value in view.config.items()}
    values = own | common | {"normalise": view.normalise}
    values["seed"] = own.get("seed", 0) if experiment.settings.get("split_seed", -1) >= 0 else seed
    return TrainingRequest(
        experiment.dataset, experiment.encoder, view.head, "acqua", values, f"{view.name}, as it is"[:80]
    )


def distinct(found: Iterable[Cell]) -> list[Cell]:
    """The cells without those that share the run of an earlier cell."""
    seen: dict[str, Cell] = {}
    for cell in found:
        if cell.spec is not None:
            seen.setdefault(training_key(cell.spec), cell)
    return list(seen.values())
