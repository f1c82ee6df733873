"""Distances and ranks against scipy, and cases in which fast formulas lose precision."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import spearmanr

from qlatent.errors import InputError
from qlatent.metrics.pairs import distances


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pairwise_equals_scipy_on_more_rows_than_one_block(metric, dtype):
    x = np.random.default_rng(0).normal(size=(distances.BLOCK + 77, 5)).astype(dtype)
    wanted = cdist(x.astype(np.float64), x.astype(np.float64), metric)
    np.fill_diagonal(wanted, 0.0)
    np.testing.assert_allclose(distances.pairwise(x, metric), wanted, rtol=1e-9, atol=1e-12)


def test_pairwise_keeps_its_digits_far_from_the_origin_and_between_twins():
    rng = np.random.default_rng(1)
    x = 1e6 + rng.normal(size=(60, 8))
    x[1] = x[0] + 1e-4  # 1e-8 of the squared spread: lost to cancellation in |a|² + |b|² − 2ab
    x[2] = x[0]
    wanted = squareform(pdist(x))
    got = distances.pairwise(x)
    np.testing.assert_allclose(got, wanted, rtol=1e-7)
    assert got[0, 2] == 0.0


def test_pairwise_is_symmetric_to_the_last_bit():
    got = distances.pairwise(np.random.default_rng(2).normal(size=(300, 33)))
    assert (got == got.T).all()
    assert (np.diag(got) == 0).all()


def test_cosine_of_a_zero_vector_is_one_to_others():
    got = distances.pairwise([[0.0, 0.0], [1.0, 0.0], [-2.0, 0.0]], "cosine")
    np.testing.assert_allclose(got, [[0, 1, 1], [1, 0, 2], [1, 2, 0]], atol=1e-15)


def test_spearman_equals_scipy_with_ties():
    rng = np.random.default_rng(3)
    dx = squareform(rng.integers(0, 20, size=45).astype(float))
    dz = squareform(rng.integers(0, 6, size=45).astype(float))
    wanted = spearmanr(squareform(dx), squareform(dz)).statistic
    assert distances.spearman(dx, dz) == pytest.approx(wanted, abs=1e-12)


def test_spearman_is_one_for_a_monotone_change_and_nan_where_nothing_can_be_ranked():
    dx = distances.pairwise(np.random.default_rng(4).normal(size=(20, 3)))
    assert distances.spearman(dx, dx**3) == pytest.approx(1.0)
    assert np.isnan(distances.spearman(dx, np.ones_like(dx)))
    assert np.isnan(distances.spearman(dx[:2, :2], dx[:2, :2]))


def test_condensed_has_the_order_of_scipy():
    x = np.random.default_rng(5).normal(size=(9, 4))
    np.testing.assert_allclose(distances.condensed(distances.pairwise(x)), pdist(x))


def test_pair_error_is_the_mean_absolute_difference():
    assert distances.pair_error([1.0, 2.0, 0.5], [1.5, 1.0, 0.5]) == pytest.approx(0.5)
    assert np.isnan(distances.pair_error([], []))


def test_matched_distances_are_row_by_row():
    np.testing.assert_allclose(distances.matched([[0, 0], [1, 1]], [[3, 4], [1, 1]]), [5.0, 0.0])


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "log_fidelity"])
def test_matched_distances_are_the_diagonal_of_all_distances(metric):
    a, b = np.random.default_rng(2).uniform(-1, 1, size=(2, 30, 70))
    a[0], b[1], a[2] = 0.0, a[1], 1.0
    b[2] = -1.0  # orthogonal states
    got = distances.matched(a, b, metric=metric)
    np.testing.assert_allclose(got, np.diag(distances.between(a, b, metric)), rtol=1e-12, atol=1e-12)
    assert got[1] == pytest.approx(0.0, abs=1e-12)


def test_rows_that_cannot_be_matched_are_refused():
    with pytest.raises(InputError, match=r"shape \(2, 3\) and \(1, 3\) cannot be matched"):
        distances.matched(np.zeros((2, 3)), np.zeros((1, 3)))
    with pytest.raises(InputError, match="no distance called 'manhattan'"):
        distances.matched(np.zeros((2, 3)), np.zeros((2, 3)), metric="manhattan")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(3), r"shape \(n, d\)"),
        (np.array([[np.nan, 1.0]]), "finite"),
        (np.array([[np.inf]]), "finite"),
    ],
)
def test_arrays_that_have_no_distances_are_refused(x, message):
    with pytest.raises(InputError, match=message):
        distances.pairwise(x)


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="'euclidean' or 'cosine'"):
        distances.pairwise(np.eye(3), "manhattan")  # type: ignore[arg-type]


def slow_log_fidelity(a, b):
    """Minus the log of the product of clamped factors, by its formula."""
    terms = a[:, None] * b[None] + np.sqrt((1 - a**2)[:, None] * (1 - b**2)[None])
    return -np.log(np.prod(np.maximum((1 + terms) / 2, 1e-12), axis=2))


def test_log_fidelity_equals_the_product_form():
    rng = np.random.default_rng(6)
    a, b = rng.uniform(-1, 1, size=(40, 5)), rng.uniform(-1, 1, size=(30, 5))
    np.testing.assert_allclose(distances.between(a, b, "log_fidelity"), slow_log_fidelity(a, b), atol=1e-10)
    got = distances.pairwise(a, "log_fidelity")
    np.testing.assert_allclose(got, slow_log_fidelity(a, a), atol=1e-10)
    assert (np.diag(got) == 0).all()


def test_orthogonal_states_have_finite_distances_at_any_width():
    ends = np.array([np.ones(100), -np.ones(100)])
    assert distances.pairwise(ends, "log_fidelity")[0, 1] == pytest.approx(-100 * np.log(1e-12))


def test_values_that_are_no_expectations_have_no_fidelity():
    with pytest.raises(InputError, match=r"between -1 and 1; got 1\.5"):
        distances.pairwise([[0.0], [1.5]], "log_fidelity")
    assert distances.pairwise([[1.0 + 1e-7], [1.0]], "log_fidelity")[0, 1] == 0.0


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_between_equals_scipy(metric):
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(distances.BLOCK + 30, 4)) + 9.0, rng.normal(size=(20, 4)) + 9.0
    b[3] = a[5]
    np.testing.assert_allclose(distances.between(a, b, metric), cdist(a, b, metric), rtol=1e-9, atol=1e-12)


def test_rows_of_different_width_and_a_distance_of_the_wrong_shape_are_refused():
    with pytest.raises(InputError, match="3 and of 4 numbers"):
        distances.between(np.eye(3), np.eye(4))
    with pytest.raises(InputError, match=r"gave shape \(3,\)"):
        distances.pairwise(np.eye(3), lambda a, b: a[:, 0])


def test_a_callable_distance_is_made_symmetric():
    got = distances.pairwise([[0.0], [1.0]], lambda a, b: np.maximum(b.T - a, 0.5))
    np.testing.assert_array_equal(got, [[0.0, 0.5], [0.5, 0.0]])
