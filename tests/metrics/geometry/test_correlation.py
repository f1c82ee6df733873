"""Rank correlations of distances against scipy and zadu, and their intervals against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, spearmanr
from zadu.measures import spearman_rho

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import correlation
from qlatent.metrics.pairs import distances


def joint(arrays):
    return np.concatenate(list(arrays.values()))


def test_spearman_is_over_all_pairs_of_the_joint_set(compared):
    comparison = compared(50)
    before, after = joint(comparison.before.inputs), joint(comparison.latents)
    got = correlation.spearman(comparison)
    assert got.value == pytest.approx(spearman_rho.measure(before, after)["spearman_rho"], abs=1e-12)
    assert got.value == pytest.approx(
        distances.spearman(distances.pairwise(before), distances.pairwise(after)), abs=1e-12
    )
    assert got.low < got.value < got.high


def test_the_interval_of_two_modalities_is_that_of_resampled_items(compared):
    comparison = compared(60)
    dx, dz = comparison.before.geometry.distances, comparison.after.distances
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        items = rng.integers(0, 60, 60)
        points = np.concatenate([items, items + 60])
        i, j = (points[side] for side in np.triu_indices(120, 1))
        found.append(spearmanr(dx[i, j][i != j], dz[i, j][i != j]).statistic)
    low, high = np.quantile(found, [0.025, 0.975])
    got = correlation.spearman(comparison)
    assert got.high - got.low == pytest.approx(high - low, rel=0.15)


def test_kendall_equals_scipy_and_reports_its_sample(compared):
    comparison = compared(50)
    got = correlation.kendall(comparison)
    wanted = kendalltau(pdist(joint(comparison.before.inputs)), pdist(joint(comparison.latents))).statistic
    assert got.value == pytest.approx(wanted)
    assert got.low < got.value < got.high
    assert got.sampled == "all 50 items (100 points)"
    sampled = correlation.kendall(compared(170))
    assert sampled.sampled == "150 of 170 items (300 points), seed 0"
    assert sampled.n == 150


def test_local_and_global_are_the_nearest_tenth_and_the_rest(compared):
    comparison = compared(40)
    x, z = pdist(joint(comparison.before.inputs)), pdist(joint(comparison.latents))
    near = x <= np.quantile(x, 0.1)
    local, rest = correlation.local_spearman(comparison), correlation.global_spearman(comparison)
    assert local.value == pytest.approx(spearmanr(x[near], z[near]).statistic)
    assert rest.value == pytest.approx(spearmanr(x[~near], z[~near]).statistic)
    assert local.low < local.value < local.high


@pytest.mark.parametrize("name", ["spearman", "kendall", "local_spearman", "global_spearman"])
def test_distances_that_are_all_equal_have_no_correlation(name):
    rng = np.random.default_rng(0)
    got = getattr(correlation, name)(
        Comparison({"vector": rng.normal(size=(30, 3))}, {"vector": np.ones((30, 2))})
    )
    assert np.isnan(got.value)
    assert got.note == "all distances between the latents are equal"
