"""Draws accuracy against training batches, measured and published, with the spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from qlatent.plots.colours import CATEGORIES, CLEAR, GRID


@dataclass(frozen=True)
class Course:
    """One variant: accuracy in percent after each step, its deviation over seeds, and what was published of it."""

    name: str
    steps: Sequence[int]
    mean: Sequence[float]
    deviation: Sequence[float]
    published: Sequence[float] = ()


def accuracies(courses: Sequence[Course], *, height: int = 460) -> go.Figure:
    """A figure with one line per variant, error bars of one standard deviation, and published means dashed."""
    figure = go.Figure()
    for number, each in enumerate(courses):
        colour = CATEGORIES[number % len(CATEGORIES)]
        figure.add_scatter(
            x=list(each.steps), y=list(each.mean), mode="lines+markers", name=each.name, legendgroup=each.name,
            line={"color": colour, "width": 2.2}, marker={"size": 6},
            error_y={"type": "data", "array": list(each.deviation), "color": colour, "thickness": 1, "width": 3},
            hovertemplate=f"{each.name}<br>%{{x}} batches: %{{y:.2f}} %<extra></extra>",
        )  # fmt: skip
        if each.published:
            figure.add_scatter(
                x=list(each.steps), y=list(each.published), mode="lines+markers", name=f"{each.name}, published",
                legendgroup=each.name, line={"color": colour, "width": 1.4, "dash": "dash"},
                marker={"size": 6, "symbol": "circle-open"},
                hovertemplate=f"{each.name}, published<br>%{{x}} batches: %{{y:.2f}} %<extra></extra>",
            )  # fmt: skip
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        xaxis={"title": "training batches", "gridcolor": GRID, "zeroline": False},
        yaxis={"title": "linear probe, accuracy (%)", "gridcolor": GRID, "zeroline": False},
        legend={"orientation": "v", "x": 1.01, "y": 1},
    )  # fmt: skip
    return figure
