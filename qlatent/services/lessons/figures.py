"""What the figure of a step shows, as plain data for a page or a notebook to draw. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.services.circuits import circuits
from qlatent.services.circuits.circuits import CircuitView, Drawing, GateByGate
from qlatent.services.experiments import comparison, side_by_side
from qlatent.services.experiments.comparison import Row
from qlatent.services.experiments.side_by_side import SideBySide
from qlatent.services.lessons.manifest import manifest
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import frames
from qlatent.services.runs.event_log import Columns
from qlatent.services.runs.frames import Evolution
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import CircuitFigure, Figure, LinkedFigure, LossFigure, MapFigure


@dataclass(frozen=True, eq=False)
class CircuitShown:
    """A circuit with its angles by name, its drawing, and its states gate by gate."""

    view: CircuitView
    drawing: Drawing
    states: GateByGate


Shown = Evolution | SideBySide | Columns | list[Row] | CircuitShown


def shown(workspace: Workspace, figure: Figure) -> Shown:
    """The data of a figure in its state.

    A map gives the frames of its run, linked maps two spaces, losses columns by step, a table the tidy rows of its
    seeds and metrics, a circuit its states. `InputError` where a training is not there yet.
    """
    stage = Stage(workspace, figure)
    match figure:
        case MapFigure():
            stage.latents()  # refuses a frame that does not exist
            if figure.item:
                stage.row(figure.item)
            return frames.evolution(workspace, stage.run(), frames.Drawing(view=figure.view or None))
        case LinkedFigure():
            return side_by_side.side_by_side(
                workspace, [(stage.run(name), title(name)) for name in figure.runs]
            )
        case LossFigure():
            return stage.losses()
        case CircuitFigure():
            view = stage.circuit()
            return CircuitShown(view, circuits.drawn(view.circuit), circuits.states_gate_by_gate(view))
    return [row for row in stage.table() if row["metric"] in figure.metrics]


def title(run: str) -> str:
    """The title of a training of lessons."""
    training = manifest().runs[run]
    return training.title or comparison.grid.title(training.head)
