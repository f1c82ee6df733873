"""Co-ranking curves against loops over sets of neighbours at every k."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry.coranking import co_ranking, co_ranking_auc
from qlatent.metrics.pairs.point_set import rank_matrix


@pytest.fixture
def comparison():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(40, 5))
    return Comparison({"vector": before}, {"vector": before[:, :2]})


def slow_q(comparison):
    """Q_NX(k), k = 1 … n-1, by intersecting sets."""
    orders = [
        np.argsort(side.distances, axis=1, kind="stable")[:, 1:]
        for side in (comparison.before.geometry, comparison.after)
    ]
    n = len(orders[0])
    return np.array(
        [
            np.mean([len(set(a[:k]) & set(b[:k])) / k for a, b in zip(*orders, strict=True)])
            for k in range(1, n)
        ]
    )


def test_q_and_r_are_the_overlap_at_every_k(comparison):
    got, q, k = co_ranking(comparison), slow_q(comparison), np.arange(1, 40)
    np.testing.assert_allclose(got.q, q)
    np.testing.assert_allclose(got.r[:-1], (39 * q[:-1] - k[:-1]) / (39 - k[:-1]))
    assert np.isnan(got.r[-1])


def test_local_ends_where_the_gain_over_chance_is_largest(comparison):
    got, q = co_ranking(comparison), slow_q(comparison)
    k_max = 1 + int(np.argmax(q - np.arange(1, 40) / 39))
    assert got.k_max == k_max
    assert got.q_local == pytest.approx(q[:k_max].mean())
    assert got.q_global == pytest.approx(q[k_max - 1 :].mean())


def test_the_area_weighs_each_k_by_its_inverse(comparison):
    r, k = co_ranking(comparison).r[:-1], np.arange(1, 39)
    figure = co_ranking_auc(comparison)
    assert figure.value == pytest.approx((r / k).sum() / (1 / k).sum())
    assert figure.low < figure.value < figure.high


def test_the_same_map_scores_one_and_unrelated_maps_about_zero():
    rng = np.random.default_rng(1)
    before = rng.normal(size=(200, 4))
    same = Comparison({"vector": before}, {"vector": 3.0 * before})
    other = Comparison({"vector": before}, {"vector": rng.normal(size=(200, 4))})
    assert co_ranking_auc(same).value == pytest.approx(1.0)
    assert abs(co_ranking_auc(other).value) < 0.02


def test_ranks_start_with_the_point_itself_and_break_ties_by_number():
    line = np.abs(np.subtract.outer([0.0, 1.0, 2.0, 1.0], [0.0, 1.0, 2.0, 1.0]))
    np.testing.assert_array_equal(rank_matrix(line), [[0, 1, 3, 2], [2, 0, 3, 1], [3, 1, 0, 2], [2, 1, 3, 0]])
