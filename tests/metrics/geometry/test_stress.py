"""Stress against zadu and the formulas, intervals against a brute-force bootstrap over items."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.isotonic import IsotonicRegression
from zadu.measures import non_metric_stress, scale_normalized_stress

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import stress
from qlatent.metrics.pairs.ranks import ranking


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(70, 6))
    return before, before[:, :2] + 0.2 * rng.normal(size=(70, 2))


@pytest.fixture
def comparison(maps):
    return Comparison({"vector": maps[0]}, {"vector": maps[1]})


def test_stress_equals_zadu_and_does_not_see_the_scale(maps, comparison):
    wanted = scale_normalized_stress.measure(*maps)["scale_normalized_stress"]
    assert stress.stress(comparison).value == pytest.approx(wanted)
    larger = Comparison({"vector": maps[0]}, {"vector": 1000.0 * maps[1]})
    assert stress.stress(larger).value == pytest.approx(wanted)


def test_kruskal_stress_equals_zadu(maps, comparison):
    wanted = non_metric_stress.measure(*maps)["non_metric_stress"]
    assert stress.kruskal_stress(comparison).value == pytest.approx(wanted)


def test_a_monotone_change_has_no_kruskal_stress_but_stress(maps):
    before = {"vector": maps[0]}
    bent = Comparison(before, before, distance=lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2) ** 3)
    assert stress.kruskal_stress(bent).value == pytest.approx(0.0, abs=1e-12)
    assert stress.stress(bent).value > 0.2
    assert stress.stress(Comparison(before, before)).value == pytest.approx(0.0, abs=1e-7)


def test_the_isotonic_fit_is_that_of_scikit_learn_also_with_ties():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 9, 200).astype(float), rng.normal(size=200)
    np.testing.assert_allclose(stress.isotonic(ranking(x), y), IsotonicRegression().fit_transform(x, y))


def by_formula(d, delta):
    alpha = (d * delta).sum() / (delta**2).sum()
    return np.sqrt(((d - alpha * delta) ** 2).sum() / (d**2).sum())


def kruskal_by_formula(d, delta):
    fitted = IsotonicRegression().fit_transform(d, delta)
    return np.sqrt(((delta - fitted) ** 2).sum() / (delta**2).sum())


@pytest.mark.parametrize(
    ("name", "formula"), [("stress", by_formula), ("kruskal_stress", kruskal_by_formula)]
)
def test_intervals_are_those_of_a_brute_force_bootstrap_over_items(maps, comparison, name, formula):
    dx, dz = (squareform(pdist(side)) for side in maps)
    rng = np.random.default_rng(2)
    found = []
    for _ in range(400):
        rows = rng.integers(0, 70, 70)
        i, j = (rows[side] for side in np.triu_indices(70, 1))
        found.append(formula(dx[i, j][i != j], dz[i, j][i != j]))
    low, high = np.quantile(found, [0.025, 0.975])
    got = getattr(stress, name)(comparison)
    assert got.high - got.low == pytest.approx(high - low, rel=0.2)
    assert got.low < got.value < got.high


def test_points_that_coincide_have_no_stress(maps):
    for before, after, note in [
        (maps[0], np.ones((70, 2)), "latents"),
        (np.ones((70, 2)), maps[1], "inputs"),
    ]:
        figure = stress.stress(Comparison({"vector": before}, {"vector": after}))
        assert np.isnan(figure.value)
        assert figure.note == f"all {note} coincide"


def test_pair_error_is_of_matched_pairs_and_needs_two_modalities(compared, comparison):
    two = compared(30)
    gap, gap_after = (
        np.linalg.norm(side["image"] - side["text"], axis=1) for side in (two.before.inputs, two.latents)
    )
    assert stress.pair_error(two).value == pytest.approx(np.abs(gap - gap_after).mean())
    assert stress.pair_error(two).n == 30
    assert "two modalities" in stress.pair_error(comparison).note


def test_the_shepard_sample_is_of_pairs_before_after_and_fitted(comparison, maps):
    got = stress.shepard(comparison, 500, seed=3)
    x, z = pdist(maps[0]), pdist(maps[1])
    place = {round(value, 9): index for index, value in enumerate(x)}
    rows = [place[round(value, 9)] for value in got.before]
    assert len(set(rows)) == 500
    assert got.pairs == 70 * 69 // 2
    np.testing.assert_allclose(got.after, z[rows])
    np.testing.assert_allclose(got.fitted, IsotonicRegression().fit_transform(x, z)[rows])
    assert len(stress.shepard(comparison, 10**6).before) == got.pairs
