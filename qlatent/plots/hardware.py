"""Draws what a device did to expectation values: slope and bias of each qubit, and its qubits with their errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, RAMP

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


def device(
    pairs: Mapping[tuple[int, int], float],
    readout: Sequence[float],
    *,
    places: Floats,
    chosen: Collection[int] = (),
    used: Collection[tuple[int, int]] = (),
    height: int = 380,
) -> go.Figure:
    """The qubits of a device, coloured by their readout error, and the pairs with a gate, stronger where it errs less.

    Chosen qubits and used pairs have another colour. `places` (qubits, 2) says where the qubits are drawn.
    """
    figure = go.Figure()
    known = np.array([error for error in pairs.values() if error == error])
    bounds = np.quantile(known, (1 / 3, 2 / 3)) if known.size else np.zeros(2)
    for rank, opacity in enumerate((0.9, 0.5, 0.2)):
        edges = [pair for pair, error in pairs.items() if int(np.searchsorted(bounds, error)) == rank]
        figure.add_scatter(
            **_edges(places, edges), line={"color": f"rgba(128,132,145,{opacity})", "width": 3}
        )
    figure.add_scatter(**_edges(places, sorted(used)), line={"color": CATEGORIES[1], "width": 6})
    middles = np.array([places[[a, b]].mean(axis=0) for a, b in pairs]).reshape(-1, 2)
    figure.add_scatter(
        x=middles[:, 0], y=middles[:, 1], mode="markers", marker={"size": 9, "opacity": 0}, showlegend=False,
        text=[f"{a}–{b}: gate error {100 * error:.2g} %" for (a, b), error in pairs.items()], hoverinfo="text",
    )  # fmt: skip
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], mode="markers", showlegend=False, hoverinfo="text",
        text=[f"qubit {number}: readout error {100 * error:.2g} %" for number, error in enumerate(readout)],
        marker={
            "size": 11, "color": [100 * each for each in readout], "colorscale": RAMP, "cmin": 0, "cmax": 10,
            "line": {"color": [CATEGORIES[1] if each in chosen else GREY for each in range(len(readout))], "width": 2},
            "colorbar": {"title": {"text": "readout error, %", "side": "right"}, "thickness": 12},
        },
    )  # fmt: skip
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    figure.update_layout(height=height, margin=_MARGIN | {"t": 8}, plot_bgcolor=CLEAR, paper_bgcolor=CLEAR)
    return figure


def _edges(places: Floats, pairs: Sequence[tuple[int, ...]]) -> dict[str, Any]:
    """One trace for many edges: their ends, with a gap after each."""
    ends = np.array([[*(places[list(pair)].T[axis]), np.nan] for axis in (0, 1) for pair in pairs])
    x, y = ends.reshape(2, -1) if len(pairs) else ([], [])
    return {"x": x, "y": y, "mode": "lines", "hoverinfo": "skip", "showlegend": False}


def _plain(figure: go.Figure, height: int, *, y: str) -> go.Figure:
    figure.update_layout(
        height=height, margin=_MARGIN, plot_bgcolor=CLEAR, paper_bgcolor=CLEAR, legend=_LEGEND, bargap=0.35,
    )  # fmt: skip
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(title_text=y, gridcolor=GRID, zeroline=False)
    return figure
