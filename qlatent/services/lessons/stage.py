"""A step as it stands: its figure in its present state, on the data of a workspace. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.circuits import circuits, picked_item
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.experiments import comparison
from qlatent.services.hardware import results
from qlatent.services.hardware.results import JobResults
from qlatent.services.heads import kept_heads
from qlatent.services.lessons import jobs, preparing, variations
from qlatent.services.lessons.manifest import resolved
from qlatent.services.runs import frames, listing
from qlatent.services.runs.event_log import Columns
from qlatent.services.runs.specs import training_spec
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import LESSON_SEED, CircuitFigure, Figure, TableFigure, WaysFigure
from qlatent.types import Arrays

Angles = NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """What facts are asked about: `figure` is that of a step, with what was changed since it began."""

    workspace: Workspace
    figure: Figure | None
    lesson: str = ""  # id of the lesson whose own trainings may be named

    def run(self, name: str = "") -> str:
        """The id of the training `name`, by default the first of the figure."""
        shown = self.figure.runs if self.figure else ()
        if not name and not shown:
            raise InputError("This step shows no training.", remedy="Name one: given = {run = …}.")
        training = resolved(self.lesson, name) if name else shown[0]
        seed = getattr(self.figure, "seed", LESSON_SEED) if training in shown else LESSON_SEED
        return variations.run_id(self.workspace, training, seed)

    def ids(self, name: str = "") -> tuple[str, ...]:
        """The ids of the items on the map of a run, in the order of its arrays."""
        folder = self.workspace.run(self.run(name))
        rows = folder.probe(("rows",))["rows"]
        return tuple(each["id"] for each in frames.items_of(self.workspace, folder, rows))

    def row(self, item: str, name: str = "") -> int:
        """The dataset row of an item on the map; an unknown item raises `InputError`."""
        ids = self.ids(name)
        if item not in ids:
            raise InputError(f"{item!r} is not on this map.")
        return int(self.workspace.run(self.run(name)).probe(("rows",))["rows"][ids.index(item)])

    def inputs(self, name: str = "") -> Arrays:
        """The vectors (n, d) that the head of a run gets, by modality."""
        probe = self.workspace.run(self.run(name)).probe()
        return {key.removeprefix("input_"): each for key, each in probe.items() if key.startswith("input_")}

    def latents(self, name: str = "", *, frame: int | None = None) -> Arrays:
        """The latents (n, k) of a run at a frame (−1: the last; None: that of the figure), by modality."""
        folder = self.workspace.run(self.run(name))
        steps = folder.snapshot_steps()
        number = getattr(self.figure, "frame", -1) if frame is None else frame
        if not -1 <= number < len(steps):
            raise InputError(f"There is no frame {number}.", remedy=f"The last one is {len(steps) - 1}.")
        return folder.snapshot(steps[number])

    def given(self, name: str = "", *, modality: str) -> NDArray[np.float32]:
        """The vectors (n, d) of the whole data set of a run as they came, before they are scaled to length 1."""
        spec = training_spec(self.workspace.run(self.run(name)))
        return stored.mapped(self.workspace, spec.dataset, spec.encoder, modality)

    def losses(self, name: str = "") -> Columns:
        """The loss of a run and its parts as columns by step."""
        return listing.losses(self.workspace, self.run(name))

    def metrics(self, name: str = "") -> dict[str, Any]:
        """The metrics of a run at its end."""
        return listing.metrics(self.workspace, self.run(name))

    def circuit(self, **moved: float) -> CircuitView:
        """The circuit of the figure with its angles, and with the `moved` ones."""
        figure = self.figure
        if not isinstance(figure, CircuitFigure):
            raise InputError("This step shows no circuit.")
        return with_named(_view(self, figure), figure.angles | moved)

    def moved(self, **angles: float) -> Stage:
        """The stage with these angles moved; one that cannot be moved here raises `InputError`."""
        figure = self.figure
        if not isinstance(figure, CircuitFigure) or not set(angles) <= set(figure.move):
            known = ", ".join(getattr(figure, "move", ())) or "none"
            raise InputError("These angles cannot be moved here.", remedy=f"Those that can: {known}.")
        return replace(self, figure=replace(figure, angles=figure.angles | angles))

    def job(self, name: str) -> JobResults:
        """The results of a job on a device."""
        return jobs.read(self.workspace, preparing.job_id(self.workspace, resolved(self.lesson, name)))

    def jobs(self) -> list[JobResults]:
        """The results of the jobs that the figure shows, on the items that all of them have."""
        figure = self.figure
        if not isinstance(figure, WaysFigure):
            raise InputError("This step shows no jobs.")
        return results.shared([self.job(name) for name in figure.jobs])

    def table(self) -> list[comparison.Row]:
        """The rows of the figure's experiment, of the seeds that it shows."""
        figure = self.figure
        if not isinstance(figure, TableFigure):
            raise InputError("This step shows no table.")
        found = comparison.rows(self.workspace, preparing.experiment(self.workspace, figure.experiment))
        return [row for row in found if row["seed"] < figure.seeds]


def _view(stage: Stage, figure: CircuitFigure) -> CircuitView:
    if figure.layout:
        view = circuits.of_layout(figure.layout, qubits=figure.qubits, layers=figure.layers)
        return circuits.with_angles(view, np.zeros(view.circuit.inputs + view.circuit.weights))
    head = kept_heads.find(stage.workspace, stage.run())
    view = circuits.of_head(stage.workspace, head.id, modality=figure.modality)
    return picked_item.with_item(stage.workspace, view, stage.row(figure.item)) if figure.item else view


def with_named(view: CircuitView, named: dict[str, float]) -> CircuitView:
    """The view with the angles of these names ("input 0", "weight 3"); an unknown one raises `InputError`."""
    angles = np.concatenate([view.inputs, view.weights])
    known = angle_names(view)
    for name, value in named.items():
        if name not in known:
            raise InputError(f"The circuit has no angle {name!r}.", remedy=f"It has {', '.join(known)}.")
        angles[known.index(name)] = value
    return circuits.with_angles(view, angles)


def angle_names(view: CircuitView) -> list[str]:
    """The names of the angles of a circuit, inputs first."""
    counts = {"input": view.circuit.inputs, "weight": view.circuit.weights}
    return [f"{kind} {number}" for kind, count in counts.items() for number in range(count)]
