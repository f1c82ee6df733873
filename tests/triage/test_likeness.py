"""Likeness: against all pairs written out, with items that have no point."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from qlatent.triage import likeness


@pytest.mark.parametrize("sellers", [0, 3])
def test_all_are_compared_as_written_out(monkeypatch: pytest.MonkeyPatch, sellers: int) -> None:
    rng = np.random.default_rng(0)
    seller = rng.integers(-1, sellers, size=40)  # -1 is unknown: somebody else for everybody
    points = rng.normal(size=(40, 5)).astype(np.float32)
    points[7] = points[3] * 1.0001
    points[9] = np.nan
    age = rng.integers(0, 8, size=40).astype(np.float64)
    monkeypatch.setattr(likeness, "_NUMBERS", 40 * 6)  # seven blocks
    found = likeness.compared(points, age, seller=seller if sellers else None, near=4)
    ways = likeness.directions(points)
    alike = ways.astype(np.float64) @ ways.T
    there = [row for row in range(40) if row != 9]
    for row in there:
        others = [each for each in there if each != row]
        before = [each for each in others if (age[each], each) < (age[row], row)]
        before = [each for each in before if seller[row] < 0 or seller[each] != seller[row]]
        assert found.earlier[row] == pytest.approx(
            max((alike[row, each] for each in before), default=np.nan), nan_ok=True
        )
        assert found.group[row] == sum(alike[row, each] >= 0.95 for each in there)
        assert found.near[row].tolist() == sorted(others, key=lambda each: -alike[row, each])[:4]
    assert np.isnan([found.earlier[9], found.group[9]]).all()
    assert (found.near[9] == -1).all()
    assert found.group[3] == 2


def test_directions_are_about_the_mean() -> None:
    found = likeness.directions([[1.0, 0], [3, 0], [np.nan, 1], [2, 0]])
    assert_allclose(found, [[-1, 0], [1, 0], [0, 0], [0, 0]])


def test_likeness_to_some_rows_is_the_largest_cosine() -> None:
    points = np.random.default_rng(0).normal(size=(30, 4))
    points[5] = np.nan
    ways = likeness.directions(points)
    found = likeness.to_any(points, [2, 5, 8])
    assert_allclose(np.delete(found, 5), np.delete((ways @ ways[[2, 8]].T).max(axis=1), 5), rtol=1e-6)
    assert np.isnan(found[5])
    assert np.isnan(likeness.to_any(points, [])).all()
    assert np.isnan(likeness.to_any(points, [5])).all()


def test_a_price_is_unusual_by_its_logarithm() -> None:
    near = np.array([[1, 2], [0, 2], [0, 1], [0, 1]])
    found = likeness.unusual([10.0, 10.0, np.nan, 100.0], near)
    assert_allclose(found, [0, 0, np.nan, np.log(10)])
    signed = likeness.unusual([-1.0, 3.0, 5.0, 5.0], near)
    assert_allclose(signed, [5, 1, 4, 4])
    assert np.isnan(likeness.unusual([1.0], np.empty((1, 0), dtype=np.int64))).all()


class Given:
    """Texts with known distances."""

    def __init__(self, distances: np.ndarray) -> None:
        self.all = distances

    def __len__(self) -> int:
        return len(self.all)

    def distances(self, start: int, stop: int, begin: int) -> np.ndarray:
        return self.all[start:stop, begin:]


@pytest.mark.parametrize("sellers", [0, 4])
def test_repeats_are_as_written_out(monkeypatch: pytest.MonkeyPatch, sellers: int) -> None:
    rng = np.random.default_rng(0)
    half = np.triu(rng.random((25, 25)), 1)
    alike, age = half + half.T, rng.integers(0, 6, size=25).astype(np.float64)
    seller = rng.integers(-1, sellers, size=25)
    monkeypatch.setattr(likeness, "_NUMBERS", 25 * 4)  # seven blocks
    found = likeness.repeats(Given(1 - alike), age, seller=seller if sellers else None)
    others = {
        row: [each for each in range(25) if each != row and (seller[row] < 0 or seller[each] != seller[row])]
        for row in range(25)
    }
    for row in range(25):
        before = [each for each in others[row] if (age[each], each) < (age[row], row)]
        if not before:
            assert np.isnan([found.earlier[row], found.lead[row]]).all()
            continue
        source = max(before, key=lambda each: alike[row, each])
        rival = max(alike[source, each] for each in others[source] if each != row)
        assert found.earlier[row] == pytest.approx(alike[row, source], abs=1e-6)
        assert found.lead[row] == pytest.approx(alike[row, source] - rival, abs=1e-6)


def test_of_two_texts_the_later_one_repeats_the_earlier() -> None:
    found = likeness.repeats(Given(np.array([[0.0, 0.3], [0.3, 0.0]])), [2.0, 1.0])
    np.testing.assert_allclose([found.earlier, found.lead], [[0.7, np.nan], [0.7, np.nan]], atol=1e-6)
    assert np.isnan(likeness.repeats(Given(np.zeros((1, 1))), [0.0]).earlier).all()


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_items(count: int) -> None:
    found = likeness.compared(np.eye(count, 2), np.arange(count))
    assert found.near.shape == (count, count - 1)
    assert np.isnan(found.earlier[0])
