"""The same items side by side: one trace for each group, one zoom, and a ring in each map."""

from __future__ import annotations

import numpy as np

from qlatent.plots.linked import Space, side_by_side

PLACES = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]])
SPACES = [Space("One", PLACES, np.arange(4.0)), Space("Two <b>", -PLACES, np.ones(4))]
KINDS, NAMES = ["image", "image", "text", "text"], ["a", "b", "a", "b"]


def test_points_are_coloured_by_the_norms_of_their_own_space() -> None:
    figure = side_by_side(SPACES, kinds=KINDS, names=NAMES)
    markers = [trace for trace in figure.data if trace.marker.coloraxis]
    assert [trace.marker.coloraxis for trace in markers] == [
        "coloraxis",
        "coloraxis",
        "coloraxis2",
        "coloraxis2",
    ]
    np.testing.assert_array_equal(
        np.concatenate([trace.marker.color for trace in markers[:2]]), np.arange(4.0)
    )
    assert [each.text for each in figure.layout.annotations] == ["One", "Two &lt;b&gt;"]


def test_labels_have_one_colour_in_both_maps_and_one_entry_in_the_legend() -> None:
    figure = side_by_side(SPACES, kinds=KINDS, names=NAMES, labels=["x", "y", "x", "y"])
    by_name: dict[str, set[str]] = {}
    for trace in figure.data:
        if trace.name in ("x", "y"):
            by_name.setdefault(trace.name, set()).add(trace.marker.color)
    assert [len(colours) for colours in by_name.values()] == [1, 1]
    assert [trace.name for trace in figure.data if trace.showlegend] == ["x", "y"]


def test_maps_zoom_together_and_mark_the_same_items() -> None:
    figure = side_by_side(SPACES, kinds=KINDS, names=NAMES, ringed=[1, 3])
    assert (figure.layout.xaxis2.matches, figure.layout.yaxis2.matches) == ("x", "y")
    rings = [trace for trace in figure.data if trace.marker.symbol == "circle-open"]
    assert [list(ring.x) for ring in rings] == [[2.0, 6.0], [-2.0, -6.0]]
