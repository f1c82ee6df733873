"""Heads by what they retrieve: a mean with its interval for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, plain


@dataclass(frozen=True)
class Mean:
    """A mean over queries with the ends of its interval; a `reference` is what the others are compared with."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    reference: bool = False


def means(found: Sequence[Mean], *, x: str) -> go.Figure:
    """Means as points with their intervals, the first on top; the reference is a dotted line too."""
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
