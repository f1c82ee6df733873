"""Draws the state inside a circuit: Bloch vectors, outcome probabilities, entanglement of each wire."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, MARK, RAMP

MOST_STATES = 64
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def bloch(vectors: NDArray[np.float64], *, height: int = 380) -> go.Figure:
    """A figure of the Bloch vectors (qubits, 3) in one sphere; a vector shorter than 1 means entanglement."""
    figure = go.Figure(_sphere())
    for wire, (x, y, z) in enumerate(vectors):
        colour = CATEGORIES[wire % len(CATEGORIES)]
        figure.add_scatter3d(
            x=[0, x], y=[0, y], z=[0, z], mode="lines+markers", name=f"q{wire}",
            line={"color": colour, "width": 6}, marker={"color": colour, "size": [0.1, 6]},
            hovertemplate=f"q{wire}: ⟨X⟩ %{{x:.3f}}, ⟨Y⟩ %{{y:.3f}}, ⟨Z⟩ %{{z:.3f}}<extra></extra>", meta="wire",
        )  # fmt: skip
    axis = {"visible": False, "range": [-1.15, 1.15]}
    figure.update_layout(
        scene={"xaxis": axis, "yaxis": axis, "zaxis": axis, "aspectmode": "manual",
               "aspectratio": {"x": 1.7, "y": 1.7, "z": 1.7},
               "camera": {"eye": {"x": 1.5, "y": 1.1, "z": 0.7}, "projection": {"type": "orthographic"}}},
        height=height, margin=_MARGIN, paper_bgcolor=CLEAR, uirevision="bloch",
        legend={"orientation": "h", "y": -0.02},
    )  # fmt: skip
    return figure


def probabilities(values: NDArray[np.float64], *, height: int = 240) -> go.Figure:
    """A figure of the probability of each basis state (2^qubits,), wire 0 leftmost; at most the 64 most likely."""
    qubits = len(values).bit_length() - 1
    shown = likeliest(values)
    names = [format(place, f"0{qubits}b") for place in shown]
    figure = go.Figure(go.Bar(x=names, y=values[shown], marker_color=CATEGORIES[0]))
    figure.update_traces(hovertemplate="%{x}: %{y:.4f}<extra></extra>")
    figure.update_xaxes(type="category", title_text="basis state", tickangle=-60 if qubits > 3 else 0)
    return _flat(figure, "probability", height)


def likeliest(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of the basis states that are shown, for (..., 2^qubits) in order: (..., at most 64)."""
    return np.sort(np.argsort(values, axis=-1)[..., ::-1][..., :MOST_STATES], axis=-1)


def entropies(values: NDArray[np.float64], *, height: int = 200) -> go.Figure:
    """A figure of the entanglement entropy of each wire with the others (qubits,), in bits."""
    colours = [CATEGORIES[wire % len(CATEGORIES)] for wire in range(len(values))]
    figure = go.Figure(go.Bar(x=[f"q{wire}" for wire in range(len(values))], y=values, marker_color=colours))
    figure.update_traces(hovertemplate="%{x}: %{y:.3f} bit<extra></extra>")
    figure.update_xaxes(type="category")
    return _flat(figure, "entropy (bit)", height)


def state(
    vectors: NDArray[np.float64],
    chances: NDArray[np.float64],
    entropy: NDArray[np.float64],
    *,
    height: int = 440,
) -> go.Figure:
    """A figure of one state: its Bloch vectors beside the probabilities of outcomes and the entropies of the wires."""
    figure = make_subplots(
        rows=2, cols=2, specs=[[{"type": "scene", "rowspan": 2}, {"type": "xy"}], [None, {"type": "xy"}]],
        column_widths=[0.45, 0.55], vertical_spacing=0.3, horizontal_spacing=0.08,
    )  # fmt: skip
    for part, row, column in (
        (bloch(vectors), 1, 1), (probabilities(chances), 1, 2), (entropies(entropy), 2, 2)
    ):  # fmt: skip
        figure.add_traces(part.data, rows=row, cols=column)
        if column == 1:
            figure.update_layout(
                scene=part.layout.scene.to_plotly_json() | {"domain": figure.layout.scene.domain}
            )
        else:
            figure.update_xaxes(part.layout.xaxis, row=row, col=column)
            figure.update_yaxes(part.layout.yaxis, row=row, col=column)
            figure.update_traces(showlegend=False, row=row, col=column)
    figure.update_layout(
        height=height,
        margin=_MARGIN,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        legend={"orientation": "h", "y": -0.02},
    )
    return figure


def place(
    points: NDArray[np.float64],
    norms: NDArray[np.float64],
    *,
    trained: NDArray[np.float64],
    now: NDArray[np.float64],
    height: int = 300,
) -> go.Figure:
    """A map of items (n, 2) coloured by norm, with the trained and the current place (2,) of one item."""
    figure = go.Figure(
        go.Scattergl(
            x=points[:, 0], y=points[:, 1], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"size": 5, "color": norms, "colorscale": [list(stop) for stop in RAMP], "opacity": 0.55},
        )
    )  # fmt: skip
    figure.add_scatter(
        x=[trained[0], now[0]], y=[trained[1], now[1]], mode="lines+markers", showlegend=False,
        line={"color": MARK, "width": 2, "dash": "dot"}, text=["as trained", "now"],
        marker={"color": MARK, "size": [9, 14], "symbol": ["circle-open", "circle"], "line": {"width": 2}},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(gridcolor=GRID, zeroline=False, title_text="axis 1")
    figure.update_yaxes(gridcolor=GRID, zeroline=False, title_text="axis 2", scaleanchor="x")
    figure.update_layout(
        height=height, margin=_MARGIN, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, uirevision="place"
    )
    return figure


def _flat(figure: go.Figure, title: str, height: int) -> go.Figure:
    figure.update_yaxes(range=[0, 1.02], gridcolor=GRID, zeroline=False, title_text=title)
    figure.update_layout(height=height, margin=_MARGIN, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR)
    return figure


def _sphere() -> list[go.Scatter3d]:
    """Three great circles, the axes and the labels of the poles."""
    turn = np.linspace(0, 2 * np.pi, 73)
    around, nothing = (np.cos(turn), np.sin(turn)), np.zeros_like(turn)
    circles = [(*around, nothing), (around[0], nothing, around[1]), (nothing, *around)]
    axes = [([-1, 1], [0, 0], [0, 0]), ([0, 0], [-1, 1], [0, 0]), ([0, 0], [0, 0], [-1, 1])]
    lines = [
        go.Scatter3d(
            x=x,
            y=y,
            z=z,
            mode="lines",
            line={"color": GREY, "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
        )
        for x, y, z in [*circles, *axes]
    ]
    poles = go.Scatter3d(
        x=[0, 0, 1.1, 0], y=[0, 0, 0, 1.1], z=[1.1, -1.1, 0, 0], text=["|0⟩", "|1⟩", "x", "y"], mode="text",
        textfont={"color": GREY, "size": 13}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    return [*lines, poles]
