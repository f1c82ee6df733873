"""Draws norms against numbers, and the spread of norms in each class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GRID, plain

Floats = NDArray[np.floating]
LINE = 24  # pixels for a class


def against_numbers(values: Floats, norms: Floats, *, x: str, height: int = 280) -> go.Figure:
    """A figure with a dot for each pair of `values` and `norms` (n,)."""
    figure = go.Figure()
    figure.add_scattergl(
        x=values, y=norms, mode="markers", marker={"size": 4, "color": CATEGORIES[0], "opacity": 0.55},
        hovertemplate=f"{plain(x)} %{{x:.4g}}<br>norm %{{y:.4g}}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text=plain(x), gridcolor=GRID, zeroline=False)
    figure.update_yaxes(title_text="norm ‖z‖", gridcolor=GRID, zeroline=False)
    return _bare(figure, height)


def in_classes(classes: pd.DataFrame) -> go.Figure:
    """A figure with a line for each class, from the lower to the upper quartile of its norms with a dot at the median.

    `classes` has `name`, `items`, `quarter`, `middle` and `three_quarters`; the first is on top.
    """
    names = [plain(str(name), limit=28) for name in classes["name"]]
    places = list(range(len(names)))
    figure = go.Figure()
    figure.add_scatter(
        x=classes["middle"], y=places, mode="markers", marker={"size": 8, "color": CATEGORIES[0]},
        error_x={
            "array": classes["three_quarters"] - classes["middle"],
            "arrayminus": classes["middle"] - classes["quarter"], "thickness": 3, "width": 0, "color": CATEGORIES[0],
        },
        customdata=np.column_stack([classes["items"], classes["quarter"], classes["three_quarters"]]), text=names,
        hovertemplate="%{text}: %{customdata[0]:,} points<br>median %{x:.4g}, half of them %{customdata[1]:.4g}–"
        "%{customdata[2]:.4g}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text="norm ‖z‖", gridcolor=GRID, zeroline=False)
    figure.update_yaxes(tickvals=places, ticktext=names, autorange="reversed", gridcolor=GRID, zeroline=False)
    return _bare(figure, 90 + LINE * len(names))


def _bare(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, plot_bgcolor=CLEAR, paper_bgcolor=CLEAR,
        showlegend=False,
    )  # fmt: skip
    return figure
