"""Draws how a class answered a question: a bar for each answer, one shade for each round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from qlatent.plots.colours import CATEGORIES, CLEAR, GRID, plain

ROUNDS = {1: "first round", 2: "second round"}
_SHAPES = {1: "/", 2: ""}  # so that rounds differ without colour
_PATTERN = {"size": 9, "fillmode": "overlay"}
_BAR, _MARGIN, _LARGE = 40, 76, 500  # pixels: of a bar, around all of them, and of a chart on a projector


@dataclass(frozen=True)
class Bar:
    """One answer, and how many students gave it in each round; `right` marks it once the solution is shown."""

    label: str
    counts: Mapping[int, int]
    right: bool = False


def bars(found: Sequence[Bar], *, rounds: Sequence[int], ink: str, large: bool = False) -> go.Figure:
    """Horizontal bars, the first answer on top, each with its count.

    `ink` is the colour of texts; `large` fills a projector.
    """
    size = 24 if large else 15
    font = {"size": size, "color": ink}
    labels = [("✓ " if each.right else "") + plain(each.label, limit=48) for each in found]
    figure = go.Figure(
        [
            go.Bar(
                y=labels, x=[each.counts.get(number, 0) for each in found], orientation="h", name=ROUNDS[number],
                text=[f"{each.counts.get(number, 0)}" for each in found], textposition="outside", cliponaxis=False,
                textfont=font,
                marker={"color": CATEGORIES[number - 1], "pattern": _PATTERN | {"shape": _SHAPES[number]}},
                hovertemplate="%{y}: %{x}<extra>" + ROUNDS[number] + "</extra>",
            )
            for number in rounds
        ]
    )  # fmt: skip
    most = max([1, *(count for each in found for count in each.counts.values())])
    figure.update_layout(
        barmode="group", bargap=0.25, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, font=font,
        height=_LARGE if large else _MARGIN + _BAR * len(found) * max(1, len(rounds)),
        margin={"l": 8, "r": 40, "t": 32 if len(rounds) > 1 else 8, "b": 48 + size}, showlegend=len(rounds) > 1,
        legend={
            "orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal", "font": font,
        },
        xaxis={
            "title": {"text": "students", "font": font}, "tickfont": font, "range": [0, most * 1.15], "gridcolor": GRID,
            "dtick": max(1, most // 4),
        },
        yaxis={"tickfont": font, "autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return figure
