"""Draws the moving map of a latent space, in the plane or in space, with one Plotly frame per snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from qlatent.plots import map_axes
from qlatent.plots.colours import CATEGORIES, CLEAR, GREY, MARK, OTHER, REST, grouped, plain
from qlatent.plots.map_axes import COORDINATES, SPACE, SPACE_LINES

SYMBOLS = {"image": "circle", "text": "diamond-open", "vector": "circle"}
NAMES = {"image": "Images", "text": "Texts", "vector": "Vectors"}
SVG_POINTS = 6000
"""Up to this many markers are drawn as SVG, which needs no GPU; more are drawn with WebGL."""
OPACITY = 0.85
TRAINING, HELD_OUT = "training", "held out"
SMALLER = 0.6  # size of markers in space, relative to those in the plane


@dataclass(frozen=True)
class Points:
    """The items to draw: `places` (frames, n, 2 or 3) and norms (frames, n) by modality; `rows` (n,) are their ids.

    `extent` (2 or 3, 2) is the part of the plane or space that is shown; None: all of it. NaN places are not drawn.
    Pointing at an item shows its name, or its row where there are no `names` (n,).
    """

    steps: Sequence[int]
    places: Mapping[str, NDArray[np.float32]]
    norms: Mapping[str, NDArray[np.float32]]
    rows: NDArray[np.integer[Any]]
    norm_ranges: Mapping[str, tuple[float, float]]
    labels: Sequence[str | None] = field(default_factory=tuple)
    heldout: NDArray[np.bool_] | None = None
    names: Sequence[str] = ()
    extent: NDArray[np.floating[Any]] | None = None

    @property
    def dimensions(self) -> int:
        """Dimensions of the map: 2 or 3."""
        return next(iter(self.places.values())).shape[2]


@dataclass(frozen=True)
class Look:
    """How to draw the map. `colour`: norm (one scale over the run), frame (one per frame), label, part or modality."""

    colour: str = "norm"
    pairs: NDArray[np.integer[Any]] | None = None  # positions whose image and text are linked by a line
    start: int = -1  # the frame shown first
    height: int = 560
    axes: Sequence[str] = ("", "", "")


@dataclass(frozen=True)
class _Trace:
    modality: str
    at: NDArray[np.integer[Any]]
    name: str
    colour: str = ""  # colour of a category; empty: by norm
    first: bool = True  # shown in the legend


def evolution_map(points: Points, look: Look | None = None, *, animated: bool = True) -> go.Figure:
    """The map as a figure with frames named "0", "1", … (none if not `animated`), starting at `look.start`."""
    look = look or Look()
    grouped_by = GROUPS.get(look.colour)
    traces = grouped_by(points) if grouped_by else _by_norm(points)
    start = range(len(points.steps))[look.start]
    lines = _joined(points, look.pairs, start) if look.pairs is not None and len(points.places) > 1 else None
    data = ([lines | _line_look(points)] if lines else []) + [
        _whole(trace, points, start) for trace in traces
    ]
    data += [] if grouped_by else [_key(modality, points) for modality in points.places]
    data += _MARKS if points.dimensions == SPACE else []
    frames = [_frame(points, look, traces, index) for index in range(len(points.steps))] if animated else []
    return go.Figure({"data": data, "layout": _layout(points, look, start), "frames": frames})


def _kind(points: Points) -> str:
    """Plotly's trace type."""
    if points.dimensions == SPACE:
        return "scatter3d"
    return "scattergl" if len(points.rows) * len(points.places) > SVG_POINTS else "scatter"


def _key(modality: str, points: Points) -> dict[str, Any]:
    """A legend entry in a neutral colour, because points coloured by norm have no single colour."""
    marker = {"symbol": SYMBOLS[modality], "size": 8, "color": GREY, "line": {"width": 1.4}}
    name = NAMES[modality]
    look = {"type": _kind(points), "mode": "markers", "name": name, "legendgroup": name, "hoverinfo": "skip"}
    return look | {axis: [None] for axis in COORDINATES[: points.dimensions]} | {"marker": marker}


