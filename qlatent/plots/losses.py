"""Draws the parts of a training loss over the steps side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from qlatent import spacing
from qlatent.plots.colours import CLEAR, GRID

PARTS = {
    "total": "Total",
    "reconstruction_image": "Image reconstruction",
    "reconstruction_text": "Text reconstruction",
    "reconstruction_vector": "Vector reconstruction",
    "pair_distance": "Pair distance",
}
TRAIN, HELDOUT = "#4A9FD8", "#E69F00"  # both are visible on light and dark backgrounds
MARKED = 40  # more markers would hide the line
MOST = 240
"""Longer lines are thinned evenly to about one point per pixel; the last point stays."""
Columns = Mapping[str, NDArray[np.float64]]


def losses(
    train: Columns, heldout: Columns | None = None, *, log: bool = False, height: int = 440
) -> go.Figure:
    """A figure with one subplot per loss part: training batches as a line, held-out pairs as points.

    `train` and `heldout` hold columns of equal length: `step` and any of the parts in `PARTS`.
    """
    shown = [part for part in PARTS if part in train]
    columns = 2 if len(shown) > 1 else 1
    rows = max(1, -(-len(shown) // columns))
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=[PARTS[part] for part in shown],
        horizontal_spacing=0.12, vertical_spacing=0.2 if rows > 1 else 0,
    )  # fmt: skip
    for index, part in enumerate(shown):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        figure.add_trace(_line(train, part, first=index == 0), **place)
        if heldout is not None and part in heldout:
            figure.add_trace(_marks(heldout, part, first=index == 0), **place)
    figure.update_layout(**_LAYOUT, height=height)
    figure.update_xaxes(gridcolor=GRID, zeroline=False, nticks=5)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, nticks=5, exponentformat="power")
    figure.update_yaxes(type="log" if log else "linear")
    figure.update_xaxes(title_text="step", row=rows)
    figure.update_annotations(font_size=12)
    return figure


def _line(columns: Columns, part: str, *, first: bool) -> go.Scatter:
    at = spacing.evenly(len(columns["step"]), MOST)
    return go.Scatter(
        x=columns["step"][at], y=columns[part][at], mode="lines", name="Training batches",
        legendgroup="train", showlegend=first, line={"width": 1.3, "color": TRAIN},
        hovertemplate="step %{x:,}<br>%{y:.4g}<extra>training</extra>",
    )  # fmt: skip


def _marks(columns: Columns, part: str, *, first: bool) -> go.Scatter:
    at = spacing.evenly(len(columns["step"]), MOST)
    return go.Scatter(
        x=columns["step"][at], y=columns[part][at], name="Held-out pairs",
        mode="lines+markers" if len(at) <= MARKED else "lines",
        legendgroup="heldout", showlegend=first, line={"width": 1.6, "color": HELDOUT},
        marker={"size": 4}, hovertemplate="step %{x:,}<br>%{y:.4g}<extra>held out</extra>",
    )  # fmt: skip


_LAYOUT: dict[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 52, "b": 8},
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
    "uirevision": "losses",
    "hovermode": "x",
    "legend": {"orientation": "h", "x": 0, "y": 1.12, "yanchor": "bottom"},
}
