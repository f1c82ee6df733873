"""Which points of a map lie inside a lasso or a box, by the even–odd rule.

Almost all points are decided by a raster of the lasso, and only those in a cell that an edge touches are tested against
the edges themselves, so that the result is the same as by testing all of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_SIDE = 1024  # cells along each axis of the raster
_SLACK = 1e-6  # cells; edges cover this much more, so that rounding puts no point on the wrong side of one
_LEVELS = 1 << 16  # values of an int16
_INSIDE, _EDGE = 1, 2


class _Raster(NamedTuple):
    """The bounding box of a lasso in cells: 0 outside, 1 inside, 2 where an edge decides."""

    cells: NDArray[np.uint8]  # (_SIDE + 1, _SIDE + 1); the last row and column are outside
    low: Floats  # (2,)
    scale: Floats  # (2,) cells for each unit


def inside(points: ArrayLike, polygon: ArrayLike) -> NDArray[np.bool_]:
    """Mask (n,) of the points inside the polygon: those from which a ray crosses its edges an odd number of times.

    Points (n, 2) are int16 or floats, and never inside if they are not finite; the polygon is (v, 2), closed from its
    last vertex to its first, and may cross itself. With fewer than three vertices nothing is inside. A point exactly on
    an edge belongs to the side of greater x (of greater y on a horizontal one). int16 values are decided exactly.
    """
    places, corners = np.asarray(points), np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    if places.size == 0 or len(corners) < 3 or (np.ptp(corners, axis=0) == 0).any():
        return np.zeros(len(places), dtype=np.bool_)
    raster = _raster(corners)
    values = raster.cells.ravel().take(_cells(places, raster))
    found: NDArray[np.bool_] = values == _INSIDE
    edge = np.flatnonzero(values == _EDGE)
    found[edge] = _crossings_are_odd(places[edge].astype(np.float64), corners)
    return found


def rectangle(corner: ArrayLike, opposite: ArrayLike) -> Floats:
    """The box between two opposite corners (2,) as a polygon (4, 2), for `inside`."""
    (left, bottom), (right, top) = np.sort(np.array([corner, opposite], dtype=np.float64), axis=0)
    return np.array([(left, bottom), (right, bottom), (right, top), (left, top)])


def _raster(corners: Floats) -> _Raster:
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = _SIDE * (1 - 1e-9) / (high - low)
    start = (corners - low) * scale  # (v, 2) in cells
    end = np.roll(start, -1, axis=0)
    cells = np.zeros((_SIDE + 1, _SIDE + 1), dtype=np.uint8)
    cells[:-1, :-1] = _filled(start, end)
    cells[:-1, :-1][_touched(start, end)] = _EDGE
    return _Raster(cells, low, scale)


def _filled(start: Floats, end: Floats) -> NDArray[np.uint8]:
    """(_SIDE, _SIDE): whether the centre of each cell is inside."""
    edges, rows = _rows(np.ceil(_least(start, end) - 0.5), np.ceil(_largest(start, end) - 0.5) - 1)
    (x, y), (run, rise) = start[edges].T, (end - start)[edges].T
    columns = np.ceil(x + (rows + 0.5 - y) * run / rise - 0.5).astype(np.int64)
    flips = np.bincount(rows * (_SIDE + 1) + np.clip(columns, 0, _SIDE), minlength=_SIDE * (_SIDE + 1))
    odd = (flips & 1).astype(np.uint8).reshape(_SIDE, _SIDE + 1)
    return np.bitwise_xor.accumulate(odd, axis=1)[:, :-1]


def _touched(start: Floats, end: Floats) -> NDArray[np.bool_]:
    """(_SIDE, _SIDE): whether an edge passes through a cell, or within the slack of it."""
    edges, rows = _rows(np.floor(_least(start, end) - _SLACK), np.floor(_largest(start, end) + _SLACK))
    (x, y), (run, rise) = start[edges].T, (end - start)[edges].T
    level = np.abs(rise) < _SLACK
    slope = np.where(level, 0.0, run / np.where(level, 1.0, rise))
    ends = np.stack([x, x + run])
    reached = np.clip(
        np.stack([x + (rows - y) * slope, x + (rows + 1 - y) * slope]), ends.min(axis=0), ends.max(axis=0)
    )
    reached = np.where(level, ends, reached)
    slack = _SLACK * (1 + np.abs(slope))
    first = np.clip(np.floor(reached.min(axis=0) - slack), 0, _SIDE - 1).astype(np.int64)
    last = np.clip(np.floor(reached.max(axis=0) + slack), 0, _SIDE - 1).astype(np.int64)
    line, size = rows * (_SIDE + 1), _SIDE * (_SIDE + 1)
    covers = np.bincount(line + first, minlength=size) - np.bincount(line + last + 1, minlength=size)
    return np.add.accumulate(covers.astype(np.int16).reshape(_SIDE, _SIDE + 1), axis=1)[:, :-1] > 0


def _least(start: Floats, end: Floats) -> Floats:
    return np.minimum(start[:, 1], end[:, 1])


def _largest(start: Floats, end: Floats) -> Floats:
    return np.maximum(start[:, 1], end[:, 1])


def _rows(first: Floats, last: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of an edge and a row of cells between its first and last one."""
    begin = np.clip(first, 0, _SIDE).astype(np.int64)
    counts = np.maximum(np.clip(last, -1, _SIDE - 1).astype(np.int64) - begin + 1, 0)
    edges = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return edges, begin[edges] + within


def _cells(places: NDArray[np.generic], raster: _Raster) -> NDArray[np.int32]:
    """The flat index (n,) of the cell of each point; of a cell outside for points beyond the box."""
    axes = [_axis(places[:, axis], raster.low[axis], raster.scale[axis]) for axis in (0, 1)]
    return axes[1] * np.int32(_SIDE + 1) + axes[0]


def _axis(values: NDArray[np.generic], low: float, scale: float) -> NDArray[np.int32]:
    """The cell (n,) of each value along an axis, _SIDE where it is beyond the box or not finite."""
    if values.dtype == np.int16:  # each level is looked up, which is faster than computing a million times
        levels = np.arange(_LEVELS, dtype=np.uint16).view(np.int16).astype(np.float64)
        return _cell(levels, low, scale).take(np.ascontiguousarray(values).view(np.uint16))
    return _cell(values.astype(np.float64), low, scale)


def _cell(values: Floats, low: float, scale: float) -> NDArray[np.int32]:
    cells = np.floor((values - low) * scale)
    within = (cells >= 0) & (cells < _SIDE)
    return np.where(within, cells, _SIDE).astype(np.int32)


def _crossings_are_odd(places: Floats, corners: Floats) -> NDArray[np.bool_]:
    """Mask (m,) of the points with an odd number of edges to their right.

    Points are sorted by height, so that each edge meets a slice of them. The side of an edge is the sign of a cross
    product, which is exact for int16 values.
    """
    order = np.argsort(places[:, 1])
    x, y = places[order].T
    odd = np.zeros(len(places), dtype=np.bool_)
    following = np.roll(corners, -1, axis=0)
    lower = np.where(corners[:, 1:] <= following[:, 1:], corners, following)
    upper = np.where(corners[:, 1:] <= following[:, 1:], following, corners)
    slices = np.searchsorted(y, np.stack([lower[:, 1], upper[:, 1]]))
    for (left, bottom), (right, top), begin, end in zip(lower, upper, *slices, strict=True):
        across, height = x[begin:end] - left, y[begin:end] - bottom
        odd[begin:end] ^= across * (top - bottom) < height * (right - left)
    found = np.empty_like(odd)
    found[order] = odd
    return found
