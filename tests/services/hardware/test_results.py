"""Figures of a job's results against closed forms, and jobs on the same items."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.services.hardware import results
from qlatent.services.hardware.results import JobResults


def found(expectations: np.ndarray, exact: np.ndarray, *, labels: tuple[str, ...] = ()) -> JobResults:
    count = len(exact)
    return JobResults(
        "r1", tuple(f"i{place}" for place in range(count)), labels or ("",) * count, expectations,
        np.full(exact.shape, 0.01), expectations, exact, expectations, np.full(exact.shape, 0.01), exact, {},
    )  # fmt: skip


def test_slope_offset_and_bias_are_found_by_qubit() -> None:
    exact = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    lines = results.lines(found(exact * [0.8, 1.0] + [0.03, -0.1], exact))
    assert [each.slope for each in lines] == pytest.approx([0.8, 1.0])
    assert [each.offset for each in lines] == pytest.approx([0.03, -0.1])
    assert lines[0].bias == pytest.approx(0.03 - 0.2 * exact[:, 0].mean())
    assert lines[1].error == pytest.approx(0.1)
    constant = results.lines(found(np.full((3, 1), 0.5), np.full((3, 1), 0.6)))[0]
    assert np.isnan(constant.slope) and constant.bias == pytest.approx(-0.1)


def test_neighbours_are_those_of_the_simulator_or_others() -> None:
    exact = np.random.default_rng(1).normal(size=(200, 3))
    assert results.neighbour_overlap(exact, 0.7 * exact + 0.1) == 1.0  # shrunk and shifted, but alike
    assert results.neighbour_overlap(exact, exact[::-1]) < 0.2
    assert np.isnan(results.neighbour_overlap(exact[:2], exact[:2]))


def test_a_probe_tells_separable_classes_apart_and_says_nothing_about_few() -> None:
    rng = np.random.default_rng(2)
    labels = ("a", "b", "c") * 20
    centres = np.repeat([[0.0, 0.0]], 60, axis=0) + np.array([[0, 0], [5, 0], [0, 5]] * 20)
    confusion = results.probe(centres + rng.normal(size=(60, 2)) * 0.1, labels)
    assert confusion is not None and confusion.labels == ("a", "b", "c")
    np.testing.assert_array_equal(confusion.counts, np.diag([20, 20, 20]))
    assert results.probe(centres[:19], labels[:19]) is None
    assert results.probe(centres, ("a",) * 60) is None
    told = results.figures(found(centres * 0.5, centres, labels=labels))
    assert (told["probe_accuracy"], told["probe_accuracy_exact"]) == (1.0, 1.0)
    assert told["slope"] == pytest.approx(0.5)


def test_the_path_over_jobs_is_measured_on_the_items_that_all_have() -> None:
    exact = np.random.default_rng(3).normal(size=(30, 2))
    first, last = (
        found(exact + np.array([0.3, 0.0]), exact),
        found(exact[:20] * [1.0, 0.5] + [0.3, 0.4], exact[:20]),
    )
    one, two = results.path([first, last])
    assert one["items"] == two["items"] == 20
    assert (one["from_exact"], one["step"]) == pytest.approx((0.3, 0.3))
    moved = 0.4 - 0.5 * exact[:20, 1]  # along y, from the first job to the last
    assert two["step"] == pytest.approx(np.abs(moved).mean())
    assert two["from_exact"] == pytest.approx(np.hypot(0.3, moved).mean())
    assert two["slope"] == pytest.approx(0.75)
