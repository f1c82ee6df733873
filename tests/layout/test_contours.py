"""Outlines of grids with known contours, and contours of a density whose shares are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.layout.contours import contours, outlines


def inside(points: np.ndarray, lines: tuple[np.ndarray, ...]) -> np.ndarray:
    """Even–odd rule: whether a ray to the right crosses the lines an odd number of times."""
    odd = np.zeros(len(points), dtype=bool)
    for line in lines:
        for (x0, y0), (x1, y1) in pairwise(line):
            crosses = (y0 > points[:, 1]) != (y1 > points[:, 1])
            at = x0 + (points[:, 1] - y0) * (x1 - x0) / (y1 - y0 if y1 != y0 else 1.0)
            odd ^= crosses & (points[:, 0] < at)
    return odd


def test_the_outline_of_a_cone_is_a_circle() -> None:
    rows, columns = np.mgrid[0:61, 0:61]
    (line,) = outlines(-np.hypot(rows - 30.0, columns - 30.0), -20.0)
    np.testing.assert_array_equal(line[0], line[-1])
    np.testing.assert_allclose(np.hypot(line[:, 0] - 30, line[:, 1] - 30), 20.0, atol=0.02)


def test_two_hills_have_two_outlines_and_a_ring_has_two() -> None:
    rows, columns = np.mgrid[0:40, 0:80]
    hills = [-np.hypot(rows - 20.0, columns - x) for x in (20.0, 60.0)]
    assert len(outlines(np.maximum(*hills), -10.0)) == 2
    assert len(outlines(-np.abs(hills[0] + 12.0), -3.0)) == 2


def test_a_region_at_the_edge_of_the_grid_is_closed() -> None:
    (line,) = outlines(np.ones((5, 7)), 0.5)
    np.testing.assert_array_equal(line[0], line[-1])
    assert line[:, 0].min() < 0 and line[:, 0].max() > 6


@pytest.mark.parametrize("flipped", [False, True])
def test_a_saddle_is_joined_or_parted_by_its_mean(flipped: bool) -> None:
    for low, expected in ((0.3, 1), (-1.0, 2)):  # means 0.65 and 0, on both sides of the level
        grid = np.array([[1.0, low], [low, 1.0]])
        assert len(outlines(grid[::-1] if flipped else grid, 0.5)) == expected


def test_a_contour_holds_its_share_of_the_points() -> None:
    points = np.random.default_rng(0).normal(size=(3000, 2))
    for contour in contours(points):
        assert inside(points, contour.lines).mean() == pytest.approx(contour.share, abs=0.02)
    levels = [contour.level for contour in contours(points)]
    assert levels == sorted(levels, reverse=True)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_points_in_one_place_have_a_contour_around_them(count: int) -> None:
    (contour,) = contours(np.full((count, 2), 3.0), shares=(0.5,))
    assert inside(np.array([[3.0, 3.0]]), contour.lines).all()
    assert contours(np.empty((0, 2))) == []
    with pytest.raises(InputError, match="on a plane"):
        contours(np.ones((4, 3)))
