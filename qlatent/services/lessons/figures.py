"""What the figure of a step shows, as plain data for a page or a notebook to draw. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.metrics.statistics import differences as paired
from qlatent.services.circuits import circuits
from qlatent.services.circuits.circuits import CircuitView, Drawing, GateByGate
from qlatent.services.experiments import comparison, side_by_side
from qlatent.services.experiments.comparison import Row
from qlatent.services.experiments.side_by_side import SideBySide
from qlatent.services.hardware import placing, results
from qlatent.services.hardware.placing import Placed
from qlatent.services.hardware.results import JobResults
from qlatent.services.lessons import jobs, views
from qlatent.services.lessons.gradients import GradientVariance, gradients
from qlatent.services.lessons.manifest import manifest
from qlatent.services.lessons.stage import Stage
from qlatent.services.lessons.views import ViewsShown
from qlatent.services.runs import frames
from qlatent.services.runs.event_log import Columns
from qlatent.services.runs.frames import Evolution
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import (
    CircuitFigure,
    Figure,
    GradientsFigure,
    LinkedFigure,
    LossFigure,
    MapFigure,
    ViewsFigure,
    WaysFigure,
)

UNSHOWN = ("step",)
"""Figures of a job that lessons do not speak of."""


@dataclass(frozen=True, eq=False)
class CircuitShown:
    """A circuit with its angles by name, its drawing, and its states gate by gate."""

    view: CircuitView
    drawing: Drawing
    states: GateByGate


@dataclass(frozen=True, eq=False)
class WaysShown:
    """The way of m items over jobs, whose last stage is that of the last job.

    `placed` has the places (stages, m, 2) in the plane of the exact latents, the first stage exact, with the
    covariances of the shots; `jobs` have the numbers of each item beside the exact ones, with standard errors; `kept`
    has what each job has kept, as `results.path` tells it. All are on the same items in the same order.
    """

    placed: Placed
    jobs: list[JobResults]
    kept: list[dict[str, float]]
    rows: NDArray[np.int64]  # (m,): dataset rows


BySeed = Mapping[tuple[comparison.Key, str], Mapping[int, Row]]
Shown = (
    Evolution | SideBySide | Columns | list[Row] | CircuitShown | WaysShown | ViewsShown | GradientVariance
)


def shown(workspace: Workspace, figure: Figure) -> Shown:
    """The data of a figure in its state.

    A map gives the frames of its run, linked maps two spaces, ways the places of items by jobs, losses columns by
    step, a table the tidy rows of its seeds and metrics, a circuit its states, views their pictures and how alike they
    are, gradients their variance by size. `InputError` where a training or a job is not there yet.
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
        case WaysFigure():
            return _ways(stage, figure)
        case LossFigure():
            return stage.losses()
        case CircuitFigure():
            view = stage.circuit()
            return CircuitShown(view, circuits.drawn(view.circuit), circuits.states_gate_by_gate(view))
        case ViewsFigure():
            return views.shown(stage, figure)
        case GradientsFigure():
            return gradients(figure.layout, layers=figure.layers, by=figure.by)
    return [row for row in stage.table() if row["metric"] in figure.metrics]


def _ways(stage: Stage, figure: WaysFigure) -> WaysShown:
    found = _ways_of(stage.workspace, figure.jobs, tuple(each.id for each in stage.jobs()))
    if figure.frame > len(figure.jobs):
        raise InputError(f"There is no stage {figure.frame}.", remedy=f"The last one is {len(figure.jobs)}.")
    if figure.item and figure.item not in found.placed.ids:
        raise InputError(f"{figure.item!r} is not on this map.")
    return found


@lru_cache(maxsize=16)
def _ways_of(workspace: Workspace, names: tuple[str, ...], ids: tuple[str, ...]) -> WaysShown:
    found = results.shared([jobs.read(workspace, each) for each in ids])
    titles = [manifest().jobs[name].title for name in names]
    placed, rows = placing.placed(list(zip(titles, found, strict=True))), placing.rows(workspace, ids[-1])
    kept = results.path(found, probed=False)
    return WaysShown(placed, found, kept, np.array([rows[each] for each in placed.ids]))


def title(run: str) -> str:
    """The title of a training of lessons."""
    training = manifest().runs[run]
    return training.title or comparison.grid.title(training.head)


def differences(rows: Sequence[Row], metrics: Sequence[str]) -> tuple[str, pd.DataFrame]:
    """The title of the first head, and its difference to each other head: heads × metrics as "mean [low, high]".

    The differences are paired by seed, with Student's 95 % interval; "–" where there is none.
    """
    known = comparison.by_seed(rows)
    heads = list(dict.fromkeys(key for key, _ in known))
    lines = {
        comparison.grid.title(key[0]): {
            comparison.metric_title(metric): _difference(known, heads[0], key, metric) for metric in metrics
        }
        for key in heads[1:]
    }
    return comparison.grid.title(heads[0][0]), pd.DataFrame.from_dict(lines, orient="index").rename_axis(
        "Head"
    )


def _difference(known: BySeed, first: comparison.Key, second: comparison.Key, metric: str) -> str:
    one, two = (comparison.values(known.get((key, metric), {})) for key in (first, second))
    found = paired.paired(one, two)
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]" if found.seeds > 1 else "–"
