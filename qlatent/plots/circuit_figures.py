"""Draws a circuit's figures of merit, and the effect of noise and shots on its expectation values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, MARK

Floats = NDArray[np.float64]
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
_LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}


def fidelities(shares: Floats, *, height: int = 240) -> go.Figure:
    """A figure of the shares of state pairs (bins,); random states fill all bins equally, shown as a line."""
    edges = (np.arange(len(shares)) + 0.5) / len(shares)
    figure = go.Figure(go.Bar(x=edges, y=shares, marker_color=CATEGORIES[0], name="This circuit"))
    figure.update_traces(hovertemplate="%{y:.3f} of the pairs<extra></extra>")
    figure.add_hline(y=1 / len(shares), line={"color": CATEGORIES[5], "dash": "dash", "width": 2})
    figure.update_layout(bargap=0.05)
    return _flat(figure, "fidelity as its rank among random states", "share of pairs", height)


def variances(
    sizes: Sequence[int],
    values: Floats,
    low: Floats,
    high: Floats,
    *,
    axis: str,
    height: int = 240,
    decades: tuple[int, int] | None = None,
) -> go.Figure:
    """A figure of gradient variance against a size on a log scale; error bars show the range over weights.

    `decades` are the powers of ten between which the axis is fixed, so that several figures can be compared.
    """
    floor = 1e-12
    above, below = high - values, values - np.maximum(low, floor)
    bars = {"type": "data", "array": above, "arrayminus": below, "color": GREY, "thickness": 1}
    figure = go.Figure(
        go.Scatter(
            x=list(sizes), y=np.maximum(values, floor), mode="lines+markers", error_y=bars,
            line={"color": CATEGORIES[0]}, marker={"size": 7}, hovertemplate="%{x}: %{y:.2e}<extra></extra>",
        )
    )  # fmt: skip
    figure = _flat(figure, axis, "variance of the gradient", height)
    figure.update_xaxes(dtick=1 if axis == "qubits" else None)
    figure.update_yaxes(type="log", exponentformat="power")
    if decades is not None:
        figure.update_yaxes(range=decades, dtick=1)
    return figure


def spectrum(frequencies: Floats, power: Floats, high: Floats, *, height: int = 240) -> go.Figure:
    """A figure of the mean |c_ω|² at each frequency ω ≥ 0, with the 90th percentile over random angles."""
    bars = {"type": "data", "array": np.maximum(high - power, 0), "arrayminus": 0 * power, "color": GREY}
    figure = go.Figure(
        go.Bar(x=frequencies, y=power, error_y=bars, marker_color=CATEGORIES[0], width=0.3,
               hovertemplate="ω = %{x}: %{y:.4f}<extra></extra>")
    )  # fmt: skip
    return _flat(figure, "frequency ω", "mean |c_ω|²", height)


def repeated(
    exact: Floats,
    sampled: Floats,
    noisy: Floats | None,
    *,
    names: Sequence[str],
    shots: int,
    height: int = 380,
) -> go.Figure:
    """A figure of estimates (repetitions, observables) as boxes, with exact values (observables,) as diamonds."""
    figure = go.Figure()
    groups = [(f"{shots:,} shots", sampled, CATEGORIES[0])]
    groups += [] if noisy is None else [(f"{shots:,} shots with noise", noisy, CATEGORIES[1])]
    for name, values, colour in groups:
        figure.add_box(
            x=np.repeat(names, len(values)), y=values.T.ravel(), name=name, marker_color=colour,
            line={"width": 1.2}, boxpoints=False, whiskerwidth=0.4,
        )  # fmt: skip
    figure.add_scatter(
        x=list(names), y=exact, mode="markers", name="exact", hovertemplate="%{x}: %{y:.4f}<extra>exact</extra>",
        marker={"symbol": "diamond", "size": 9, "color": CATEGORIES[5], "line": {"width": 1, "color": "white"}},
    )  # fmt: skip
    figure.update_layout(boxmode="group")
    figure = _flat(figure, "", "expectation", height)
    figure.update_yaxes(range=[-1.05, 1.05])
    figure.update_layout(showlegend=True, legend=_LEGEND, margin=_MARGIN | {"t": 34})
    return figure


def weights(
    dims: Sequence[int], lines: Mapping[str, Sequence[int]], *, turning: float, chosen: int, height: int = 360
) -> go.Figure:
    """A log–log figure of weight counts over the latent dimension, marking the first crossing and the choice."""
    figure = go.Figure()
    for number, (name, values) in enumerate(lines.items()):
        look = {"color": CATEGORIES[number], "width": 2, "dash": "solid" if number < 2 else "dot"}
        figure.add_scatter(
            x=list(dims), y=list(values), mode="lines", name=name, line=look,
            hovertemplate=f"{name}, %{{x}} dimensions: %{{y:,}}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=turning, line={"color": GREY, "dash": "dash", "width": 1})
    figure.add_annotation(
        x=math.log10(turning),
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="right",
        text="as many ",
        showarrow=False,
        font={"color": GREY},
    )  # fmt: skip  (annotations want the logarithm, lines do not)
    figure.add_vline(x=chosen, line={"color": MARK, "width": 1})
    figure = _flat(figure, "latent dimension", "weights", height)
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log", exponentformat="power")
    figure.update_layout(showlegend=True, legend=_LEGEND, margin=_MARGIN | {"t": 34})
    return figure


def _flat(figure: go.Figure, across: str, up: str, height: int) -> go.Figure:
    look: dict[str, Any] = {"gridcolor": GRID, "zeroline": False}
    figure.update_xaxes(**look, title_text=across)
    figure.update_yaxes(**look, title_text=up)
    figure.update_layout(
        height=height, margin=_MARGIN, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, showlegend=False
    )
    return figure
