"""Ways of items over stages: points at one of them, and arrows in the colour of the stage that they lead to."""

from __future__ import annotations

import numpy as np

from qlatent.plots.colours import STAGES
from qlatent.plots.ways import Arrows, ways

PLACES = np.array([[0.0, 1.0], [2.0, 3.0]])
ARROWS = [
    Arrows("100 shots", [np.array([[0, 0], [1, 1]]), np.array([[5, 5], [6, 6]])]),
    Arrows("a <device>", [np.array([[1, 1], [2, 2]])], [np.array([[2, 2], [3, 3], [2, 2]])]),
]
MOVED = np.array([0.5, 0.25])


def test_each_stage_has_its_colour_and_a_gap_between_arrows() -> None:
    figure = ways(PLACES, ARROWS, names=["a", "b"], values=MOVED)
    first, second = (trace for trace in figure.data if trace.meta == "arrows")
    assert (first.line.color, second.line.color) == STAGES[:2]
    assert (first.name, second.name) == ("→ 100 shots", "→ a &lt;device&gt;")
    np.testing.assert_array_equal(first.x[:6], [0, 1, np.nan, 5, 6, np.nan])
    rings = [trace for trace in figure.data if trace.meta == "rings"]
    np.testing.assert_array_equal(rings[1].y[:3], [2, 3, 2])


def test_points_are_coloured_by_label_or_by_how_far_they_moved() -> None:
    (points,) = (
        each for each in ways(PLACES, ARROWS, names=["a", "b"], values=MOVED).data if each.meta == "points"
    )
    np.testing.assert_array_equal(points.marker.color, MOVED)
    assert list(points.text) == ["a<br>moved by 0.500", "b<br>moved by 0.250"]
    labelled = ways(PLACES, ARROWS, names=["a", "b"], values=MOVED, labels=["x", "y"])
    assert [each.name for each in labelled.data if each.meta == "points"] == ["x", "y"]
