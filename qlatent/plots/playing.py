"""Lets a map with frames be played where there is no page around it: a slider, a button, a ring that moves along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import MARK

PACE = 200  # milliseconds for a frame
_AT_ONCE: dict[str, Any] = {"mode": "immediate", "transition": {"duration": 0}}
BELOW = 96  # pixels for the slider and the button


def add_slider(figure: go.Figure, steps: Sequence[int], *, start: int = -1) -> None:
    """Add a slider over the frames of a figure, named "0", "1", …, and buttons that play and stop them."""
    if len(figure.frames) < 2:
        return
    frame = {"duration": PACE, "redraw": True}
    places = [
        {"label": f"{step:,}", "method": "animate", "args": [[str(number)], _AT_ONCE | {"frame": frame}]}
        for number, step in enumerate(steps)
    ]
    slider = {
        "active": range(len(steps))[start], "steps": places, "currentvalue": {"prefix": "step "}, "x": 0.14,
        "len": 0.86, "y": 0, "pad": {"t": 34},
    }  # fmt: skip
    play = {
        "label": "▶",
        "method": "animate",
        "args": [None, _AT_ONCE | {"frame": frame, "fromcurrent": True}],
    }
    stop = {"label": "❚❚", "method": "animate", "args": [[None], _AT_ONCE | {"frame": frame}]}
    buttons = {
        "type": "buttons", "direction": "left", "buttons": [play, stop], "showactive": False, "x": 0, "xanchor": "left",
        "y": 0, "yanchor": "top", "pad": {"t": 44},
    }  # fmt: skip
    figure.update_layout(
        sliders=[slider], updatemenus=[buttons], height=(figure.layout.height or 450) + BELOW
    )
    figure.update_layout(margin_b=BELOW)


def add_ring(figure: go.Figure, places: NDArray[np.floating[Any]], *, start: int = -1) -> None:
    """Add a ring around one item in all frames; `places` (frames, modalities, 2) are where it is."""
    look = {"symbol": "circle-open", "size": 17, "color": MARK, "line": {"width": 3}}
    figure.add_scatter(
        x=places[start, :, 0],
        y=places[start, :, 1],
        mode="markers",
        marker=look,
        hoverinfo="skip",
        showlegend=False,
    )
    number = len(figure.data) - 1
    for frame, (x, y) in zip(figure.frames, places.transpose(0, 2, 1), strict=False):
        frame.data = [*frame.data, go.Scatter(x=x, y=y)]
        frame.traces = [*frame.traces, number]
