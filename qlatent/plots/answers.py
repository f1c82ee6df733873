"""Draws how a class answered a question: a bar for each answer, one shade for each round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, plain

ROUNDS = {1: "first round", 2: "second round"}
_PATTERNS = {1: "/", 2: ""}  # so that rounds differ without colour
_BAR, _MARGIN = 46, 70


@dataclass(frozen=True)
class Bar:
    """One answer, and how many students gave it in each round; `right` marks it once the solution is shown."""

    label: str
    counts: Mapping[int, int]
    right: bool = False


def bars(found: Sequence[Bar], *, rounds: Sequence[int], large: bool = False) -> go.Figure:
    """Horizontal bars, the first answer on top, each with its count."""
    size = 22 if large else 14
    labels = [("✓ " if each.right else "") + plain(each.label, limit=48) for each in found]
    figure = go.Figure(
        [
            go.Bar(
                y=labels, x=[each.counts.get(number, 0) for each in found], orientation="h", name=ROUNDS[number],
                text=[f"{each.counts.get(number, 0)}" for each in found], textposition="outside", cliponaxis=False,
                marker={"color": CATEGORIES[number - 1], "pattern": {"shape": _PATTERNS[number], "size": 6}},
                hovertemplate="%{y}: %{x}<extra>" + ROUNDS[number] + "</extra>",
            )
            for number in rounds
        ]
    )  # fmt: skip
    most = max([1, *(count for each in found for count in each.counts.values())])
    figure.update_layout(
        barmode="group", bargap=0.25, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, font={"size": size, "color": GREY},
        height=_MARGIN + int(_BAR * (1.5 if large else 1)) * len(found) * max(1, len(rounds)),
        margin={"l": 8, "r": 40, "t": 8, "b": 40}, showlegend=len(rounds) > 1,
        legend={"orientation": "h", "y": -0.12, "traceorder": "normal"},
        xaxis={"title": "students", "range": [0, most * 1.12], "gridcolor": GRID, "dtick": max(1, most // 6)},
        yaxis={"autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return figure