def _by_norm(points: Points) -> list[_Trace]:
    everyone = np.arange(len(points.rows))
    return [_Trace(modality, everyone, NAMES[modality], first=False) for modality in points.places]


def _by_label(points: Points) -> list[_Trace]:
    assigned, groups = grouped(points.labels)
    return _by_group(points, np.array(assigned, dtype=object), groups)


def _by_part(points: Points) -> list[_Trace]:
    heldout = np.zeros(len(points.rows), dtype=bool) if points.heldout is None else points.heldout
    names = np.where(heldout, HELD_OUT, TRAINING)
    return _by_group(points, names, [name for name in (TRAINING, HELD_OUT) if (names == name).any()])


def _by_group(points: Points, names: NDArray[Any], groups: Sequence[str]) -> list[_Trace]:
    colours = dict(zip(groups, CATEGORIES, strict=False)) | {REST: OTHER}
    return [
        _Trace(modality, np.flatnonzero(names == group), plain(group), colours[group], number == 0)
        for group in groups
        for number, modality in enumerate(points.places)
    ]


def _by_modality(points: Points) -> list[_Trace]:
    everyone = np.arange(len(points.rows))
    return [
        _Trace(modality, everyone, NAMES[modality], colour)
        for modality, colour in zip(points.places, CATEGORIES, strict=False)
    ]


GROUPS = {"label": _by_label, "part": _by_part, "modality": _by_modality}


def _moving(trace: _Trace, points: Points, index: int) -> dict[str, Any]:
    """The attributes of a trace that change from frame to frame."""
    moving = _columns(points.places[trace.modality][index, trace.at])
    if not trace.colour:
        moving["marker"] = {"color": points.norms[trace.modality][index, trace.at]}
    return moving


def _columns(places: NDArray[np.float32]) -> dict[str, Any]:
    """(m, 2 or 3) → x, y and perhaps z."""
    return {axis: np.ascontiguousarray(column) for axis, column in zip(COORDINATES, places.T, strict=False)}


def _whole(trace: _Trace, points: Points, index: int) -> dict[str, Any]:
    fixed, moving = _fixed(trace, points), _moving(trace, points, index)
    return fixed | moving | {"marker": fixed["marker"] | moving.get("marker", {})}


def _fixed(trace: _Trace, points: Points) -> dict[str, Any]:
    space = points.dimensions == SPACE
    size = 6.5 if trace.modality == "text" else 6
    marker: dict[str, Any] = {
        "symbol": SYMBOLS[trace.modality],
        "size": size * SMALLER if space else size,
        "opacity": OPACITY,
        "line": {"width": 1.4 if trace.modality == "text" and not space else 0},
    }
    hover = f"{NAMES[trace.modality][:-1].lower()} · {'%{text}' if points.names else 'row %{customdata}'}"
    if trace.colour:
        marker["color"] = trace.colour
    else:
        marker["coloraxis"] = _coloraxis(points, trace.modality)
        hover += "<br>norm ‖z‖ %{marker.color:.3f}"
    chosen = {} if space else {name: {"marker": {"opacity": OPACITY}} for name in ("selected", "unselected")}
    return chosen | {
        "type": _kind(points),
        "mode": "markers",
        "name": trace.name,
        "legendgroup": trace.name,
        "showlegend": trace.first,
        "customdata": points.rows[trace.at].astype(np.int32),
        "text": [plain(points.names[place]) for place in trace.at] if points.names else None,
        "hovertemplate": hover + "<extra></extra>",
        "marker": marker,
    }


_MARK: dict[str, Any] = {
    "type": "scatter3d",
    **{axis: [None] for axis in COORDINATES},
    "showlegend": False,
    "hoverinfo": "skip",
}
_MARKS: list[dict[str, Any]] = [
    _MARK | {"meta": "way", "mode": "lines", "line": {"color": MARK, "width": 3}},
    _MARK
    | {
        "meta": "spot",
        "mode": "lines+markers",
        "line": {"color": MARK, "width": 3, "dash": "dash"},
        "marker": {"symbol": "circle-open", "size": 11, "color": MARK, "line": {"width": 3}},
    },
]
"""Traces for the picked item's path and place in space, filled by the player; in the plane it draws over the figure."""


