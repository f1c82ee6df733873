"""Intervals against scipy's bootstrap and a brute-force bootstrap over items, and their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import bootstrap, spearmanr

from qlatent.metrics.pairs.distances import pairwise, spearman
from qlatent.metrics.pairs.ranks import ranking
from qlatent.metrics.statistics.uncertainty import (
    bootstrap_means,
    grouped_jackknife,
    rank_contributions,
    spearman_contributions,
)


def test_bootstrap_means_equals_the_percentile_bootstrap_of_scipy():
    rng = np.random.default_rng(0)
    skewed, rare = rng.exponential(size=300), (rng.random(300) < 0.1).astype(float)
    got = bootstrap_means({"skewed": skewed, "rare": rare}, resamples=20_000, seed=1)
    for name, values in {"skewed": skewed, "rare": rare}.items():
        wanted = bootstrap(
            (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
        ).confidence_interval
        near = max(0.03 * (wanted.high - wanted.low), 1.01 / 300 if name == "rare" else 0.0)  # one item more
        assert got[name].value == pytest.approx(values.mean())
        assert got[name].low == pytest.approx(wanted.low, abs=near)
        assert got[name].high == pytest.approx(wanted.high, abs=near)


def test_items_without_a_contribution_count_neither_above_nor_below_the_line():
    values = np.random.default_rng(1).normal(size=40)
    holed = values.copy()
    holed[::4] = np.nan
    got = bootstrap_means({"holed": holed, "none": np.full(40, np.nan), "whole": values}, resamples=5000)
    kept = bootstrap_means({"kept": holed[~np.isnan(holed)]}, resamples=5000, seed=3)["kept"]
    assert got["holed"].value == pytest.approx(np.nanmean(holed))
    width = kept.high - kept.low
    assert got["holed"].low == pytest.approx(kept.low, abs=0.1 * width)
    assert got["holed"].high == pytest.approx(kept.high, abs=0.1 * width)
    assert np.isnan(got["none"]).all()
    assert list(got) == ["holed", "none", "whole"]


def test_metrics_of_one_length_share_their_resamples_and_the_seed_decides():
    values = np.random.default_rng(2).normal(size=50)
    got = bootstrap_means({"a": values, "b": -values, "short": values[:20]}, seed=4)
    assert got["a"].low == pytest.approx(-got["b"].high)
    assert got == bootstrap_means({"a": values, "b": -values, "short": values[:20]}, seed=4)
    assert got["a"] != bootstrap_means({"a": values}, seed=5)["a"]
    assert got["short"].value == pytest.approx(values[:20].mean())


def test_equal_contributions_give_an_interval_without_width():
    got = bootstrap_means({"one": np.full(2500, 0.1)})["one"]
    assert got.value == pytest.approx(0.1)
    assert got.low == got.high == pytest.approx(got.value, rel=1e-15)


def test_no_resamples_leave_the_value_and_no_interval():
    got = bootstrap_means({"a": np.arange(5.0)}, resamples=0)["a"]
    assert got.value == 2.0
    assert np.isnan(got[1:]).all()


def test_the_bootstrap_interval_holds_the_true_mean_about_95_times_in_100():
    rng = np.random.default_rng(6)
    draws = rng.exponential(size=(300, 80))
    columns = bootstrap_means({str(i): row for i, row in enumerate(draws)}, resamples=1000, seed=7)
    held = np.mean([each.low <= 1.0 <= each.high for each in columns.values()])
    assert 0.90 <= held <= 0.97


def test_the_jackknife_of_a_mean_equals_students_interval_when_every_row_is_a_group():
    values = np.random.default_rng(8).normal(size=25)
    got = grouped_jackknife(lambda rows: float(values[rows].mean()), 25, groups=25)
    half = 2.0639 * values.std(ddof=1) / 5.0  # t of 24 degrees of freedom at 0.975
    assert got.value == pytest.approx(values.mean())
    assert (got.low, got.high) == pytest.approx((values.mean() - half, values.mean() + half), rel=1e-4)


def test_the_jackknife_interval_holds_the_true_correlation_about_95_times_in_100():
    rng = np.random.default_rng(9)
    held = []
    for _ in range(200):
        x = rng.normal(size=(100, 2))
        x[:, 1] += x[:, 0]
        got = grouped_jackknife(lambda rows, x=x: float(np.corrcoef(x[rows].T)[0, 1]), 100, seed=1)
        held.append(got.low <= 0.5**0.5 <= got.high)
    assert 0.90 <= np.mean(held) <= 0.985


def test_the_jackknife_deals_every_row_out_once_and_needs_two_rows():
    left_out: list[int] = []
    grouped_jackknife(
        lambda rows: float(len(left_out.extend(set(range(47)) - set(rows.tolist())) or rows)), 47
    )
    assert sorted(left_out) == list(range(47))
    assert np.isnan(grouped_jackknife(lambda rows: 1.0, 1).low)


def brute_force(x, z, resamples, seed):
    """Spearman's rho of items drawn with replacement, pairs of an item with itself dropped."""
    rng = np.random.default_rng(seed)
    n = len(x)
    dx, dz = squareform(pdist(x)), squareform(pdist(z))
    upper = np.triu_indices(n, 1)
    found = []
    for _ in range(resamples):
        rows = rng.integers(0, n, n)
        i, j = rows[upper[0]], rows[upper[1]]
        other = i != j
        found.append(spearmanr(dx[i, j][other], dz[i, j][other]).statistic)
    return np.quantile(found, [0.025, 0.975])


