"""Draws the same items in two or more spaces side by side, with one zoom for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from qlatent.plots.colours import CATEGORIES, CLEAR, GRID, MARK, OTHER, RAMP, REST, grouped, plain
from qlatent.plots.evolution import OPACITY, SYMBOLS

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Space:
    """The places (points, 2) of all points in one space, and the norms (points,) of their latents."""

    title: str
    places: Floats
    norms: Floats


def side_by_side(
    spaces: Sequence[Space],
    *,
    kinds: Sequence[str],
    names: Sequence[str],
    labels: Sequence[str] = (),
    ringed: Sequence[int] = (),
    height: int = 440,
) -> go.Figure:
    """A figure with one map for each space; zooming into one zooms into all.

    `kinds` (points,) are modalities, `names` what pointing at a point shows. Points are coloured by `labels` (points,),
    else by norm, on a scale of their own in each space. Those numbered in `ringed` get a ring.
    """
    columns = len(spaces)
    figure = make_subplots(
        cols=columns, subplot_titles=[plain(each.title) for each in spaces], horizontal_spacing=0.03,
        shared_xaxes="all", shared_yaxes="all",
    )  # fmt: skip
    rings = np.array(ringed, dtype=int)
    for number, space in enumerate(spaces):
        for trace in _traces(space, kinds, names, labels, number):
            figure.add_trace(trace, row=1, col=number + 1)
        x, y = space.places[rings].T
        look = {"symbol": "circle-open", "size": 17, "color": MARK, "line": {"width": 3}}
        figure.add_scatter(
            x=x, y=y, mode="markers", marker=look, hoverinfo="skip", showlegend=False, row=1, col=number + 1
        )
        figure.update_layout({_axis("coloraxis", number): _scale(space, (number + 1) / columns, columns)})
    figure.update_xaxes(showticklabels=False, gridcolor=GRID, zerolinecolor=GRID)
    figure.update_yaxes(showticklabels=False, gridcolor=GRID, zerolinecolor=GRID)
    figure.update_layout(yaxis_scaleanchor="x")
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 60, "b": 8}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        dragmode="pan", hovermode="closest",
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant"},
    )  # fmt: skip
    return figure


def _traces(
    space: Space, kinds: Sequence[str], names: Sequence[str], labels: Sequence[str], number: int
) -> Iterator[go.Scatter]:
    """One trace for each modality, or for each modality of each label."""
    assigned, groups = grouped(labels) if labels else ([""] * len(kinds), [""])
    colours = dict(zip(groups, CATEGORIES, strict=False)) | {REST: OTHER}
    of, kind = np.array(assigned, dtype=object), np.array(kinds, dtype=object)
    for group in groups:
        seen = False
        for modality in dict.fromkeys(kinds):
            at = np.flatnonzero((of == group) & (kind == modality))
            marker: dict[str, Any] = {"symbol": SYMBOLS[modality], "size": 6, "opacity": OPACITY}
            marker |= (
                {"color": colours[group]}
                if labels
                else {"color": space.norms[at], "coloraxis": _axis("coloraxis", number)}
            )
            yield go.Scatter(
                x=space.places[at, 0], y=space.places[at, 1], mode="markers", name=plain(group), legendgroup=group,
                showlegend=bool(labels) and number == 0 and not seen, marker=marker,
                text=[f"{plain(names[place])}<br>norm ‖z‖ {space.norms[place]:.3f}" for place in at.tolist()],
                hovertemplate=f"{modality} · %{{text}}<extra></extra>",
            )  # fmt: skip
            seen = True


def _axis(name: str, number: int) -> str:
    return f"{name}{number + 1}" if number else name


def _scale(space: Space, right: float, columns: int) -> dict[str, Any]:
    """The colour scale of the norms of one space, under its map."""
    return {
        "colorscale": [list(stop) for stop in RAMP],
        "colorbar": {
            "orientation": "h", "x": right - 0.5 / columns, "xanchor": "center", "y": -0.02, "yanchor": "top",
            "len": 0.8 / columns, "thickness": 10, "outlinewidth": 0, "title": {"text": "norm ‖z‖", "side": "bottom"},
        },
    }  # fmt: skip
