"""What a map shows first: nearly all points of the frame in view, whatever a few outliers and other frames do."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.layout.extent import fitted, outside, whole

CLOUD = np.random.default_rng(0).uniform(-1.0, 1.0, size=(500, 2))


def test_without_outliers_every_point_is_in_view():
    grid = np.stack(np.meshgrid(np.linspace(0, 2, 21), np.linspace(-1, 1, 21)), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(fitted([grid]), [[0, 2], [-1, 1]])
    assert outside(grid, fitted([grid])) == 0


def test_outliers_do_not_shrink_the_rest_and_are_counted_and_not_lost():
    far = np.concatenate([CLOUD, [[1000.0, 0.0], [0.0, -500.0]]])
    low, high = np.quantile(far, [0.01, 0.99], axis=0)
    box = fitted([far])
    assert (box[:, 0] >= low - 0.25 * (high - low) - 1e-9).all()
    assert (box[:, 1] <= high + 0.25 * (high - low) + 1e-9).all()
    assert outside(far, box) == 2
    np.testing.assert_array_equal(whole([far])[:, 0], far.min(axis=0))
    np.testing.assert_array_equal(whole([far])[:, 1], far.max(axis=0))


def test_a_larger_frame_before_it_leaves_the_last_one_large():
    box = fitted([50.0 * CLOUD, CLOUD])
    own = fitted([CLOUD])
    assert (np.ptp(box, axis=1) <= 1.31 * np.ptp(own, axis=1).max()).all()
    assert outside(CLOUD, box) == 0


def test_a_smaller_frame_before_it_changes_nothing():
    np.testing.assert_allclose(fitted([0.1 * CLOUD, CLOUD]), fitted([CLOUD]))


def test_another_frame_can_be_the_one_in_view():
    np.testing.assert_allclose(fitted([CLOUD, 0.1 * CLOUD], 0), fitted([CLOUD]))


@pytest.mark.parametrize("count", [1, 5])
def test_identical_points_have_a_box_of_no_size_unless_another_frame_has_one(count):
    same = np.full((count, 3), 2.0)
    np.testing.assert_array_equal(fitted([same]), [[2.0, 2.0]] * 3)
    moved = np.concatenate([same, same + 1.0])
    np.testing.assert_array_equal(fitted([moved, same]), [[2.0, 3.0]] * 3)


def test_points_that_are_not_finite_count_nowhere():
    spoilt = np.concatenate([CLOUD, [[np.nan, 0.0], [np.inf, 1.0]]])
    np.testing.assert_array_equal(fitted([spoilt]), fitted([CLOUD]))
    np.testing.assert_array_equal(whole([spoilt]), whole([CLOUD]))
    assert outside(spoilt, whole([CLOUD])) == 0
    nothing = np.full((3, 2), np.nan)
    np.testing.assert_array_equal(fitted([nothing]), np.zeros((2, 2)))
    np.testing.assert_array_equal(fitted([CLOUD, nothing]), whole([CLOUD]))
