"""The gap between modalities: closed forms, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from qlatent.errors import InputError
from qlatent.metrics.geometry.gap import gap

RNG = np.random.default_rng(0)
SQUARE = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])  # every corner is √2 from the middle


def test_means_three_spreads_apart_have_a_gap_of_three():
    assert gap(SQUARE, SQUARE + np.array([3 * np.sqrt(2.0), 0.0])) == pytest.approx(3.0)


def test_the_unit_is_the_mean_of_both_spreads():
    assert gap(SQUARE, 3.0 * SQUARE + np.array([0.0, 4.0])) == pytest.approx(4.0 / (2.0 * np.sqrt(2.0)))


def test_scale_rotation_and_a_common_shift_change_nothing():
    one, other = RNG.normal(size=(50, 5)), RNG.normal(size=(30, 5)) * 2.0 + 1.0
    turn = ortho_group.rvs(5, random_state=1)
    assert gap(7.0 * one @ turn + 3.0, 7.0 * other @ turn + 3.0) == pytest.approx(gap(one, other))


def test_equal_means_have_no_gap_and_no_spread_has_no_unit():
    assert gap(SQUARE, 5.0 * SQUARE) == pytest.approx(0.0)
    assert np.isnan(gap(np.zeros((3, 2)), np.ones((3, 2))))


def test_rows_that_are_not_finite_are_left_out():
    assert gap(np.concatenate([SQUARE, [[np.nan, 0.0]]]), SQUARE + 1.0) == pytest.approx(
        gap(SQUARE, SQUARE + 1.0)
    )
    assert np.isnan(gap(np.full((2, 2), np.nan), SQUARE))


def test_two_spaces_are_refused():
    with pytest.raises(InputError, match="2 and of 3 numbers"):
        gap(SQUARE, np.zeros((4, 3)))
