"""Views on which the norm can be read off."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.layout.norm_view import lines, norm_view

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_distance_from_the_middle_is_the_norm_and_the_direction_stays(dimensions: int) -> None:
    places = RNG.normal(size=(2, 50, dimensions)) + 2.0
    norms = RNG.uniform(1.0, 9.0, size=(2, 50))
    found, length = norm_view({"text": places}, {"text": norms, "image": norms}, "radius")
    assert length == 1.0 and set(found) == {"text"}
    np.testing.assert_allclose(np.linalg.norm(found["text"], axis=2), norms, rtol=1e-5)
    cosines = (found["text"] * places).sum(axis=2) / norms / np.linalg.norm(places, axis=2)
    np.testing.assert_allclose(cosines, 1.0, rtol=1e-5)


def test_the_last_coordinate_is_the_norm_stretched_to_the_map() -> None:
    places, norms = {"image": RNG.normal(size=(1, 500, 3))}, {"image": RNG.uniform(10.0, 10.5, size=(1, 500))}
    found, length = norm_view(places, norms, "axis")
    np.testing.assert_allclose(found["image"][..., 2] / length, norms["image"], rtol=1e-5)
    np.testing.assert_allclose(found["image"][..., :2], places["image"][..., :2], rtol=1e-6)
    tails = [np.diff(np.quantile(each, (0.01, 0.99)))[0] for each in found["image"][0].T]
    assert tails[2] / tails[0] == pytest.approx(0.6, rel=1e-3)


def test_norms_that_differ_by_rounding_are_not_stretched() -> None:
    norms = {"image": 1.0 + RNG.uniform(-1e-7, 1e-7, size=(1, 40))}
    assert norm_view({"image": RNG.normal(size=(1, 40, 2))}, norms, "axis")[1] == 1.0
    assert lines(norms) == [pytest.approx(1.0)]


def test_a_point_in_the_middle_keeps_its_norm_and_one_without_numbers_has_no_place() -> None:
    places = np.array([[[0.0, 0.0], [np.nan, np.nan], [0.0, 0.0]]])
    norms = np.array([[4.0, np.nan, 0.0]])
    for view in ("radius", "axis"):
        found, length = norm_view({"text": places}, {"text": norms}, view)
        assert np.isnan(found["text"][0, 1]).all()
        expected = [4.0, 0.0] if view == "radius" else [0.0, 4.0 * length]
        np.testing.assert_allclose(found["text"][0, [0, 2]], [expected, [0.0, 0.0]], atol=1e-6)
    with pytest.raises(InputError, match="no norm view"):
        norm_view({}, {}, "length")  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high", "expected"), [
    (0.0, 1.0, [0.2, 0.4, 0.6, 0.8, 1.0]), (9.71, 11.02, [10.0, 10.5, 11.0]), (0.0, 0.0, []),
])  # fmt: skip
def test_rings_stand_at_round_norms(low: float, high: float, expected: list[float]) -> None:
    assert lines({"image": np.repeat([low, high], 50)[None]}) == pytest.approx(expected)
    assert lines({"image": np.full((1, 3), np.nan)}) == []
