"""Trustworthiness, continuity and overlap against scikit-learn, zadu and a loop over sorted rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from zadu.measures import local_continuity_meta_criteria, trustworthiness_continuity

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import neighbourhoods
from qlatent.metrics.pairs.distances import pairwise

K = 7


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(90, 6))
    return before, before[:, :2] + 0.3 * rng.normal(size=(90, 2))


@pytest.fixture
def comparison(maps):
    return Comparison({"vector": maps[0]}, {"vector": maps[1]}, k=K)


def test_trustworthiness_and_continuity_equal_scikit_learn_both_ways(maps, comparison):
    before, after = maps
    assert neighbourhoods.trustworthiness(comparison).value == pytest.approx(
        sklearn_trustworthiness(before, after, n_neighbors=K)
    )
    assert neighbourhoods.continuity(comparison).value == pytest.approx(
        sklearn_trustworthiness(after, before, n_neighbors=K)
    )


def test_all_four_figures_equal_zadu(maps, comparison):
    wanted = trustworthiness_continuity.measure(*maps, k=K)
    assert neighbourhoods.trustworthiness(comparison).value == pytest.approx(wanted["trustworthiness"])
    assert neighbourhoods.continuity(comparison).value == pytest.approx(wanted["continuity"])
    lcmc = local_continuity_meta_criteria.measure(*maps, k=K)["lcmc"]
    assert neighbourhoods.lcmc(comparison).value == pytest.approx(lcmc)
    assert neighbourhoods.neighbour_overlap(comparison).value == pytest.approx(lcmc + K / 89)


def slow_trust(dx, dz, k):
    """Trustworthiness from its formula, by sorting every row of any two distance matrices."""
    n = len(dx)
    total = 0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        ranked = sorted(others, key=lambda j: (dx[i, j], j))
        near = sorted(others, key=lambda j: (dz[i, j], j))[:k]
        total += sum(ranked.index(j) + 1 - k for j in near if j not in ranked[:k])
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


@pytest.mark.parametrize("distance", ["cosine", "log_fidelity"])
def test_any_distance_follows_the_formula_also_with_ties(distance):
    rng = np.random.default_rng(1)
    before = rng.integers(0, 3, size=(50, 3)).astype(float) + 1.0  # duplicates and many ties
    after = np.tanh(before[:, :2] - 2.0)
    comparison = Comparison({"vector": before}, {"vector": after}, distance=distance, k=4)
    dx, dz = pairwise(before), pairwise(after, distance)
    assert neighbourhoods.trustworthiness(comparison).value == pytest.approx(slow_trust(dx, dz, 4))
    assert neighbourhoods.continuity(comparison).value == pytest.approx(slow_trust(dz, dx, 4))


def test_modalities_are_one_joint_set(compared):
    comparison = compared(40)
    before = np.concatenate(list(comparison.before.inputs.values()))
    after = np.concatenate(list(comparison.latents.values()))
    got = neighbourhoods.trustworthiness(comparison)
    assert got.value == pytest.approx(sklearn_trustworthiness(before, after, n_neighbors=10))
    assert got.n == 40
    assert got.sampled == "all 40 items (80 points)"
    assert got.low < got.value < got.high


def test_a_map_that_changes_nothing_is_perfect(items):
    inputs, _ = items(30)
    comparison = Comparison(inputs, inputs)
    for name in ("trustworthiness", "continuity", "neighbour_overlap"):
        figure = getattr(neighbourhoods, name)(comparison)
        assert (figure.value, figure.low, figure.high) == (1.0, 1.0, 1.0)


def test_k_from_half_the_points_on_is_refused_with_a_note(compared):
    figure = neighbourhoods.trustworthiness(compared(20, modalities=("image",)))
    assert np.isnan(figure.value)
    assert figure.note == "k = 10 needs more than 20 points; there are 20"
    assert neighbourhoods.trustworthiness(compared(21, modalities=("image",))).note == ""
    assert neighbourhoods.neighbour_overlap(compared(20, modalities=("image",))).note == ""
    assert "needs more than 10 points" in neighbourhoods.lcmc(compared(10, modalities=("image",))).note


def test_the_change_of_each_point_is_in_the_order_of_the_joint_set_and_averages_to_the_figures(compared):
    comparison = compared(40)
    got = neighbourhoods.neighbourhood_change(comparison)
    assert got.change.shape == got.trust.shape == got.continuity.shape == (80,)
    assert 1 - got.change.mean() == pytest.approx(neighbourhoods.neighbour_overlap(comparison).value)
    assert got.trust.mean() == pytest.approx(neighbourhoods.trustworthiness(comparison).value)
    assert got.continuity.mean() == pytest.approx(neighbourhoods.continuity(comparison).value)
    near_before = set(np.argsort(comparison.before.geometry.distances[45])[1:11])
    near_after = set(np.argsort(comparison.after.distances[45])[1:11])
    assert got.change[45] == pytest.approx(1 - len(near_before & near_after) / 10)


def test_the_change_of_too_few_points_is_unknown(compared):
    few = neighbourhoods.neighbourhood_change(compared(8, modalities=("image",)))
    assert np.isnan(few.change).all()
    some = neighbourhoods.neighbourhood_change(compared(15, modalities=("image",)))
    assert np.isfinite(some.change).all()
    assert np.isnan(some.trust).all()
