"""The lasso: the same points as testing every point against every edge, whatever its shape."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qlatent.layout.lasso import inside, rectangle


def crossings(points: NDArray[np.generic], polygon: NDArray[np.generic]) -> NDArray[np.bool_]:
    """The even–odd rule in whole numbers (or Python's floats), point by point and edge by edge."""
    found = np.zeros(len(points), dtype=np.bool_)
    corners = [tuple(each) for each in np.asarray(polygon).tolist()]
    for place, (x, y) in enumerate(np.asarray(points).tolist()):
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (ay > y) != (by > y):
                side = (x - ax) * (by - ay) - (y - ay) * (bx - ax)
                found[place] ^= side < 0 if by > ay else side > 0
    return found


def quantised(rng: np.random.Generator, count: int) -> NDArray[np.int16]:
    return rng.integers(-32768, 32768, size=(count, 2), dtype=np.int16)


def wavy(vertices: int, *, low: int = -25_000, high: int = 25_000) -> NDArray[np.int16]:
    """A closed hand-drawn curve around the origin."""
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radius = 0.7 + 0.25 * np.sin(7 * angles) + 0.05 * np.cos(31 * angles)
    curve = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius[:, None]
    return np.clip(curve * high, low, high).astype(np.int16)


@pytest.mark.parametrize("vertices", [3, 4, 17, 256])
def test_a_lasso_holds_what_the_rule_says(vertices: int) -> None:
    points = quantised(np.random.default_rng(vertices), 3_000)
    expected = crossings(points, wavy(vertices))
    assert 100 < expected.sum() < 2_900
    np.testing.assert_array_equal(inside(points, wavy(vertices)), expected)


@pytest.mark.parametrize("seed", range(6))
def test_a_lasso_that_crosses_itself_leaves_out_what_it_encloses_twice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, scribble = quantised(rng, 1_500), quantised(rng, 40)
    np.testing.assert_array_equal(inside(points, scribble), crossings(points, scribble))
    star = np.array([(0, 30_000), (17_634, -24_271), (-28_532, 9_271), (28_532, 9_271), (-17_634, -24_271)])
    middle_and_tip = np.array([(0, 0), (0, 25_000)], dtype=np.int16)
    assert inside(middle_and_tip, star).tolist() == [False, True]


def test_points_on_the_edges_and_in_narrow_lassos_are_exact() -> None:
    grid = np.stack(np.meshgrid(np.arange(-4, 9), np.arange(-4, 9)), axis=-1).reshape(-1, 2).astype(np.int16)
    for polygon in (
        np.array([(0, 0), (5, 0), (5, 5), (0, 5)]),
        np.array([(0, 0), (6, 2), (2, 6), (-2, 3)]),
        np.array([(-3, -3), (8, -2), (8, -3), (-3, -2)]),  # a bow tie one step high
        np.array([(0, 0), (5, 0), (5, 0), (5, 5), (2, 5), (2, 2), (0, 2)]),  # a vertex twice, level edges
    ):
        np.testing.assert_array_equal(inside(grid, polygon), crossings(grid, polygon))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_floats_of_any_size_are_told_apart(scale: float) -> None:
    rng = np.random.default_rng(3)
    points, polygon = rng.normal(size=(2_000, 2)) * scale, rng.normal(size=(12, 2)) * scale
    np.testing.assert_array_equal(inside(points, polygon), crossings(points, polygon))
    np.testing.assert_array_equal(
        inside(points.astype(np.float32), polygon), crossings(points.astype(np.float32), polygon)
    )


def test_what_cannot_hold_a_point_holds_none() -> None:
    points = np.array([(0, 0), (1, 1), (2, 2)], dtype=np.int16)
    for polygon in ([], [(0, 0)], [(0, 0), (2, 2)], [(0, 0), (0, 2), (0, 1)], [(1, 1)] * 5):
        assert not inside(points, polygon).any()
    assert inside(np.empty((0, 2), dtype=np.int16), wavy(8)).shape == (0,)
    lost = np.array([(np.nan, 0.0), (0.0, np.inf), (0.0, 0.0)])
    assert inside(lost, wavy(8)).tolist() == [False, False, True]


def test_a_box_holds_what_lies_between_its_corners() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, size=(1_000, 2))
    expected = (points[:, 0] > -0.5) & (points[:, 0] < 0.25) & (points[:, 1] > -0.75) & (points[:, 1] < 0.5)
    np.testing.assert_array_equal(inside(points, rectangle((0.25, -0.75), (-0.5, 0.5))), expected)
