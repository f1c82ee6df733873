"""Draws a metric of heads against the share of the data that they were trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from qlatent.plots.colours import CATEGORIES, CLEAR, GRID

UNTRAINED = 0.005  # where share 0 stands on a logarithmic axis


@dataclass(frozen=True)
class Growth:
    """One head: its metric at each share (0 to 1) with the ends of its interval."""

    name: str
    shares: Sequence[float]
    values: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


def growth(heads: Sequence[Growth], *, measure: str = "NDCG@10", height: int = 460) -> go.Figure:
    """A figure with one line per head over the share of training queries, with 95 % intervals; share 0 is untrained."""
    shares = sorted({share for each in heads for share in each.shares})
    figure = go.Figure()
    for number, each in enumerate(heads):
        colour = CATEGORIES[number % len(CATEGORIES)]
        shift = 1.03 ** (number - len(heads) / 2)  # shifts the points so that intervals do not overlap
        figure.add_scatter(
            x=[(share or UNTRAINED) * shift for share in each.shares], y=list(each.values), mode="lines+markers",
            name=each.name, line={"color": colour, "width": 2}, marker={"size": 6},
            error_y={
                "type": "data", "symmetric": False, "color": colour, "thickness": 1, "width": 3,
                "array": [high - value for value, high in zip(each.values, each.highs, strict=True)],
                "arrayminus": [value - low for value, low in zip(each.values, each.lows, strict=True)],
            },
            customdata=[f"{share:.0%}" if share else "untrained" for share in each.shares],
            hovertemplate=f"{each.name}<br>%{{customdata}}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        legend={"orientation": "v", "x": 1.01, "y": 1},
        xaxis={
            "type": "log", "title": "share of the training queries", "gridcolor": GRID, "zeroline": False,
            "tickvals": [share or UNTRAINED for share in shares],
            "ticktext": [f"{share:.0%}" if share else "none" for share in shares],
        },
        yaxis={"title": measure, "gridcolor": GRID, "zeroline": False},
    )  # fmt: skip
    return figure
