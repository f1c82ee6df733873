"""Memberships against umap-learn's own."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.layout import memberships
from qlatent.layout.neighbours import Neighbours, nearest, nearest_known
from tests.layout.blobs import blobs


def given(case: str) -> np.ndarray:
    """Points: in classes, with copies among them, or very few."""
    points, _ = blobs(60 if case != "few" else 4)
    if case == "copies":
        points[:30] = points[0]
    return points


def test_memberships_sum_to_the_logarithm_of_the_neighbours() -> None:
    near = nearest(blobs(80)[0], k=10, metric="euclidean")
    rho = near.distances[:, 1:].min(axis=1)
    sigma = memberships._widths(near.distances.astype(np.float64), rho.astype(np.float64))
    sums = np.exp(-np.maximum(near.distances[:, 1:] - rho[:, None], 0) / sigma[:, None]).sum(axis=1)
    np.testing.assert_allclose(sums, np.log2(10), atol=1e-4)


def test_a_graph_joins_points_if_one_belongs_to_the_other() -> None:
    near = Neighbours(
        np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0]], np.int32),
        np.array([[0, 1, 2], [0, 1, 1.5], [0, 1.5, 2]], np.float32),
    )
    found = memberships.graph(near).toarray()
    strengths = memberships._strengths(near.distances.astype(float), np.array([1.0, 1.0, 1.5]))
    a, b = strengths[0, 2], strengths[2, 2]  # of point 0 to point 2 and back
    assert found[0, 1] == 1.0 and found[0, 2] == pytest.approx(a + b - a * b, rel=1e-5)
    np.testing.assert_array_equal(found, found.T)
    assert not np.diag(found).any()


@pytest.mark.slow  # umap-learn compiles its own
@pytest.mark.parametrize("case", ["classes", "copies", "few"])
def test_graphs_are_those_of_umap_learn(case: str) -> None:
    from qlatent.layout.imported import umap_functions

    points = given(case)
    near = nearest(points, k=15, metric="euclidean")
    expected, _, _, apart = umap_functions().fuzzy_simplicial_set(
        near.rows, near.rows.shape[1], np.random.RandomState(0), "euclidean",
        knn_indices=near.rows, knn_dists=near.distances, return_dists=True,
    )  # fmt: skip
    np.testing.assert_allclose(memberships.graph(near).toarray(), expected.toarray(), atol=1e-4)
    np.testing.assert_allclose(memberships.along(near).toarray(), apart.toarray(), rtol=1e-6)


@pytest.mark.slow  # umap-learn compiles its own
@pytest.mark.parametrize("case", ["classes", "copies", "few"])
def test_new_points_belong_as_in_umap_learn(case: str) -> None:
    from qlatent.layout.imported import umap_functions

    functions, points = umap_functions(), given(case)
    near = nearest_known(np.concatenate([points[:3], blobs(9, seed=4)[0]]), points, k=15, metric="euclidean")
    k = near.rows.shape[1]
    sigmas, rhos = functions.smooth_knn_dist(near.distances, float(k), local_connectivity=0.0)
    rows, columns, values, _ = functions.compute_membership_strengths(
        near.rows, near.distances, sigmas, rhos, bipartite=True
    )
    expected = np.zeros((12, len(points)))
    np.add.at(expected, (rows, columns), values)
    np.testing.assert_allclose(memberships.to_known(near, len(points)).toarray(), expected, atol=1e-4)
