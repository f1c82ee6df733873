"""Columns as colours: ramps over a fixed range, and classes."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.ui.latent_map.point_map import classes, ramp


def test_a_ramp_runs_over_its_span_and_marks_what_has_no_value() -> None:
    found = ramp([0.0, 5.0, 10.0, 20.0, -3.0, np.nan, np.inf], label="price", span=(0, 10))
    assert found.codes.tolist() == [0, 127, 254, 254, 0, 255, 255]
    assert (found.low, found.high, found.codes.dtype) == (0.0, 10.0, np.uint8)


def test_a_ramp_without_a_span_leaves_out_a_hundredth_at_each_end() -> None:
    values = np.arange(1001.0)
    found = ramp(values, label="price")
    assert (found.low, found.high) == (10.0, 990.0)
    assert ramp([np.nan], label="price").codes.tolist() == [255]
    assert ramp([4.0, 4.0], label="price").codes.tolist() == [0, 0]


def test_classes_are_numbered_by_name_and_what_is_empty_has_no_value() -> None:
    found = classes(["tea", "", None, "rice", float("nan"), 7, "tea"], label="kind")
    assert list(found.names) == ["7", "rice", "tea", "no value"]
    assert found.codes.tolist() == [2, 3, 3, 1, 3, 0, 2]
    assert found.missing == 3
    assert classes(["a", "b"], label="kind").missing is None


def test_more_than_256_classes_take_two_bytes() -> None:
    names = [f"{number:04d}" for number in range(300)]
    found = classes(names, label="kind")
    assert found.codes.dtype == np.uint16 and found.codes.tolist() == list(range(300))
    with pytest.raises(InputError, match="70,000 different values"):
        classes([str(number) for number in range(70_000)], label="key")


def test_own_colours_are_given_by_name() -> None:
    found = classes(["a", "b", "a"], label="kind", colours={"a": "#112233"})
    assert list(found.colours or ()) == ["#112233", "#9a9a9a"]
