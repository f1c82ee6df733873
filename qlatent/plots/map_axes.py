"""The axes, the camera and the colour scales of a map, in the plane or in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.plots.colours import CLEAR, GREY, GRID, RAMP

COORDINATES, SPACE = ("x", "y", "z"), 3
SPACE_LINES = "rgb(160,164,175)"  # half-transparent lines in a scene would look white
MARGIN = 0.06
LEAST_PAD = 1e-3  # half the width of a map whose points are all at one place
LEAST_SPAN = 1e-6  # of a colour scale, when all norms are equal
DISTANCE = 2.2  # of the eye, in radii of the box: from nearer its corners would be cut off
FROM = np.array([1.15, 1.35, 0.7]) / np.linalg.norm([1.15, 1.35, 0.7])
_SPACE_AXIS = {
    "gridcolor": SPACE_LINES,
    "zerolinecolor": SPACE_LINES,
    "showbackground": False,
    "nticks": 6,
    "color": GREY,
}
_SQUARE = {"scaleanchor": "x"}
_AXIS = {
    "gridcolor": GRID,
    "zeroline": True,
    "zerolinecolor": GRID,
    "zerolinewidth": 2,
    "ticks": "",
    "nticks": 7,
}
Ranges = list[list[float]]


def ranges(bounds: NDArray[np.floating[Any]]) -> Ranges:
    """The ranges of the axes: bounds (2 or 3, 2) with a margin on each side."""
    low, high = bounds.T
    pad = max(float((high - low).max()) * MARGIN, LEAST_PAD)
    return [[float(least - pad), float(most + pad)] for least, most in zip(low, high, strict=True)]


def axes(spans: Ranges, titles: Sequence[str]) -> dict[str, Any]:
    """The layout of fixed axes with equal units of length, with a camera if there are three."""
    each = [{"range": span, "title": {"text": title}} for span, title in zip(spans, titles, strict=False)]
    if len(spans) == SPACE:
        scene = {f"{name}axis": _SPACE_AXIS | axis for name, axis in zip(COORDINATES, each, strict=True)}
        return {"scene": scene | _view(spans) | {"bgcolor": CLEAR, "dragmode": "orbit"}}
    return {"xaxis": _AXIS | each[0], "yaxis": _AXIS | _SQUARE | each[1], "dragmode": "pan"}


def _view(spans: Ranges) -> dict[str, Any]:
    """One unit of length along all axes, and a camera that sees the whole box, however flat or long it is."""
    widths = np.array([high - low for low, high in spans])
    ratio = widths / widths.max()
    eye = FROM * DISTANCE * float(np.linalg.norm(ratio)) / 2
    return {
        "aspectmode": "manual",
        "aspectratio": dict(zip(COORDINATES, ratio.tolist(), strict=True)),
        "camera": {
            "eye": dict(zip(COORDINATES, eye.tolist(), strict=True)),
            "center": {"x": 0, "y": 0, "z": -0.08},
        },
    }


def scale(title: str, span: tuple[float, float], *, place: int, count: int) -> dict[str, Any]:
    """The colour scale of norms over `span`, with its bar as number `place` of `count` from the top."""
    low, high = span
    return {
        "cmin": low,
        "cmax": max(high, low + LEAST_SPAN),
        "colorscale": [list(stop) for stop in RAMP],
        "colorbar": {
            "title": {"text": title, "side": "right"},
            "thickness": 10,
            "outlinewidth": 0,
            "x": 1.0,
            "y": 1.0 - (place + 0.5) / count,
            "len": 0.92 / count,
            "tickfont": {"color": GREY},
        },
    }
