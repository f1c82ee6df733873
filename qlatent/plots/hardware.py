"""Draws what a device did to expectation values: slope and bias of each qubit, and its qubits with their errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID

Floats = NDArray[np.floating]
_MARGIN = {"l": 8, "r": 8, "t": 36, "b": 8}
_LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}


def qubits(slopes: Sequence[float], biases: Sequence[float], *, height: int = 260) -> go.Figure:
    """Slope and bias of each qubit as bars side by side; the dotted lines are a device without errors."""
    names = [f"qubit {number}" for number in range(len(slopes))]
    figure = go.Figure()
    for name, values, colour in (("slope", slopes, CATEGORIES[0]), ("bias", biases, CATEGORIES[1])):
        figure.add_bar(
            x=names, y=[None if each != each else each for each in values], name=name, marker={"color": colour},
            hovertemplate=f"%{{x}}: {name} %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    for ideal in (0.0, 1.0):
        figure.add_hline(y=ideal, line={"color": GREY, "dash": "dot", "width": 1})
    return _plain(figure, height, y="")


def against_exact(exact: Floats, measured: Floats, errors: Floats, *, height: int = 260) -> go.Figure:
    """Measured against exact values (m,) of one qubit with standard errors; on the dotted line they are equal."""
    figure = go.Figure(
        go.Scatter(
            x=exact, y=measured, mode="markers", marker={"color": CATEGORIES[0], "size": 5, "opacity": 0.8},
            error_y={"type": "data", "array": errors, "color": GREY, "thickness": 0.8, "width": 0}, showlegend=False,
            hovertemplate="exact %{x:.3f}, measured %{y:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_shape(type="line", x0=-1, y0=-1, x1=1, y1=1, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="exact ⟨Z⟩")
    return _plain(figure, height, y="measured ⟨Z⟩")


def _plain(figure: go.Figure, height: int, *, y: str) -> go.Figure:
    figure.update_layout(
        height=height, margin=_MARGIN, plot_bgcolor=CLEAR, paper_bgcolor=CLEAR, legend=_LEGEND, bargap=0.35,
    )  # fmt: skip
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(title_text=y, gridcolor=GRID, zeroline=False)
    return figure
