"""Draws the map of a run, cached by run id: with its player, or the newest frame alone."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.plots.evolution import Look, Points, evolution_map
from qlatent.services.datasets import browsing
from qlatent.services.runs import frames as service
from qlatent.services.runs.frames import Evolution
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.latent_map.player import Metric, Playback, player
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import count

CONFIG: dict[str, Any] = {
    "scrollZoom": True,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}
HOME_POINTS, LIVE_POINTS = 300, 200
"""Numbers of items drawn on pages that must stay fast; each item is up to two markers."""
PLANE, SPACE = 2, 3
ALT = "Map of the latent space; the table beside it lists the same items."

METRICS: dict[str, tuple[str, str, str, int, float]] = {
    # column: label, help, unit, decimals, factor
    "explained_variance": (
        "Explained variance",
        "Share of the frame's variance that the drawn axes show.",
        "%",
        1,
        100,
    ),
    "procrustes_residual": (
        "Procrustes residual",
        "Movement since the previous frame that no rotation explains.",
        "",
        3,
        1,
    ),
    "spearman": (
        "All-pairs Spearman",
        "Rank correlation between pairwise distances in the input and in the latent space.",
        "",
        3,
        1,
    ),
    "neighbour_overlap": (
        "kNN overlap@10",
        "Share of the 10 nearest neighbours that are the same after compression.",
        "",
        3,
        1,
    ),
    "pair_error": (
        "Mean |d_x − d_z|",
        "Mean change of the distance within a matched pair after compression.",
        "",
        3,
        1,
    ),
}
Basis = Literal["pooled", "last"]


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(path: str, run_id: str, basis: Basis, dimensions: int, version: str) -> Evolution:
    return service.evolution(page.workspace(), run_id, basis=basis, dimensions=dimensions)


def read(run: RunSummary, *, basis: Basis = "pooled", dimensions: int = 2) -> tuple[Evolution | None, str]:
    """The run's frames on one map (None before the first), and a cache key for exactly these frames."""
    workspace = page.workspace()
    version = browsing.frames(workspace, run.id)
    name = f"{run.id}/{basis}/{dimensions}/{version}"
    return _read(str(workspace.path), run.id, basis, dimensions, version) if version else None, name


def points(found: Evolution, at: NDArray[np.intp]) -> Points:
    """The items at these positions as input of the plot."""
    return Points(
        steps=[int(step) for step in found.steps],
        places={name: places[:, at] for name, places in found.places.items()},
        norms={name: norms[:, at] for name, norms in found.norms.items()},
        rows=found.rows[at],
        norm_range=found.norm_range,
        labels=[found.labels[position] for position in at],
    )


@st.cache_resource(max_entries=6, show_spinner=False)
def _drawn(name: str, _found: Evolution, look: tuple[Any, ...]) -> go.Figure:
    shown, height, animated = look
    at = spacing.evenly(len(_found.rows), shown)
    return evolution_map(points(_found, at), Look(height=height, axes=axes(_found)), animated=animated)


def axes(found: Evolution) -> tuple[str, str, str]:
    """Names of the axes: those of the latent if it is drawn directly, else of the plane or space."""
    if found.raw:
        return "z₁", "z₂", "z₃"
    what = "axis {} of the plane" if found.dimensions == PLANE else "axis {}"
    return what.format(1), what.format(2), what.format(3)


def metrics(found: Evolution) -> list[Metric]:
    """The quality metrics that this run has, frame by frame."""
    table = found.honesty
    chance = _first(table.get("neighbour_chance"))
    result = []
    for column, (label, text, unit, digits, factor) in METRICS.items():
        if column not in table or not np.isfinite(np.asarray(table[column], dtype=float)).any():
            continue
        values = [_plain(value, factor) for value in table[column]]
        level = chance if column == "neighbour_overlap" else None
        note = f"chance {level:.3f}" if level is not None else ""
        result.append(Metric(label, values, text, digits, unit, note, level))
    return result


def _plain(value: float, factor: float = 1) -> float | None:
    return float(value) * factor if math.isfinite(value) else None


def _first(values: Any) -> float | None:
    finite = [float(value) for value in (values if values is not None else ()) if math.isfinite(value)]
    return finite[0] if finite else None


def playing(run: RunSummary) -> None:
    """Draw a small map that plays once automatically."""
    found, name = read(run)
    if found is None:
        st.skeleton(height=420)
        return
    figure = _drawn(name, found, (HOME_POINTS, 440, True))
    st.plotly_chart(figure, key="home_map", config=CONFIG, alt=ALT)
    steps = [int(step) for step in found.steps]
    player(
        Playback("home_map", name, steps, len(steps) - 1, metrics(found), autoplay=True), key="home_player"
    )
    st.caption(sampled(found, HOME_POINTS))


def newest(run: RunSummary) -> None:
    """Draw the newest frame of a run that may still be training."""
    found, name = read(run)
    st.markdown("**Latent space now**" if run.active else "**Latent space, last frame**")
    if found is None:
        st.skeleton(height=400)
        return
    st.plotly_chart(_drawn(name, found, (LIVE_POINTS, 400, False)), key="live_map", config=CONFIG, alt=ALT)
    st.caption(sampled(found, LIVE_POINTS))


def quality(run: RunSummary) -> None:
    """Draw the quality metrics of the newest frame, each with its curve so far."""
    found, _ = read(run)
    if found is None:
        return
    with st.grid(5, min_column_width=150):
        for metric in metrics(found):
            trend = [each for each in metric.values if each is not None]
            text = f"{metric.help} By {metric.note}." if metric.note else metric.help
            st.metric(metric.label, _value(metric), border=True, help=text, chart_data=trend)


def _value(metric: Metric) -> str:
    value = metric.values[-1]
    return "–" if value is None else f"{value:.{metric.digits}f} {metric.unit}".strip()


SCALES = {
    "norm": "Colour: norm ‖z‖ on one scale for the whole run, 1st to 99th percentile.",
    "frame": "Colour: norm ‖z‖ on a separate scale per frame, 1st to 99th percentile.",
    "label": "Colour: label; only the most frequent labels are named. Circles are images, diamonds texts.",
}


def sampled(found: Evolution, shown: int, *, colour: str = "norm") -> str:
    """A caption: how many items are shown, how they were sampled, and what the colour means."""
    total = len(found.rows)
    drawn = min(shown, total)
    caption = f"Showing {drawn:,} of {count(found.total, 'item')}"
    if drawn < total:
        caption += f", evenly spaced among the {total:,} that the run snapshots"
    elif total < found.total:
        caption += ", all that the run snapshots"
    caption += ", sampled by its seed." if total < found.total else "."
    return f"{caption} {SCALES[colour]}"
