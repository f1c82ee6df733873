"""Clusters of places, what belongs to none, and the points that stand for them."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import ConfigError
from qlatent.layout import clusters as module
from qlatent.layout.clusters import centres, clusters
from tests.layout.blobs import blobs


def scattered() -> tuple[np.ndarray, np.ndarray]:
    """Three dense classes on a plane, and 15 points far from them and from each other."""
    rng = np.random.default_rng(7)
    classes = np.arange(150) % 3
    points = np.array([[0.0, 0.0], [60.0, 0.0], [0.0, 60.0]])[classes] + rng.normal(size=(150, 2))
    around = np.linspace(0.0, 2 * np.pi, 15, endpoint=False)
    return np.concatenate([points, 400.0 * np.column_stack([np.cos(around), np.sin(around)])]), classes


def test_each_class_is_a_cluster_and_scattered_points_are_noise() -> None:
    places, classes = scattered()
    found = clusters(places, smallest=20)
    assert found.count == 3
    assert found.noise == pytest.approx((found.numbers < 0).mean()) and found.noise >= 15 / 165
    for number in range(3):
        rows = found.members(number)
        assert len(set(classes[rows[rows < 150]])) == 1
    sizes = [len(found.members(number)) for number in range(3)]
    assert sizes == sorted(sizes, reverse=True)


def test_the_largest_cluster_comes_first() -> None:
    places, classes = scattered()
    fewer = np.flatnonzero((classes == 1) | (np.arange(150) < 90))  # 50 of class 1, 30 of the others
    found = clusters(places[fewer], smallest=15)
    assert set(classes[fewer][found.members(0)]) == {1}


def test_noise_joins_the_nearest_cluster_when_asked() -> None:
    places, _ = scattered()
    bare, filled = clusters(places, smallest=20), clusters(places, smallest=20, fill=True)
    assert filled.noise == bare.noise
    inside = np.flatnonzero(bare.numbers >= 0)
    for row in np.flatnonzero(bare.numbers < 0):
        nearest = inside[np.linalg.norm(places[inside] - places[row], axis=1).argmin()]
        assert filled.numbers[row] == bare.numbers[nearest]


def test_many_points_are_clustered_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    places, classes = scattered()
    places = places[:150]
    monkeypatch.setattr(module, "SAMPLED", 100)
    found = clusters(places, smallest=24)
    assert found.count == 3 and found.noise < 0.2
    kept = found.numbers >= 0
    assert len(set(zip(found.numbers[kept], classes[kept], strict=True))) == 3


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_few_points_are_noise(count: int) -> None:
    found = clusters(np.zeros((count, 2)))
    assert found.count == 0 and found.numbers.tolist() == [-1] * count
    assert found.noise == (1.0 if count else 0.0)
    with pytest.raises(ConfigError, match="at least 2 points"):
        clusters(np.zeros((9, 2)), smallest=1)


def test_equal_points_are_one_cluster_or_none() -> None:
    assert clusters(np.zeros((30, 2))).count <= 1


def test_the_centre_has_the_least_squared_distance_to_its_cluster() -> None:
    points, classes = blobs(60)
    apart = np.square(points[:, None] - points[None]).sum(axis=2)
    expected = [
        rows[apart[np.ix_(rows, rows)].sum(axis=1).argmin()]
        for rows in (np.flatnonzero(classes == c) for c in range(3))
    ]
    assert centres(points, classes).tolist() == expected
    assert centres(points, np.full(60, -1)).tolist() == []
