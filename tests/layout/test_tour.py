"""Tours of planes: orthonormal everywhere, shortest ways, and indices that rise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from qlatent.errors import InputError
from qlatent.layout import tour
from tests.layout.blobs import blobs


def assert_orthonormal(planes: np.ndarray) -> None:
    inner = np.einsum("pki,pkj->pij", planes, planes)
    np.testing.assert_allclose(inner, np.broadcast_to(np.eye(2), inner.shape), atol=1e-12)


def test_a_geodesic_leads_from_plane_to_plane_by_equal_turns() -> None:
    rng = np.random.default_rng(0)
    start, end = tour.random_plane(6, rng), tour.random_plane(6, rng)
    way = tour.geodesic(start, end)
    assert_orthonormal(way)
    np.testing.assert_allclose(way[0], start, atol=1e-12)
    assert subspace_angles(way[-1], end).max() < 1e-7
    turns = [np.linalg.norm(subspace_angles(a, b)) for a, b in pairwise(way)]
    length = np.linalg.norm(subspace_angles(start, end))  # the geodesic distance of two planes
    np.testing.assert_allclose(turns, length / len(turns), rtol=1e-5)
    assert max(turns) <= tour.TURN


def test_planes_that_share_a_direction_turn_only_the_other() -> None:
    start, end = np.eye(3, 2), np.eye(3)[:, [0, 2]]
    way = tour.geodesic(start, end, turn=np.pi / 8)
    half = way[2]
    np.testing.assert_allclose(np.abs(half[:, 0]), [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(np.abs(half[:, 1]), [0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-12)
    np.testing.assert_allclose(tour.geodesic(start, start), np.stack([start, start]), atol=1e-12)


def test_a_grand_tour_turns_a_little_at_a_time_and_returns_with_its_seed() -> None:
    way = tour.grand_tour(5, targets=4, seed=3)
    assert way.shape[1:] == (5, 2) and len(way) > 40
    assert_orthonormal(way)
    assert max(np.linalg.norm(subspace_angles(a, b)) for a, b in pairwise(way)) <= tour.TURN * 1.001
    assert (
        np.linalg.norm(np.diff(way, axis=0), axis=(1, 2)).max() < 2 * tour.TURN
    )  # no spinning within planes
    np.testing.assert_array_equal(way, tour.grand_tour(5, targets=4, seed=3))


def test_random_planes_favour_no_axis() -> None:
    rng = np.random.default_rng(0)
    share = np.mean([np.square(tour.random_plane(4, rng)).sum(axis=1) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(share, 0.5, atol=0.02)


def test_the_separating_plane_beats_every_plane_tried() -> None:
    rng = np.random.default_rng(1)
    points, classes = blobs(120, classes=3, width=6)
    points[:, 4:] *= 40.0  # noise in the directions of largest variance
    labels = classes.astype(str)
    index = tour.class_separation(labels)
    best = index(points @ tour.separating_plane(points, labels))
    tried = [index(points @ tour.random_plane(6, rng)) for _ in range(300)]
    assert best > max(tried) and best > 0.99


def test_class_separation_is_one_minus_wilks_lambda() -> None:
    points, classes = blobs(30, width=2)
    labels = classes.astype(str)
    within = sum(
        np.cov(points[classes == each].astype(np.float64).T, bias=True) * (classes == each).sum()
        for each in range(3)
    )
    total = np.cov(points.astype(np.float64).T, bias=True) * 30
    expected = 1 - np.linalg.det(within) / np.linalg.det(total)
    assert tour.class_separation(labels)(points.astype(np.float64)) == pytest.approx(expected, rel=1e-9)
    assert tour.class_separation(labels)(np.zeros((30, 2))) == 0.0


def test_a_guided_tour_climbs_and_ends_where_it_is_sent() -> None:
    points, classes = blobs(90, width=5)
    labels = classes.astype(str)
    index, end = tour.class_separation(labels), tour.separating_plane(points, labels)
    way = tour.guided_tour(points, index, end=end, seed=2)
    assert_orthonormal(way)
    assert index(points @ way[-1]) >= index(points @ way[0])
    assert subspace_angles(way[-1], end).max() < 1e-6
    climbed = tour.guided_tour(points, index, seed=2)
    assert index(points @ climbed[-1]) > index(points @ climbed[0])


def test_two_dimensions_have_no_tour() -> None:
    with pytest.raises(InputError, match="only one plane"):
        tour.grand_tour(2)
    with pytest.raises(InputError, match="right angles"):
        tour.geodesic(np.ones((3, 2)), np.eye(3, 2))
    with pytest.raises(InputError, match="between two planes"):
        tour.geodesic(np.eye(3, 2), np.eye(4, 2))
