"""Contours of the density of points on a plane, as lines to draw."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError

SHARES = (0.25, 0.5, 0.75, 0.95)
CELLS = 160  # along the longer side of the map
MARGIN = 0.15  # of the longer side, around the points
HIGHEST = 0.8  # of the greatest density: a line closer to the summit would be smaller than a cell
SMOOTHING = 0.02  # of the longer side: the standard deviation of each point's bell

Grid = NDArray[np.float64]  # (rows, columns)
Line = NDArray[np.float32]  # (v, 2), closed: the last point is the first
# the sides of a cell (0 bottom, 1 right, 2 top, 3 left) that a line joins, by which corners are above the level:
# 1 bottom left, 2 bottom right, 4 top right, 8 top left; 5 and 10 depend on the middle
JOINS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 6: ((0, 2),), 7: ((3, 2),), 8: ((2, 3),), 9: ((2, 0),),
    11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip
SADDLES = {
    (5, True): ((3, 2), (1, 0)), (5, False): ((3, 0), (1, 2)),
    (10, True): ((0, 3), (2, 1)), (10, False): ((0, 1), (2, 3)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contour:
    """The lines around the densest region that holds `share` of the points; `level` is its density at the edge."""

    share: float
    level: float
    lines: tuple[Line, ...]


def contours(places: NDArray[Any], *, shares: tuple[float, ...] = SHARES) -> list[Contour]:
    """Contours of the density of `places` (n, 2), one for each share of the points that lie inside.

    The density is a Gaussian kernel estimate on a grid whose bells have 2 % of the map's longer side; levels are
    highest-density regions (Hyndman 1996). No points give no contours.
    """
    places = np.asarray(places, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 2:
        raise InputError(f"Contours need places on a plane, (n, 2); got {places.shape}.")
    if not len(places):
        return []
    density, low, cell = _density(places)
    at = np.floor((places - low) / cell).astype(int)
    own = np.sort(density[at[:, 1], at[:, 0]])  # (n,) at each point
    summit = HIGHEST * float(density.max())
    found = []
    for share in shares:
        level = min(summit, float(own[min(len(own) - 1, int((1.0 - share) * len(own)))]))
        lines = tuple((low + (line + 0.5) * cell).astype(np.float32) for line in outlines(density, level))
        found.append(Contour(share, level, lines))
    return found


def outlines(grid: Grid, level: float) -> list[NDArray[np.float64]]:
    """Closed lines (v, 2), as (column, row), around the cells of `grid` above `level`; outside the grid it is lower.

    Marching squares (Lorensen & Cline 1987, on a plane) with linear interpolation; a saddle is decided by its mean.
    """
    padded = np.pad(grid, 1, constant_values=min(float(grid.min()), level) - 1.0)
    above = padded > level
    kind = above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    ways: dict[tuple[int, int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for row, column in np.argwhere((kind > 0) & (kind < 15)).tolist():
        code = int(kind[row, column])
        middle = bool(padded[row : row + 2, column : column + 2].mean() > level)
        for one, other in JOINS.get(code) or SADDLES[code, middle]:
            a, b = _edge(row, column, one), _edge(row, column, other)
            ways[a].append(b)
            ways[b].append(a)
    return [np.array([_crossing(padded, level, edge) for edge in line]) - 1.0 for line in _loops(ways)]


def _density(places: NDArray[np.float64]) -> tuple[Grid, NDArray[np.float64], float]:
    """Density on a grid, with the corner of its first cell and the size of a cell."""
    from scipy.ndimage import gaussian_filter

    low, high = places.min(axis=0), places.max(axis=0)
    side = float((high - low).max()) or 1.0
    cell, low = side * (1 + 2 * MARGIN) / CELLS, low - MARGIN * side
    columns, rows = (np.floor((high - low + MARGIN * side) / cell)).astype(int) + 1
    at = np.floor((places - low) / cell).astype(int)
    counts = np.bincount(at[:, 1] * columns + at[:, 0], minlength=rows * columns).reshape(rows, columns)
    smooth = gaussian_filter(counts.astype(np.float64), SMOOTHING * side / cell, mode="constant")
    return smooth / (len(places) * cell**2), low, cell


def _edge(row: int, column: int, side: int) -> tuple[int, int, int]:
    """A side of a cell by the corner where it begins and its direction: 0 along the row, 1 up the column."""
    return (
        (row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1)
    )[side]  # fmt: skip


def _crossing(grid: Grid, level: float, edge: tuple[int, int, int]) -> tuple[float, float]:
    row, column, up = edge
    here, there = grid[row, column], grid[row + up, column + 1 - up]
    share = (level - here) / (there - here)
    return column + share * (1 - up), row + share * up


def _loops(ways: dict[tuple[int, int, int], list[tuple[int, int, int]]]) -> list[list[tuple[int, int, int]]]:
    """The closed lines through all edges; each edge has two neighbours."""
    left, loops = set(ways), []
    for begin in list(ways):
        if begin not in left:
            continue
        line, here = [begin], begin
        left.discard(begin)
        while (following := next((each for each in ways[here] if each in left), None)) is not None:
            left.discard(following)
            line.append(following)
            here = following
        loops.append([*line, begin])
    return loops
