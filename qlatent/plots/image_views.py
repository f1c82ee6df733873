"""Draws the distances between circuit states of two views over training, and one pair side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GRID

Floats = NDArray[np.float64]
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "hilbert_schmidt_distance": ("D = tr (ρ − σ)²", {"width": 2.6}),
    "hilbert_schmidt_own": ("tr ρ², an image's own two views", {"width": 1.4}),
    "hilbert_schmidt_others": ("tr σ², all other views", {"width": 3, "dash": "dot"}),  # often nearly tr ρσ
    "hilbert_schmidt_cross": ("tr ρσ, between both", {"width": 1.4}),
}
MOST_STATES = 24
NAMES = ("first view", "second view")


def hilbert_schmidt(columns: Mapping[str, Floats], *, height: int = 300) -> go.Figure:
    """A figure of the mean Hilbert–Schmidt distance and its parts by step; columns `step` and those in `PARTS`."""
    figure = go.Figure()
    for number, (name, (title, look)) in enumerate(PARTS.items()):
        figure.add_scatter(
            x=columns["step"] + 1, y=columns[name], customdata=columns["step"], mode="lines+markers", name=title,
            line={**look, "color": CATEGORIES[number]}, marker={"size": 4},
            hovertemplate=f"{title}<br>step %{{customdata:,}}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(type="log", title_text="training step + 1")
    return _flat(figure, "", height)


def states(probabilities: Floats, *, height: int = 260) -> go.Figure:
    """A figure of the basis-state probabilities of two circuits (2, 2^W): the states most likely in either."""
    qubits = probabilities.shape[1].bit_length() - 1
    shown = np.sort(np.argsort(probabilities.max(axis=0))[::-1][:MOST_STATES])
    names = [format(place, f"0{qubits}b") for place in shown]
    figure = _pair(names, probabilities[:, shown], "basis %{x}: %{y:.4f}")
    figure.update_xaxes(type="category", title_text="basis state, wire 0 leftmost", tickangle=-60)
    return _flat(figure, "probability", height)


def latents(values: Floats, *, height: int = 260) -> go.Figure:
    """A figure of the representations (2, k) of two views, coordinate by coordinate."""
    figure = _pair([f"z{number + 1}" for number in range(values.shape[1])], values, "%{x}: %{y:.3f}")
    return _flat(figure, "representation", height)


def _pair(names: list[str], values: Floats, said: str) -> go.Figure:
    figure = go.Figure()
    for number, name in enumerate(NAMES):
        figure.add_bar(
            x=names, y=values[number], name=name, marker_color=CATEGORIES[number],
            hovertemplate=f"{name}<br>{said}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="group", bargap=0.25)
    return figure


def _flat(figure: go.Figure, up: str, height: int) -> go.Figure:
    layout: dict[str, Any] = {
        "height": height, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}, "hovermode": "closest",
    }  # fmt: skip
    figure.update_layout(**layout)
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, title_text=up)
    return figure