def _line_look(points: Points) -> dict[str, Any]:
    look = {"width": 0.8, "color": "rgba(128,132,145,.55)"}
    space = {"width": 1, "color": SPACE_LINES}
    return {
        "type": _kind(points),
        "mode": "lines",
        "line": space if points.dimensions == SPACE else look,
        "hoverinfo": "skip",
        "name": "Matched pairs",
        "showlegend": True,
    }


def _joined(points: Points, pairs: NDArray[np.integer[Any]], index: int) -> dict[str, Any]:
    """One line trace with a gap after each image–text pair."""
    first, second = list(points.places)[:2]
    ends = np.full((len(pairs), 3, points.dimensions), np.nan, dtype=np.float32)
    ends[:, 0] = points.places[first][index, pairs]
    ends[:, 1] = points.places[second][index, pairs]
    return _columns(ends.reshape(-1, points.dimensions))


def _frame(points: Points, look: Look, traces: Sequence[_Trace], index: int) -> dict[str, Any]:
    data = [_moving(trace, points, index) for trace in traces]
    if look.pairs is not None and len(points.places) > 1:
        data.insert(0, _joined(points, look.pairs, index))
    data = [{"type": _kind(points)} | each for each in data]
    frame: dict[str, Any] = {"name": str(index), "data": data, "traces": list(range(len(data)))}
    if look.colour == "frame":
        spans = {name: _span(points, name, index) for name in points.places}
        frame["layout"] = {
            _coloraxis(points, name): {"cmin": low, "cmax": high} for name, (low, high) in spans.items()
        }
    return frame


def _coloraxis(points: Points, modality: str) -> str:
    """Each modality has a colour scale of its own, since norms of images and texts can be far apart."""
    number = list(points.places).index(modality)
    return f"coloraxis{number + 1}" if number else "coloraxis"


def _span(points: Points, modality: str, index: int) -> tuple[float, float]:
    """The 1st and 99th percentile of the norms of one modality in one frame."""
    norms = points.norms[modality][index]
    finite = norms[np.isfinite(norms)]
    low, high = np.percentile(finite, (1, 99)) if len(finite) else (0.0, 1.0)
    return float(low), float(max(high, low + 1e-6))


def _bounds(points: Points) -> NDArray[np.floating[Any]]:
    """What is shown (2 or 3, 2): the extent given, or every point of every frame."""
    if points.extent is not None:
        return np.asarray(points.extent, dtype=float)
    stacked = np.concatenate([each.reshape(-1, points.dimensions) for each in points.places.values()])
    finite = stacked[np.isfinite(stacked).all(axis=1)]
    if not len(finite):
        return np.zeros((points.dimensions, 2))
    return np.column_stack([finite.min(axis=0), finite.max(axis=0)]).astype(float)


def _scales(points: Points, look: Look, start: int) -> dict[str, Any]:
    """The colour scale of the norms of each modality, with its bar."""
    count, scales = len(points.places), {}
    for number, name in enumerate(points.places):
        low, high = _span(points, name, start) if look.colour == "frame" else points.norm_ranges[name]
        title = "norm ‖z‖" if count == 1 else f"norm ‖z‖, {NAMES[name].lower()}"
        scales[_coloraxis(points, name)] = map_axes.scale(title, (low, high), place=number, count=count)
    return scales


def _layout(points: Points, look: Look, start: int) -> dict[str, Any]:
    ranges = map_axes.ranges(_bounds(points))
    return {
        "height": look.height,
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "uirevision": str(ranges),  # zoom and camera stay as long as the axes do
        "modebar": {"bgcolor": CLEAR, "color": GREY, "activecolor": CATEGORIES[0]},
        "hovermode": "closest",
        **map_axes.axes(ranges, look.axes),
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "itemsizing": "constant"},
        **_scales(points, look, start),
    }
