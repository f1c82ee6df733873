"""Places as 16-bit integers: how far off they are, and what has no place."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.layout.quantised import NOWHERE, quantise


@pytest.mark.parametrize("axes", [2, 3])
def test_a_place_is_at_most_half_a_step_off(axes: int) -> None:
    places = np.random.default_rng(0).normal(size=(4, 500, axes)) * [1.0, 30.0, 1e-4][:axes]
    found = quantise(places)
    assert found.values.shape == places.shape and found.values.dtype == np.int16
    for frame in range(4):
        error = np.abs(found.low + found.step * (found.values[frame].astype(float) + 32768) - places[frame])
        assert (error <= found.step * 0.5001).all()
        np.testing.assert_array_equal(
            found.coordinates(frame), found.low + found.step * (found.values[frame] + 32768.0)
        )


def test_the_range_of_all_frames_is_used() -> None:
    found = quantise([[[0, 0], [1, 1]], [[0, 0], [10, 2]]])
    assert found.values.min() == -32767 and found.values.max() == 32767
    assert found.values[0, 1, 0] == pytest.approx(-32767 + 65534 / 10, abs=1)


def test_a_point_with_nan_or_infinity_has_no_place_in_that_frame_alone() -> None:
    found = quantise([[[0, 0], [np.nan, 1], [2, 2]], [[0, 0], [1, 1], [np.inf, 2]]])
    assert (found.values[0, 1] == NOWHERE).all() and (found.values[1, 2] == NOWHERE).all()
    assert found.placed(0).tolist() == [True, False, True]
    assert np.isnan(found.coordinates(0)[1]).all() and not np.isnan(found.coordinates(1)[1]).any()


def test_equal_points_and_points_without_any_place_are_quantised() -> None:
    same = quantise(np.full((7, 2), 3.5))
    assert (same.values == 0).all()
    np.testing.assert_allclose(same.coordinates(0), 3.5)
    assert not quantise(np.full((3, 2), np.nan)).placed(0).any()
    assert quantise(np.empty((0, 2))).values.shape == (1, 0, 2)


def test_a_camera_shows_points_where_its_matrix_says() -> None:
    found = quantise(np.random.default_rng(1).normal(size=(20, 3)))
    matrix = np.array([[0.1, 0.2, 0.3, 5.0], [-0.1, 0.0, 0.4, 7.0]])
    expected = [
        [sum(row[i] * float(place[i]) for i in range(3)) + row[3] for row in matrix]
        for place in found.values[0]
    ]
    np.testing.assert_allclose(found.projected(0, matrix), expected)


def test_the_hash_tells_one_content_from_another() -> None:
    places = np.random.default_rng(2).normal(size=(9, 2))
    assert quantise(places).digest == quantise(places.copy()).digest
    assert (
        len(
            {
                quantise(each).digest
                for each in (places, places * 2, places[:, ::-1], places[None].repeat(2, 0))
            }
        )
        == 4
    )


def test_places_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(5, 4\); expected"):
        quantise(np.zeros((5, 4)))
