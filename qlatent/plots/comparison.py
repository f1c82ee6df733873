"""Draws comparisons of heads: frontiers, differences, Shepard diagrams, probes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, MARK, RAMP, plain

Floats = NDArray[np.floating]
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
_LEGEND: dict[str, Any] = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Line:
    """A metric of one head against a size: x, mean, low and high (n,).

    A `reference` is grey; a `ceiling`, such as the uncompressed vectors, is a horizontal line.
    """

    name: str
    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    reference: bool = False
    ceiling: bool = False


def frontier(lines: Sequence[Line], *, x: str, y: str, height: int = 420) -> go.Figure:
    """A figure with one line and 95 % band per head over logarithmic x; references (PCA, full dimension) are grey."""
    figure = go.Figure()
    own = 0
    for line in [
        each for each in lines if each.ceiling
    ]:  # far to the right, so drawn as a level and not as a point
        figure.add_hline(
            y=line.mean[0], line={"color": "#8A8F9C", "dash": "dot", "width": 1},
            annotation={"text": plain(line.name), "font": {"color": "#8A8F9C"}},
        )  # fmt: skip
    lines = [each for each in lines if not each.ceiling]
    for number, line in enumerate(lines):
        colour = "#8A8F9C" if line.reference else CATEGORIES[own % len(CATEGORIES)]
        dash = (
            DASHES[number % len(DASHES)] if line.reference else DASHES[own // len(CATEGORIES) % len(DASHES)]
        )
        own += not line.reference
        _band(figure, line, colour)
        figure.add_scatter(
            x=list(line.x), y=list(line.mean), mode="lines+markers", name=plain(line.name),
            line={"color": colour, "dash": dash, "width": 2}, marker={"size": 7},
            hovertemplate=f"{plain(line.name)}<br>%{{x:,}}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    _flat(figure, x, y, height)
    figure.update_xaxes(
        type="log", dtick=None, tickvals=_ticks(lines), ticktext=[f"{v:,.0f}" for v in _ticks(lines)]
    )
    return figure


def _ticks(lines: Sequence[Line]) -> list[float]:
    """The sizes that occur, without those too close to the previous one."""
    found: list[float] = []
    for value in sorted({float(each) for line in lines for each in line.x}):
        if not found or value > 1.3 * found[-1]:
            found.append(value)
    return found


def _band(figure: go.Figure, line: Line, colour: str) -> None:
    """A polygon between low and high; a single size gets a bar."""
    known = [
        i for i, (low, high) in enumerate(zip(line.low, line.high, strict=True)) if math.isfinite(low + high)
    ]
    if len(known) == 1:
        place = known[0]
        figure.add_scatter(
            x=[line.x[place]] * 2, y=[line.low[place], line.high[place]], mode="lines",
            line={"color": colour, "width": 6}, opacity=0.35, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    elif known:
        around = [line.x[i] for i in known] + [line.x[i] for i in reversed(known)]
        ends = [line.high[i] for i in known] + [line.low[i] for i in reversed(known)]
        figure.add_scatter(
            x=around, y=ends, fill="toself", mode="lines", line={"width": 0, "color": colour}, opacity=0.18,
            fillcolor=colour, hoverinfo="skip", showlegend=False,
        )  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """A difference with its interval."""

    name: str
    mean: float
    low: float
    high: float


def forest(bars: Sequence[Bar], *, x: str) -> go.Figure:
    """A figure of differences as points with 95 % intervals and a line at zero; the first on top."""
    given = [each for each in bars if math.isfinite(each.mean)]
    names = [plain(each.name, limit=120) for each in given]
    reach = [0.0 if not math.isfinite(each.low) else each.mean - each.low for each in given]
    holds = [math.isfinite(each.low) and each.low * each.high > 0 for each in given]
    figure = go.Figure(
        go.Scatter(
            x=[each.mean for each in given], y=names, mode="markers",
            marker={"size": 9, "color": [CATEGORIES[0] if each else "#8A8F9C" for each in holds]},
            error_x={"type": "data", "array": reach, "color": GREY, "thickness": 1.5},
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    _flat(figure, x, "", 90 + 34 * len(given))
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def shepard(views: Sequence[tuple[str, Floats, Floats, Floats]], *, height: int = 300) -> go.Figure:
    """Shepard diagrams, one per space: distances after against before; (title, before, after, monotone fit)."""
    figure = make_subplots(
        1, len(views), subplot_titles=[plain(view[0]) for view in views], horizontal_spacing=0.06
    )
    for column, (_, before, after, fitted) in enumerate(views, start=1):
        order = np.argsort(before)
        figure.add_trace(
            go.Scattergl(x=before, y=after, mode="markers", marker={"size": 3, "color": CATEGORIES[4], "opacity": 0.5},
                         hoverinfo="skip"),
            row=1, col=column,
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(x=before[order], y=fitted[order], mode="lines", line={"color": MARK, "width": 2},
                       hovertemplate="%{x:.2f} → %{y:.2f}<extra></extra>"),
            row=1, col=column,
        )  # fmt: skip
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False)
    figure.update_xaxes(title_text="distance before", col=1)  # once: four of them run into each other
    figure.update_yaxes(title_text="distance after", col=1)
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        plot_bgcolor=CLEAR,
        paper_bgcolor=CLEAR,
        showlegend=False,
    )
    return figure


def probe_curves(curves: Mapping[str, Sequence[Mapping[str, float]]], *, height: int = 320) -> go.Figure:
    """A figure of linear-probe accuracy over steps with intervals; name → points (step, value, low, high)."""
    figure = go.Figure()
    for number, (name, points) in enumerate(curves.items()):
        known = [each for each in points if each["value"] is not None]
        line = Line(
            name, [each["step"] + 1 for each in known], [each["value"] for each in known],
            [math.nan if each["low"] is None else each["low"] for each in known],
            [math.nan if each["high"] is None else each["high"] for each in known],
        )  # fmt: skip
        colour = CATEGORIES[number % len(CATEGORIES)]
        _band(figure, line, colour)
        figure.add_scatter(
            x=list(line.x), y=list(line.mean), mode="lines+markers", name=plain(name),
            line={"color": colour, "width": 2}, customdata=[each["step"] for each in known],
            hovertemplate=f"{plain(name)}<br>step %{{customdata:,}}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    _flat(figure, "training step + 1", "accuracy", height)
    figure.update_xaxes(type="log")
    return figure


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]], *, height: int = 360) -> go.Figure:
    """A confusion matrix: true class (rows) by predicted class (columns) as shares; counts on hover."""
    table = np.asarray(counts, dtype=float)
    sizes = table.sum(axis=1, keepdims=True)
    share = np.divide(table, sizes, out=np.zeros_like(table), where=sizes > 0)
    names = [plain(label) for label in labels]
    figure = go.Figure(
        go.Heatmap(
            z=share, x=names, y=names, customdata=table, colorscale=RAMP, zmin=0, zmax=1, xgap=1, ygap=1,
            colorbar={"title": {"text": "share of the row", "side": "right"}, "thickness": 12},
            hovertemplate="%{y} predicted as %{x}: %{customdata:.0f} (%{z:.0%})<extra></extra>",
        )
    )  # fmt: skip
    _flat(figure, "called", "is", height)
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(automargin=True)
    return figure


def _flat(figure: go.Figure, x: str, y: str, height: int) -> go.Figure:
    figure.update_layout(
        height=height, margin=_MARGIN, plot_bgcolor=CLEAR, paper_bgcolor=CLEAR, legend=_LEGEND,
        xaxis={"title": x, "gridcolor": GRID, "zeroline": False},
        yaxis={"title": y, "gridcolor": GRID, "zeroline": False},
    )  # fmt: skip
    return figure
