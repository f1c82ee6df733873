"""CKA, effective rank, alignment and uniformity against their definitions."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import spectrum

ALL = np.arange(8)


def slow_hsic(k, l):  # noqa: E741
    """The U-statistic of Song et al. by its four-fold sum over distinct points."""
    n = len(k)
    four = list(permutations(range(n), 4))
    i, j, q, r = np.array(four).T
    return float((k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q])).mean())


def test_cka_is_the_ratio_of_u_statistics_over_distinct_points():
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(8, 3)) + 5.0, rng.normal(size=(8, 2))
    k, gram = x @ x.T, z @ z.T
    wanted = slow_hsic(k, gram) / np.sqrt(slow_hsic(k, k) * slow_hsic(gram, gram))
    assert spectrum.UnbiasedCKA(x, z).of(ALL) == pytest.approx(wanted)
    some = ALL[[0, 2, 3, 5, 6, 7]]
    assert spectrum.UnbiasedCKA(x, z).of(some) == pytest.approx(
        spectrum.UnbiasedCKA(x[some], z[some]).of(ALL[:6])
    )


def test_cka_does_not_see_rotation_and_scale_and_is_not_inflated_by_width():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 5))
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert spectrum.cka(Comparison({"vector": x}, {"vector": 3 * x @ turn})).value == pytest.approx(1.0)
    wide = [rng.normal(size=(60, 500)) for _ in range(2)]
    assert abs(spectrum.cka(Comparison({"vector": wide[0]}, {"vector": wide[1]})).value) < 0.1


def test_cka_is_over_the_joint_set_with_an_interval(compared):
    got = spectrum.cka(compared(40))
    assert got.low < got.value < got.high <= 1
    assert got.n == 40


def test_effective_rank_is_the_entropy_of_centred_singular_values(compared):
    comparison = compared(40)
    z = np.concatenate([comparison.latents["image"], comparison.latents["text"]])
    values = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    p = values / values.sum()
    got = spectrum.effective_rank(comparison)
    assert got.value == pytest.approx(np.exp(-(p * np.log(p)).sum()))
    assert 1 <= got.low < got.value < got.high <= 3


@pytest.mark.parametrize("dimensions", [1, 3, 6])
def test_effective_rank_of_even_directions_is_their_number(dimensions):
    corners = np.concatenate([np.eye(dimensions), -np.eye(dimensions)])
    padded = np.pad(corners, ((0, 0), (0, 2)), constant_values=7.0)  # constant columns have no effect
    assert spectrum.rank_of(padded) == pytest.approx(dimensions)
    assert spectrum.rank_of(np.pad(corners, ((0, 0), (0, 50)))) == pytest.approx(
        dimensions
    )  # wider than long


def test_alignment_and_uniformity_are_those_of_the_unit_sphere(compared):
    comparison = compared(40)
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in comparison.latents.values())
    wanted = np.log(np.exp(-2 * pdist(np.concatenate([a, b])) ** 2).mean())
    got = spectrum.alignment(comparison)
    assert got.value == pytest.approx((np.linalg.norm(a - b, axis=1) ** 2).mean())
    assert got.low < got.value < got.high
    even = spectrum.uniformity(comparison)
    assert even.value == pytest.approx(wanted)
    assert even.low < even.value < even.high


def test_zero_vectors_have_no_direction_and_are_left_out(compared):
    comparison = compared(40)
    latents = {name: z.copy() for name, z in comparison.latents.items()}
    latents["text"][:3] = 0.0
    holed = Comparison(comparison.before.inputs, latents)
    rest = Comparison(*({m: x[3:] for m, x in side.items()} for side in (comparison.before.inputs, latents)))
    for name in ("alignment", "uniformity"):
        figure = getattr(spectrum, name)(holed)
        assert figure.value == pytest.approx(getattr(spectrum, name)(rest).value)
        assert figure.n == 37
        assert figure.note == "3 items with a zero vector left out"


def test_a_collapsed_map_has_no_rank_and_no_similarity(items):
    inputs, _ = items(20)
    collapsed = Comparison(inputs, {name: np.ones((20, 3)) for name in inputs})
    for name in ("cka", "effective_rank"):
        figure = getattr(spectrum, name)(collapsed)
        assert np.isnan(figure.value)
        assert figure.note == "all latents coincide"
    assert spectrum.uniformity(collapsed).value == pytest.approx(0.0)
