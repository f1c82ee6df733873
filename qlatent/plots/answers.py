"""How well held-out queries find their answers, over training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GRID

NAMES = {"ndcg@10": "NDCG@10", "mrr": "MRR@10", "recall@10": "Recall@10"}


def curves(columns: Mapping[str, NDArray[Any]], *, height: int = 260) -> go.Figure:
    """The measures in `NAMES` by training step: columns `step` and any of them, in [0, 1]."""
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
