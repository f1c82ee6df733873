"""Draws the share of neighbours that two spaces have in common, by neighbourhood size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, plain

Floats = NDArray[np.floating]


def agreement(curves: Sequence[tuple[str, Floats, Floats]], *, height: int = 300) -> go.Figure:
    """A figure of R_NX(k) over logarithmic k, one line per space, given as (name, k, r); the dotted line is chance.

    On this axis the area under a line is the metric `coranking.co_ranking_auc`. Source: Lee,
    Peluffo-Ordóñez & Verleysen 2015.
    """
    figure = go.Figure()
    figure.add_hline(
        y=0, line={"color": GREY, "dash": "dot", "width": 1.5},
        annotation={"text": "chance", "font": {"color": GREY}, "yanchor": "bottom"},
    )  # fmt: skip
    for number, (name, k, r) in enumerate(curves):
        figure.add_scatter(
            x=k, y=r, mode="lines", name=plain(name), line={"color": CATEGORIES[number % len(CATEGORIES)], "width": 2},
            hovertemplate=f"{plain(name)}<br>k = %{{x:,}}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 36, "b": 8}, plot_bgcolor=CLEAR, paper_bgcolor=CLEAR,
        showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_xaxes(
        title_text="neighbourhood size k", type="log", dtick=1, gridcolor=GRID, zeroline=False
    )
    figure.update_yaxes(title_text="shared, above chance", gridcolor=GRID, zeroline=False)
    return figure
