"""Draws retrieval metrics: means with intervals for each head, and curves over training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, plain

NAMES = {"ndcg@10": "NDCG@10", "mrr": "MRR@10", "recall@10": "Recall@10"}


@dataclass(frozen=True)
class Mean:
    """A mean over queries with the ends of its interval; the other heads are compared with the `reference`."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    reference: bool = False


def means(found: Sequence[Mean], *, x: str) -> go.Figure:
    """A figure of means as points with intervals, the first on top; a dotted line marks the reference."""
    known = [each for each in found if each.value is not None and math.isfinite(each.value)]
    figure = go.Figure(
        go.Scatter(
            x=[each.value for each in known], y=[plain(each.name) for each in known], mode="markers",
            marker={
                "size": 10, "color": [CATEGORIES[1] if each.reference else CATEGORIES[0] for each in known],
                "symbol": ["diamond" if each.reference else "circle" for each in known],
            },
            error_x={
                "type": "data", "symmetric": False, "color": GREY, "thickness": 1.5,
                "array": [_reach(each.high, each.value) for each in known],
                "arrayminus": [_reach(each.value, each.low) for each in known],
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )  # fmt: skip
    for each in known:
        if each.reference:
            figure.add_vline(x=each.value, line={"color": CATEGORIES[1], "width": 1, "dash": "dot"})
    figure.update_layout(
        height=84 + 34 * len(known), margin={"l": 8, "r": 16, "t": 8, "b": 8}, plot_bgcolor=CLEAR,
        paper_bgcolor=CLEAR, xaxis={"title": x, "gridcolor": GRID, "zeroline": False},
        yaxis={"gridcolor": GRID, "autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return figure


def _reach(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else high - low


def curves(columns: Mapping[str, NDArray[Any]], *, height: int = 260) -> go.Figure:
    """A figure of the metrics in `NAMES` by training step; `columns` has `step` and any of them, in [0, 1]."""
    figure = go.Figure()
    for number, name in enumerate(each for each in NAMES if each in columns):
        figure.add_scatter(
            x=columns["step"] + 1, y=columns[name], customdata=columns["step"], mode="lines+markers",
            name=NAMES[name], line={"color": CATEGORIES[number], "width": 2}, marker={"size": 5},
            hovertemplate=f"{NAMES[name]}<br>step %{{customdata:,}}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    top = max((float(np.nanmax(columns[name])) for name in NAMES if name in columns), default=1.0)
    figure.update_xaxes(type="log", title_text="training step + 1", gridcolor=GRID, zeroline=False)
    figure.update_yaxes(range=[0, min(1.05, 1.1 * top + 0.02)], gridcolor=GRID, zeroline=False)
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        legend={"orientation": "h", "y": 1.12, "x": 0}, hovermode="closest",
    )  # fmt: skip
    return figure
