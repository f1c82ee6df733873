"""Neighbours of single points against loops over sets, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier

from qlatent.errors import InputError
from qlatent.metrics.geometry import point_neighbours
from qlatent.metrics.geometry.point_neighbours import (
    labelled_sample,
    nearest_points,
    neighbour_accuracy,
    neighbourhood_change,
)

RNG = np.random.default_rng(0)


def oracle(points, k):
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1)[:, :k]


@pytest.mark.parametrize("dimensions", [2, 20])
def test_neighbours_are_those_of_all_distances(dimensions):
    points = RNG.normal(size=(120, dimensions))
    np.testing.assert_array_equal(nearest_points(points, 7), oracle(points, 7))


def test_many_points_of_many_dimensions_are_searched_in_blocks(monkeypatch):
    monkeypatch.setattr(point_neighbours, "FEW", 50)
    points = RNG.normal(size=(120, 20))
    np.testing.assert_array_equal(nearest_points(points, 7), oracle(points, 7))


@pytest.mark.parametrize("dimensions", [2, 20])
def test_a_point_is_never_its_own_neighbour_even_among_identical_ones(dimensions):
    found = nearest_points(np.zeros((30, dimensions)), 4)
    assert not (found == np.arange(30)[:, None]).any()
    assert all(len(set(row)) == 4 for row in found)


def test_change_is_the_share_of_neighbours_that_left():
    before, after = RNG.normal(size=(60, 3)), RNG.normal(size=(60, 12))
    wanted = [
        1 - len(set(one) & set(other)) / 5
        for one, other in zip(oracle(before, 5), oracle(after, 5), strict=True)
    ]
    np.testing.assert_allclose(neighbourhood_change(before, after, k=5), wanted)


def test_moving_and_turning_the_whole_cloud_changes_no_neighbourhood():
    points = RNG.normal(size=(60, 2))
    np.testing.assert_array_equal(neighbourhood_change(points, 3.0 * points[:, ::-1] + 5.0), np.zeros(60))


def test_points_that_are_not_finite_have_no_change_and_are_nobodys_neighbour():
    before, after = RNG.normal(size=(2, 40, 3))
    wanted = neighbourhood_change(before[2:], after[2:])
    before[0], after[1] = np.nan, np.inf
    got = neighbourhood_change(before, after)
    assert np.isnan(got[:2]).all()
    np.testing.assert_array_equal(got[2:], wanted)


def test_few_points_have_fewer_neighbours_and_one_has_none():
    np.testing.assert_array_equal(neighbourhood_change(np.eye(3), np.eye(3)[::-1]), np.zeros(3))
    assert np.isnan(neighbourhood_change(np.zeros((1, 2)), np.zeros((1, 2)))).all()


def test_accuracy_is_the_mean_share_of_neighbours_with_the_own_label():
    points, labels = RNG.normal(size=(80, 4)), RNG.integers(0, 3, size=80)
    wanted = np.mean(
        [np.mean(labels[row] == own) for row, own in zip(oracle(points, 10), labels, strict=True)]
    )
    assert neighbour_accuracy(points, labels) == pytest.approx(wanted)


def test_accuracy_with_one_neighbour_is_that_of_the_leave_one_out_classifier():
    points, labels = RNG.normal(size=(40, 2)), RNG.integers(0, 2, size=40)
    hits = []
    for place in range(40):
        rest = np.delete(np.arange(40), place)
        model = KNeighborsClassifier(1).fit(points[rest], labels[rest])
        hits.append(model.predict(points[place : place + 1])[0] == labels[place])
    assert neighbour_accuracy(points, labels, k=1) == pytest.approx(np.mean(hits))


def test_accuracy_leaves_out_what_is_not_finite_and_needs_two_points():
    points, labels = np.array([[0.0], [1.0], [np.nan]]), np.array(["a", "a", "b"])
    assert neighbour_accuracy(points, labels) == 1.0
    assert np.isnan(neighbour_accuracy(points[1:], labels[1:]))


def test_only_labelled_points_are_sampled_evenly():
    labels = ["a", "", None, "b"] * 5
    np.testing.assert_array_equal(labelled_sample(labels)[:4], [0, 3, 4, 7])
    assert len(labelled_sample(labels, most=3)) == 3
    assert len(labelled_sample(["", None])) == 0


def test_what_has_no_neighbours_is_refused():
    with pytest.raises(InputError, match="3 neighbours of 3 points"):
        nearest_points(np.zeros((3, 2)), 3)
    with pytest.raises(InputError, match="finite numbers"):
        nearest_points(np.full((3, 2), np.nan), 1)
    with pytest.raises(InputError, match="2 points before and 3 after"):
        neighbourhood_change(np.zeros((2, 2)), np.zeros((3, 2)))
