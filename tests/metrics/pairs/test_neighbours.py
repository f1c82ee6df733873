"""Neighbours against scikit-learn, overlap against a loop over sets, chance against unrelated maps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from qlatent.errors import InputError
from qlatent.metrics.pairs import neighbours
from qlatent.metrics.pairs.distances import pairwise


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(150, 6))
    return before, before[:, :2] + 0.1 * rng.normal(size=(150, 2))


def reference(points, k):
    """k nearest neighbours by scikit-learn."""
    return NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)


@pytest.mark.parametrize("k", [1, 10, 149])
def test_nearest_equals_scikit_learn(maps, k):
    np.testing.assert_array_equal(neighbours.nearest(pairwise(maps[0]), k), reference(maps[0], k))


@pytest.mark.parametrize("k", [1, 10])
def test_overlap_is_the_mean_share_of_common_neighbours(maps, k):
    before, after = (reference(points, k) for points in maps)
    wanted = np.mean([len(set(a) & set(b)) / k for a, b in zip(before, after, strict=True)])
    assert neighbours.overlap(*(pairwise(points) for points in maps), k=k) == pytest.approx(wanted)


def test_overlap_of_a_map_with_itself_is_one_even_when_all_points_coincide():
    assert neighbours.overlap(np.zeros((20, 20)), np.zeros((20, 20))) == 1.0


def test_equally_distant_points_come_in_their_order():
    line = np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0)))
    np.testing.assert_array_equal(neighbours.nearest(line, 2)[2], [1, 3])


def test_chance_is_the_expected_overlap_of_unrelated_maps():
    rng = np.random.default_rng(1)
    scores = [
        neighbours.overlap(pairwise(rng.normal(size=(80, 4))), pairwise(rng.normal(size=(80, 4))))
        for _ in range(40)
    ]
    error = np.std(scores) / np.sqrt(len(scores))
    assert abs(np.mean(scores) - neighbours.chance(80, 10)) < 4 * error
    assert neighbours.chance(80, 10) == 10 / 79


@pytest.mark.parametrize("k", [0, 5])
def test_more_neighbours_than_points_are_refused(k):
    with pytest.raises(InputError, match=f"{k} neighbours of 5 points"):
        neighbours.nearest(np.zeros((5, 5)), k)
