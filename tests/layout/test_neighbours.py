"""Neighbours against distances written out here, and what copies of a point do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import InputError
from qlatent.layout import neighbours
from tests.layout.blobs import blobs


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_neighbours_are_the_nearest_by_the_metric(metric: str) -> None:
    points, _ = blobs(60)
    apart = cdist(points.astype(np.float64), points.astype(np.float64), metric)
    np.fill_diagonal(apart, -1.0)
    order = np.argsort(apart, axis=1)[:, :7]
    found = neighbours.nearest(points, k=7, metric=metric)
    np.testing.assert_array_equal(found.rows, order)
    np.fill_diagonal(apart, 0.0)
    np.testing.assert_allclose(
        found.distances, np.take_along_axis(apart, order, axis=1), rtol=2e-3, atol=1e-6
    )


def test_each_point_comes_first_among_its_copies() -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    found = neighbours.nearest(points, k=5)
    np.testing.assert_array_equal(found.rows[:, 0], np.arange(60))
    assert all(len(set(row)) == 5 for row in found.rows.tolist())
    assert found.distances.max() < 1e-6


def test_fewer_points_than_neighbours_are_all_neighbours() -> None:
    found = neighbours.nearest(np.eye(3, dtype=np.float32), k=15)
    assert found.rows.shape == (3, 3)
    assert [sorted(row) for row in found.rows.tolist()] == [[0, 1, 2]] * 3


def test_new_points_find_the_known_ones() -> None:
    points, _ = blobs(40)
    found = neighbours.nearest_known(points[:5] * 2.0, points, k=3)
    np.testing.assert_array_equal(found.rows[:, 0], np.arange(5))  # the cosine does not see the length
    with pytest.raises(InputError, match="New points of 3 numbers do not fit"):
        neighbours.nearest_known(np.ones((2, 3)), points, k=3)


def test_progress_is_told_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    points, _ = blobs(100)
    whole = neighbours.nearest(points, k=4)
    monkeypatch.setattr(neighbours, "BLOCK", 40)
    told: list[tuple[int, int | None]] = []
    found = neighbours.nearest(points, k=4, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 100), (40, 100), (80, 100)]
    np.testing.assert_array_equal(found.rows, whole.rows)


def test_what_has_no_distance_is_refused() -> None:
    with pytest.raises(InputError, match="finite points of shape"):
        neighbours.nearest(np.full((3, 2), np.nan), k=2)
    with pytest.raises(InputError, match="no distance called 'taxi'"):
        neighbours.nearest(np.ones((3, 2)), k=2, metric="taxi")
