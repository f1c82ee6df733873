"""Draws the ways of items over stages: where they are at one stage, with arrows from each stage to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, OTHER, RAMP, REST, STAGES, grouped, plain
from qlatent.plots.evolution import OPACITY

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Arrows:
    """What leads to a stage: `lines` and `rings` are lines (points, 2) in the units of the places."""

    stage: str
    lines: Sequence[Floats]
    rings: Sequence[Floats] = ()


def ways(
    places: Floats,
    arrows: Sequence[Arrows],
    *,
    names: Sequence[str],
    values: Floats,
    labels: Sequence[str] = (),
    height: int = 440,
) -> go.Figure:
    """A figure of items at their `places` (n, 2), with the arrows of each stage in its colour.

    Points are coloured by `labels` (n,), else by `values` (n,), such as how far each has moved.
    """
    figure = go.Figure()
    for each, colour in zip(arrows, STAGES, strict=False):
        for lines, width, title in ((each.lines, 1.3, f"→ {plain(each.stage)}"), (each.rings, 1.0, "")):
            x, y = _strung(lines)
            figure.add_scatter(
                x=x, y=y, mode="lines", line={"color": colour if title else GREY, "width": width}, name=title,
                opacity=0.6, showlegend=bool(title), hoverinfo="skip", meta="arrows" if title else "rings",
            )  # fmt: skip
    assigned, groups = grouped(labels) if labels else ([""] * len(names), [""])
    colours = dict(zip(groups, CATEGORIES, strict=False)) | {REST: OTHER}
    for group in groups:
        at = np.flatnonzero(np.array(assigned, dtype=object) == group)
        by = {"color": colours[group]} if labels else {"color": values[at], "coloraxis": "coloraxis"}
        figure.add_scatter(
            x=places[at, 0], y=places[at, 1], mode="markers", marker={"size": 7, "opacity": OPACITY, **by},
            name=plain(group), showlegend=bool(labels), meta="points",
            text=[f"{plain(names[place])}<br>moved by {values[place]:.3f}" for place in at.tolist()],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    axis = {"showticklabels": False, "gridcolor": GRID, "zeroline": False}
    scale = {
        "colorscale": [list(stop) for stop in RAMP],
        "colorbar": {"title": {"text": "moved by"}, "thickness": 10},
    }
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        dragmode="pan", hovermode="closest", xaxis=axis, yaxis=axis | {"scaleanchor": "x"}, coloraxis=scale,
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant"},
    )  # fmt: skip
    return figure


def _strung(lines: Sequence[Floats]) -> tuple[Floats, Floats]:
    """The lines one after the other, with a gap after each."""
    gap = np.full((1, 2), np.nan)
    parts = [part for line in lines for part in (np.asarray(line, dtype=float), gap)]
    x, y = np.concatenate([*parts, gap]).T
    return x, y
