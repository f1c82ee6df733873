"""The live figures of a step."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from qlatent.errors import InputError
from qlatent.plots import losses as loss_plots
from qlatent.services.experiments import comparison
from qlatent.services.experiments.comparison import Row
from qlatent.services.lessons import figures, preparing
from qlatent.services.runs import listing
from qlatent.services.runs.listing import RunSummary
from qlatent.teaching.figures import (
    CircuitFigure,
    GradientsFigure,
    LinkedFigure,
    LossFigure,
    MapFigure,
    TableFigure,
    ViewsFigure,
    WaysFigure,
)
from qlatent.ui.compare import tables
from qlatent.ui.learn import links, seeds
from qlatent.ui.learn.figures import circuit, gradients, linked, moving, views, ways
from qlatent.ui.learn.links import Stand
from qlatent.ui.learn.trainer import Trainer
from qlatent.ui.shell import page
from qlatent.ui.train import run_board


def draw(stand: Stand, trainer: Trainer | None = None) -> None:
    """Draw the figure as it stands; a state that it does not have raises `InputError`. `trainer` as in `seeds`."""
    match stand.figure:
        case MapFigure() | LossFigure() as figure:
            chosen = seeds.choose(stand, trainer)
            moving.draw(chosen.stand, chosen.run) if figure.kind == "map" else _losses(chosen.run)
            seeds.numbers(chosen)
        case LinkedFigure():
            linked.draw(stand)
        case WaysFigure():
            ways.draw(stand)
        case ViewsFigure():
            views.draw(stand)
        case CircuitFigure():
            circuit.draw(stand)
        case GradientsFigure():
            gradients.draw(stand)
        case TableFigure():
            _table(stand)


def _losses(run: RunSummary) -> None:
    drawn = run_board.loss_figure(run)
    if drawn is None:
        raise InputError(f"{run.name} has no step.", remedy="Prepare the lesson again.")
    parts = " · ".join(
        name for part, name in loss_plots.PARTS.items() if part in listing.losses(page.workspace(), run.id)
    )
    st.plotly_chart(
        drawn, key="learn_losses", config={"displayModeBar": False}, alt="Loss parts over the steps"
    )
    st.caption(f"{parts}, step by step. Point at a curve to read its step and value.")


def _table(stand: Stand) -> None:
    workspace, figure = page.workspace(), stand.figure
    most = preparing.experiment(workspace, figure.experiment).seeds
    if figure.seeds > most:
        raise links.refused("seeds", figure.seeds)
    found = figures.shown(workspace, figure)
    assert isinstance(found, list)
    _how_many(stand, most)
    tables.heads(found, figure.metrics, key="learn_table")
    if figure.seeds > 1:
        telling = [each for each in figure.metrics if _differs(found, each)]
        _differences(found, telling)
        _seeds(found, telling)


def _how_many(stand: Stand, most: int) -> None:
    """The choice of how many of the experiment's seeds count."""
    st.session_state["learn_table_seeds"] = stand.figure.seeds

    def changed() -> None:
        stand.change(seeds=st.session_state["learn_table_seeds"])

    st.segmented_control(
        "Number of seeds", range(1, most + 1), key="learn_table_seeds", on_change=changed, required=True
    )


def _differs(found: list[Row], metric: str) -> bool:
    """Whether heads differ in a metric: the accuracy of guessing, for instance, is that of no head."""
    return len({row["value"] for row in found if row["metric"] == metric}) > 1


def _differences(found: list[Row], metrics: Sequence[str]) -> None:
    """The first head minus each other one."""
    first, lines = figures.differences(found, metrics)
    st.markdown(f"**{first} minus each other head**")
    st.dataframe(lines, key="learn_differences", alt=f"{first} minus each other head")
    st.caption("Mean of the differences, seed by seed [95 % interval].")


def _seeds(found: list[Row], metrics: Sequence[str]) -> None:
    """Each seed by itself, a table for each metric."""
    for metric in metrics:
        lines = comparison.seed_by_seed(found, metric)
        st.markdown(f"**{comparison.metric_title(metric)}, seed by seed**")
        st.dataframe(
            lines, key=f"learn_seeds_{metric}", alt="Heads and their seeds",
            column_config={name: st.column_config.NumberColumn(format="%.3f") for name in lines.columns},
        )  # fmt: skip
