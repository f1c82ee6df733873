"""The part of a plane or space that a map shows first: where nearly all points are, so that a few outliers do not
shrink the rest to a speck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qlatent import spacing

Points = NDArray[np.floating]
Box = NDArray[np.float64]  # (c, 2): lowest and highest coordinate along each axis
TAILS = (0.01, 0.99)
SLACK = 0.25  # points this far outside the tails, in widths of the box, still count as near
ROOM = 0.15  # frames other than the first shown may add this many widths on each side
SAMPLED = 4000  # points from which quantiles are taken


def whole(frames: Sequence[Points]) -> Box:
    """The box (c, 2) around every finite point of `frames`, each (m, c); zeros if there is none."""
    boxes = [_bounds(each) for each in map(_finite, frames) if len(each)]
    if not boxes:
        return np.zeros((frames[0].shape[1], 2))
    return _union(boxes)


def fitted(frames: Sequence[Points], start: int = -1) -> Box:
    """The box (c, 2) that shows the frame `start`, each (m, c), well, and the others as far as that allows.

    Along each axis the box runs from the 1st to the 99th percentile, and to the outermost points if they are within a
    quarter of its width; other points are outliers, which `whole` includes. Other frames enlarge the box at most to
    1.3 times its size, so that the frame shown first always fills most of the map.
    """
    boxes = {number: _robust(each) for number, each in enumerate(map(_finite, frames)) if len(each)}
    shown = range(len(frames))[start]
    if shown not in boxes:
        return whole(frames)
    own, union = boxes[shown], _union(list(boxes.values()))
    room = ROOM * float(np.ptp(own, axis=1).max())
    if room == 0.0:
        return union
    return np.column_stack(
        [np.maximum(union[:, 0], own[:, 0] - room), np.minimum(union[:, 1], own[:, 1] + room)]
    )


def outside(points: Points, box: Box) -> int:
    """The number of finite points (m, c) outside a box (c, 2)."""
    finite = _finite(points)
    return int(((finite < box[:, 0]) | (finite > box[:, 1])).any(axis=1).sum())


def _finite(points: Points) -> Points:
    if np.isfinite(points.sum()):  # by far faster than to look at each row
        return points
    return points[np.isfinite(points).all(axis=1)]


def _bounds(points: Points) -> Box:
    return np.column_stack([points.min(axis=0), points.max(axis=0)]).astype(np.float64)


def _union(boxes: Sequence[Box]) -> Box:
    stacked = np.stack(boxes)
    return np.column_stack([stacked[..., 0].min(axis=0), stacked[..., 1].max(axis=0)])


def _robust(points: Points) -> Box:
    sample = points[spacing.evenly(len(points), SAMPLED)].astype(np.float64)
    low, high = np.quantile(sample, TAILS, axis=0)
    slack = SLACK * (high - low)
    bounds = _bounds(points)
    return np.column_stack([np.maximum(bounds[:, 0], low - slack), np.minimum(bounds[:, 1], high + slack)])
