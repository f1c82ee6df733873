"""The map of a latent space that moves while a head trains: a Plotly frame a snapshot, fixed axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, GRID, OTHER, RAMP, REST, grouped, plain

SYMBOLS = {"image": "circle", "text": "diamond-open", "vector": "circle"}
NAMES = {"image": "Images", "text": "Texts", "vector": "Vectors"}
SVG_POINTS = 6000
"""Up to so many markers are drawn as SVG, which needs no graphics processor; more go through WebGL."""
MARGIN, OPACITY = 0.06, 0.85


@dataclass(frozen=True)
class Points:
    """What is drawn: by modality xy (frames, n, 2) and norms (frames, n); `rows` (n,) name the items."""

    steps: Sequence[int]
    xy: Mapping[str, NDArray[np.float32]]
    norms: Mapping[str, NDArray[np.float32]]
    rows: NDArray[np.integer[Any]]
    norm_range: tuple[float, float]
    labels: Sequence[str | None] = field(default_factory=tuple)


@dataclass(frozen=True)
class Look:
    """How it is drawn. `colour`: norm (one scale over the run), frame (a scale each frame) or label."""

    colour: str = "norm"
    pairs: NDArray[np.integer[Any]] | None = None  # positions whose image and text are joined
    start: int = -1  # the frame shown first
    height: int = 560
    axes: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class _Trace:
    modality: str
    at: NDArray[np.integer[Any]]
    name: str
    colour: str = ""  # a category's; empty: by norm
    first: bool = True  # shown in the legend


def evolution_map(points: Points, look: Look | None = None, *, animated: bool = True) -> go.Figure:
    """The figure, with frames named "0", "1", … (none if not `animated`), starting at `look.start`."""
    look = look or Look()
    traces = _by_label(points) if look.colour == "label" else _by_norm(points)
    start = range(len(points.steps))[look.start]
    lines = _joined(points, look.pairs, start) if look.pairs is not None and len(points.xy) > 1 else None
    data = ([lines | _LINE_LOOK] if lines else []) + [_whole(trace, points, start) for trace in traces]
    data += [] if look.colour == "label" else [_key(modality) for modality in points.xy]
    frames = [_frame(points, look, traces, index) for index in range(len(points.steps))] if animated else []
    return go.Figure({"data": data, "layout": _layout(points, look, start), "frames": frames})


def _key(modality: str) -> dict[str, Any]:
    """A legend entry in a neutral colour; those of the points themselves have no one colour to show."""
    marker = {"symbol": SYMBOLS[modality], "size": 8, "color": GREY, "line": {"width": 1.4}}
    name = NAMES[modality]
    look = {"type": "scatter", "mode": "markers", "name": name, "legendgroup": name, "hoverinfo": "skip"}
    return look | {"x": [None], "y": [None], "marker": marker}


def _by_norm(points: Points) -> list[_Trace]:
    everyone = np.arange(len(points.rows))
    return [_Trace(modality, everyone, NAMES[modality], first=False) for modality in points.xy]


def _by_label(points: Points) -> list[_Trace]:
    assigned, groups = grouped(points.labels)
    colours = dict(zip(groups, CATEGORIES, strict=False)) | {REST: OTHER}
    names = np.array(assigned, dtype=object)
    return [
        _Trace(modality, np.flatnonzero(names == group), plain(group), colours[group], number == 0)
        for group in groups
        for number, modality in enumerate(points.xy)
    ]


def _moving(trace: _Trace, points: Points, index: int) -> dict[str, Any]:
    """What of a trace changes from frame to frame."""
    xy = points.xy[trace.modality][index, trace.at]
    moving: dict[str, Any] = {"x": np.ascontiguousarray(xy[:, 0]), "y": np.ascontiguousarray(xy[:, 1])}
    if not trace.colour:
        moving["marker"] = {"color": points.norms[trace.modality][index, trace.at]}
    return moving


def _whole(trace: _Trace, points: Points, index: int) -> dict[str, Any]:
    fixed, moving = _fixed(trace, points), _moving(trace, points, index)
    return fixed | moving | {"marker": fixed["marker"] | moving.get("marker", {})}


def _fixed(trace: _Trace, points: Points) -> dict[str, Any]:
    many = sum(len(points.rows) for _ in points.xy) > SVG_POINTS
    marker: dict[str, Any] = {
        "symbol": SYMBOLS[trace.modality],
        "size": 6.5 if trace.modality == "text" else 6,
        "opacity": OPACITY,
        "line": {"width": 1.4 if trace.modality == "text" else 0},
    }
    hover = f"{NAMES[trace.modality][:-1].lower()} · row %{{customdata}}"
    if trace.colour:
        marker["color"] = trace.colour
    else:
        marker["coloraxis"] = "coloraxis"
        hover += "<br>norm ‖z‖ %{marker.color:.3f}"
    return {
        "type": "scattergl" if many else "scatter",
        "mode": "markers",
        "name": trace.name,
        "legendgroup": trace.name,
        "showlegend": trace.first,
        "customdata": points.rows[trace.at].astype(np.int32),
        "hovertemplate": hover + "<extra></extra>",
        "marker": marker,
        "selected": {"marker": {"opacity": OPACITY}},
        "unselected": {"marker": {"opacity": OPACITY}},
    }


_LINE_LOOK: dict[str, Any] = {
    "type": "scatter",
    "mode": "lines",
    "line": {"width": 0.8, "color": "rgba(128,132,145,.55)"},
    "hoverinfo": "skip",
    "name": "Matched pairs",
    "showlegend": True,
}


def _joined(points: Points, pairs: NDArray[np.integer[Any]], index: int) -> dict[str, Any]:
    """One line trace with a gap after each image–text pair."""
    first, second = list(points.xy)[:2]
    ends = np.full((len(pairs), 3, 2), np.nan, dtype=np.float32)
    ends[:, 0] = points.xy[first][index, pairs]
    ends[:, 1] = points.xy[second][index, pairs]
    flat = ends.reshape(-1, 2)
    return {"x": np.ascontiguousarray(flat[:, 0]), "y": np.ascontiguousarray(flat[:, 1])}


def _frame(points: Points, look: Look, traces: Sequence[_Trace], index: int) -> dict[str, Any]:
    data = [_moving(trace, points, index) for trace in traces]
    if look.pairs is not None and len(points.xy) > 1:
        data.insert(0, _joined(points, look.pairs, index))
    frame: dict[str, Any] = {"name": str(index), "data": data, "traces": list(range(len(data)))}
    if look.colour == "frame":
        low, high = _span(points, index)
        frame["layout"] = {"coloraxis": {"cmin": low, "cmax": high}}
    return frame


def _span(points: Points, index: int) -> tuple[float, float]:
    """The 1st and 99th percentile of the norms of one frame."""
    norms = np.concatenate([points.norms[modality][index] for modality in points.norms])
    low, high = np.percentile(norms, (1, 99))
    return float(low), float(max(high, low + 1e-6))


def _extent(points: Points) -> tuple[list[float], list[float]]:
    """Axis ranges that hold every point of every frame, with a margin."""
    stacked = np.concatenate([xy.reshape(-1, 2) for xy in points.xy.values()])
    low, high = stacked.min(axis=0), stacked.max(axis=0)
    pad = max(float((high - low).max()) * MARGIN, 1e-3)
    return [float(low[0] - pad), float(high[0] + pad)], [float(low[1] - pad), float(high[1] + pad)]


_SQUARE = {"scaleanchor": "x"}
_AXIS = {
    "gridcolor": GRID,
    "zeroline": True,
    "zerolinecolor": GRID,
    "zerolinewidth": 2,
    "ticks": "",
    "nticks": 7,
}


def _layout(points: Points, look: Look, start: int) -> dict[str, Any]:
    across, up = _extent(points)
    low, high = _span(points, start) if look.colour == "frame" else points.norm_range
    return {
        "height": look.height,
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "uirevision": "map",
        "dragmode": "pan",
        "modebar": {"bgcolor": CLEAR, "color": GREY, "activecolor": CATEGORIES[0]},
        "hovermode": "closest",
        "xaxis": _AXIS | {"range": across, "title": {"text": look.axes[0]}},
        "yaxis": _AXIS | _SQUARE | {"range": up, "title": {"text": look.axes[1]}},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "itemsizing": "constant"},
        "coloraxis": {
            "cmin": low,
            "cmax": high,
            "colorscale": [list(stop) for stop in RAMP],
            "colorbar": {
                "title": {"text": "norm ‖z‖", "side": "right"},
                "thickness": 10,
                "outlinewidth": 0,
                "x": 1.0,
                "len": 0.92,
                "tickfont": {"color": GREY},
            },
        },
    }