@pytest.mark.parametrize("noise", [0.2, 1.5])
def test_the_interval_of_spearman_is_that_of_a_brute_force_bootstrap_over_items(noise):
    rng = np.random.default_rng(10)
    x = rng.normal(size=(80, 6))
    z = x[:, :3] + noise * rng.normal(size=(80, 3))
    dx, dz = pairwise(x), pairwise(z)
    rankings = [ranking(pdist(x)), ranking(pdist(z))]
    values = spearman_contributions(*rankings, points=80)
    got = bootstrap_means({"rho": values}, seed=11)["rho"]
    low, high = brute_force(x, z, 600, 12)
    assert got.value == pytest.approx(spearman(dx, dz), abs=1e-12)
    assert (got.high - got.low) == pytest.approx(high - low, rel=0.15)


def test_contributions_are_the_derivative_of_rho_by_the_weight_of_an_item():
    """Duplicating an item in a large set moves rho by its contribution."""
    rng = np.random.default_rng(13)
    x = rng.normal(size=(400, 4))
    z = x[:, :2] + 0.5 * rng.normal(size=(400, 2))
    values = spearman_contributions(ranking(pdist(x)), ranking(pdist(z)), points=400)
    rho = values.mean()
    for item in (3, 77, 200):
        rows = np.r_[np.arange(400), item]
        i, j = np.triu_indices(401, 1)
        other = rows[i] != rows[j]
        dx, dz = pdist(x[rows])[other], pdist(z[rows])[other]
        moved = spearmanr(dx, dz).statistic - rho
        assert moved == pytest.approx((values[item] - rho) / 401, abs=1.5e-5, rel=0.05)


def test_ties_leave_the_mean_of_the_contributions_at_rho():
    rng = np.random.default_rng(14)
    x, z = rng.integers(0, 3, size=(30, 2)), rng.integers(0, 2, size=(30, 3))
    values = spearman_contributions(ranking(pdist(x)), ranking(pdist(z)), points=30)
    assert values.mean() == pytest.approx(spearmanr(pdist(x), pdist(z)).statistic, abs=1e-12)


@pytest.mark.parametrize("noise", [0.3, 2.0])
def test_the_interval_of_a_rank_correlation_is_that_of_resampling_pairs(noise):
    """Ratings with few levels against continuous similarities, as in sentence similarity."""
    rng = np.random.default_rng(15)
    x = rng.normal(size=500)
    judged, found = np.round(x * 2), x + noise * rng.normal(size=500)
    values = rank_contributions(ranking(judged), ranking(found))
    got = bootstrap_means({"rho": values}, seed=16)["rho"]
    drawn = rng.integers(0, 500, size=(1500, 500))
    low, high = np.quantile([spearmanr(judged[r], found[r]).statistic for r in drawn], [0.025, 0.975])
    assert got.value == pytest.approx(spearmanr(judged, found).statistic, abs=1e-12)
    width = high - low
    assert got.low == pytest.approx(low, abs=0.1 * width)
    assert got.high == pytest.approx(high, abs=0.1 * width)
