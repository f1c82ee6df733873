"""Comparisons of heads as figures: what is drawn where, in which colour, and what is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qlatent.plots import comparison
from qlatent.plots.colours import CATEGORIES
from qlatent.plots.comparison import Bar, Line

NAN = math.nan


def line(name: str, *, reference: bool = False, ceiling: bool = False, low: float = 0.1) -> Line:
    return Line(name, [4.0, 8.0], [0.5, 0.6], [low, low], [0.9, 0.9], reference=reference, ceiling=ceiling)


def test_references_are_grey_and_heads_have_the_colours_in_order() -> None:
    figure = comparison.frontier([line("a"), line("pca", reference=True), line("b")], x="d", y="s")
    drawn = {each.name: each.line.color for each in figure.data if each.name}
    assert drawn == {"a": CATEGORIES[0], "pca": "#8A8F9C", "b": CATEGORIES[1]}
    assert figure.layout.xaxis.type == "log"
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("d", "s")


def test_a_ceiling_is_a_level_and_no_point_far_to_the_right() -> None:
    figure = comparison.frontier([line("all", reference=True, ceiling=True), line("a")], x="", y="")
    assert [shape.y0 for shape in figure.layout.shapes] == [0.5]
    assert "all" not in {each.name for each in figure.data}


def test_a_band_reaches_from_low_to_high_and_a_single_size_gets_a_bar() -> None:
    band, _ = comparison.frontier([line("a")], x="", y="").data
    assert (list(band.x), list(band.y)) == ([4, 8, 8, 4], [0.9, 0.9, 0.1, 0.1])
    assert band.fill == "toself"
    bar, _ = comparison.frontier([Line("a", [4.0, 8.0], [0.5, 0.6], [NAN, 0.1], [NAN, 0.9])], x="", y="").data
    assert (list(bar.x), list(bar.y), bar.fill) == ([8, 8], [0.1, 0.9], None)
    assert len(comparison.frontier([line("a", low=NAN)], x="", y="").data) == 1


def test_sizes_too_close_to_the_one_before_have_no_tick() -> None:
    figure = comparison.frontier([Line("a", [1000, 1100, 2000], [1] * 3, [1] * 3, [1] * 3)], x="", y="")
    assert list(figure.layout.xaxis.tickvals) == [1000, 2000]
    assert list(figure.layout.xaxis.ticktext) == ["1,000", "2,000"]


def test_differences_are_points_with_the_line_of_no_difference() -> None:
    figure = comparison.forest(
        [Bar("a", 0.2, 0.1, 0.3), Bar("b", 0.1, -0.1, 0.3), Bar("c", 0.1, NAN, NAN), Bar("d", NAN, NAN, NAN)],
        x="s",
    )
    [points] = figure.data
    assert list(points.y) == ["a", "b", "c"]
    assert list(points.error_x.array) == pytest.approx([0.1, 0.2, 0.0])
    assert list(points.marker.color) == [CATEGORIES[0], "#8A8F9C", "#8A8F9C"]  # coloured where 0 is left out
    assert [shape.x0 for shape in figure.layout.shapes] == [0]


def test_foreign_names_are_no_markup() -> None:
    [points] = comparison.forest([Bar("<b>a</b>", 0.2, 0.1, 0.3)], x="").data
    assert list(points.y) == ["&lt;b&gt;a&lt;/b&gt;"]


def test_a_shepard_diagram_has_a_monotone_line_in_the_order_of_distances() -> None:
    before, after = np.array([3.0, 1.0, 2.0]), np.array([0.3, 0.2, 0.1])
    cloud, fitted = comparison.shepard([("a", before, after, np.array([0.3, 0.1, 0.2]))]).data
    np.testing.assert_array_equal(cloud.x, before)
    np.testing.assert_array_equal(fitted.x, [1, 2, 3])
    np.testing.assert_array_equal(fitted.y, [0.1, 0.2, 0.3])


def test_curves_leave_out_what_is_not_known_and_step_0_has_a_place_on_the_axis() -> None:
    points = [
        {"step": 0, "value": 0.2, "low": 0.1, "high": 0.3}, {"step": 3, "value": None, "low": None, "high": None},
        {"step": 9, "value": 0.5, "low": None, "high": None},
    ]  # fmt: skip
    *_, curve = comparison.probe_curves({"a": points}).data
    assert (list(curve.x), list(curve.y), list(curve.customdata)) == ([1, 10], [0.2, 0.5], [0, 9])


def test_confusions_are_shares_of_each_row_and_an_empty_row_is_zero() -> None:
    [heat] = comparison.confusion(["a", "b"], [[3, 1], [0, 0]]).data
    np.testing.assert_array_equal(heat.z, [[0.75, 0.25], [0, 0]])
    np.testing.assert_array_equal(heat.customdata, [[3, 1], [0, 0]])
