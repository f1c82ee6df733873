"""The figures of steps, drawn with Plotly and as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from qlatent.notebooks.display import Part, Shown
from qlatent.notebooks.figures.circuits import circuit
from qlatent.notebooks.figures.maps import linked, moving
from qlatent.notebooks.figures.views import pictures
from qlatent.notebooks.figures.ways import ways
from qlatent.plots import circuit_figures, losses
from qlatent.report import experiment as reports
from qlatent.services.experiments import comparison
from qlatent.services.lessons import figures
from qlatent.services.lessons.gradients import DECADES, GradientVariance, in_words
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import listing
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import Figure, GradientsFigure, LossFigure, TableFigure


def draw(workspace: Workspace, figure: Figure) -> Shown:
    """The figure in its state; one that the data do not have raises `InputError`."""
    return Shown(list(DRAWN[figure.kind](workspace, figure)))


def _losses(workspace: Workspace, figure: LossFigure) -> Iterable[Part]:
    run = Stage(workspace, figure).run()
    yield losses.losses(listing.losses(workspace, run), listing.evaluations(workspace, run))


def _table(workspace: Workspace, figure: TableFigure) -> Iterable[Part]:
    found = figures.shown(workspace, figure)
    assert isinstance(found, list)
    yield "**The first seed alone.**" if figure.seeds == 1 else f"**Over the first {figure.seeds} seeds.**"
    yield reports.marked_table(found, figure.metrics).set_index("Head")
    yield reports.caption(figure.metrics)
    if figure.seeds == 1:
        return
    first, differences = figures.differences(found, figure.metrics)
    yield f"**{first} minus each other head** (mean of the differences, seed by seed [95 % interval])"
    yield differences
    for metric in figure.metrics:
        yield f"**{comparison.metric_title(metric)}, seed by seed**"
        yield comparison.seed_by_seed(found, metric).round(3)


def _gradients(workspace: Workspace, figure: GradientsFigure) -> Iterable[Part]:
    found = figures.shown(workspace, figure)
    assert isinstance(found, GradientVariance)
    yield circuit_figures.variances(
        found.sizes, found.values, found.low, found.high, axis=figure.by, height=320, decades=DECADES
    )
    yield in_words(figure, found)


DRAWN: dict[str, Callable[[Workspace, Any], Iterable[Part]]] = {
    "map": moving,
    "linked": linked,
    "ways": ways,
    "losses": _losses,
    "table": _table,
    "circuit": circuit,
    "bloch": circuit,
    "views": pictures,
    "gradients": _gradients,
}
"""Each kind of figure that a step can show."""
