"""Means with intervals: what is drawn, where, and that a name is no markup."""

from __future__ import annotations

import math

from qlatent.plots.retrieval import Mean, means


def test_points_have_their_own_interval_to_both_sides() -> None:
    figure = means([Mean("a", 0.5, 0.4, 0.7, reference=True), Mean("b", 0.3, 0.25, 0.31)], x="NDCG@10")
    [points] = figure.data
    assert (list(points.x), list(points.y)) == ([0.5, 0.3], ["a", "b"])
    for found, expected in ((points.error_x.array, [0.2, 0.01]), (points.error_x.arrayminus, [0.1, 0.05])):
        assert all(math.isclose(one, other) for one, other in zip(found, expected, strict=True))
    assert [shape.x0 for shape in figure.layout.shapes] == [0.5]  # the reference alone is a line
    assert figure.layout.yaxis.autorange == "reversed" and figure.layout.xaxis.title.text == "NDCG@10"


def test_what_is_not_defined_is_left_out_and_an_unknown_interval_is_a_point() -> None:
    figure = means([Mean("none", None, None, None), Mean("<b>one</b> $x$", 0.5, None, None)], x="")
    [points] = figure.data
    assert list(points.y) == ["&lt;b&gt;one&lt;/b&gt; &#36;x&#36;"] and list(points.error_x.array) == [0.0]
