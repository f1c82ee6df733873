"""Distance correlation, stress and neighbours against explicit loops and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr, rankdata

from qlatent.objectives.configs import DistanceCorrelationConfig, NeighboursConfig, StressConfig
from qlatent.objectives.geometry import DistanceCorrelation, Neighbours, Stress

Batch = tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]


def batch(seed: int = 0, *, rows: int = 6, modalities: tuple[str, ...] = ("image", "text")) -> Batch:
    generator = torch.Generator().manual_seed(seed)

    def draw(width: int) -> dict[str, torch.Tensor]:
        return {m: torch.randn((rows, width), generator=generator, dtype=torch.float64) for m in modalities}

    return draw(9), draw(3)


def stacked(arrays: dict[str, torch.Tensor]) -> np.ndarray:
    return np.concatenate([each.numpy() for each in arrays.values()])


def total(objective, inputs, latents) -> float:
    return float(objective(inputs, latents, {})["total"])


@pytest.mark.parametrize("modalities", [("image", "text"), ("text",)])
def test_distance_correlation_is_one_minus_pearson_of_all_pairs(modalities: tuple[str, ...]) -> None:
    x, z = batch(1, modalities=modalities)
    wanted = 1 - pearsonr(pdist(stacked(x)), pdist(stacked(z))).statistic
    assert total(DistanceCorrelation(DistanceCorrelationConfig()), x, z) == pytest.approx(wanted, abs=1e-12)


def test_a_focus_weighs_pairs_by_how_near_they_were() -> None:
    x, z = batch(2)
    before, after = pdist(stacked(x)), pdist(stacked(z))
    weights = np.exp(-3 * before / before.mean())
    covariance = np.cov(np.stack([before, after]), aweights=weights, bias=True)
    wanted = 1 - covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    assert total(DistanceCorrelation(DistanceCorrelationConfig(focus=3.0)), x, z) == pytest.approx(wanted)


@pytest.mark.parametrize("focus", [0.0, 3.0])
def test_distance_correlation_can_follow_the_ranks_of_distances(focus: float) -> None:
    x, z = batch(2)
    x["text"][1] = x["text"][0]  # equal distances share a rank
    before, after = pdist(stacked(x)), pdist(stacked(z))
    weights = np.exp(-focus * before / before.mean())
    covariance = np.cov(np.stack([rankdata(before), after]), aweights=weights, bias=True)
    wanted = 1 - covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    config = DistanceCorrelationConfig(follow="ranks", focus=focus)
    assert total(DistanceCorrelation(config), x, z) == pytest.approx(wanted)


def test_distance_correlation_is_scale_invariant_and_zero_for_a_copy() -> None:
    x, _ = batch(3)
    objective = DistanceCorrelation(DistanceCorrelationConfig())
    assert total(objective, x, {name: 0.1 * each for name, each in x.items()}) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("scale", ["fitted", "raw"])
def test_stress_is_the_printed_formula(scale: str) -> None:
    x, z = batch(4)
    d, delta = pdist(stacked(x)), pdist(stacked(z))
    factor = (d * delta).sum() / (delta**2).sum() if scale == "fitted" else 1.0
    wanted = math.sqrt(((d - factor * delta) ** 2).sum() / (d**2).sum())
    assert total(Stress(StressConfig(scale=scale)), x, z) == pytest.approx(wanted, abs=1e-9)


def test_neighbours_is_the_mean_divergence_of_two_distributions() -> None:
    x, z = batch(5)
    d, delta = squareform(pdist(stacked(x))), squareform(pdist(stacked(z)))
    k, scale, divergences = 4, 0.3, []
    for i in range(len(d)):
        others = [j for j in range(len(d)) if j != i]
        width = sorted(d[i, j] for j in others)[k - 1]
        p = np.array([math.exp(-((d[i, j] / width) ** 2)) for j in others])
        q = np.array([1 / (1 + (delta[i, j] / scale) ** 2) for j in others])
        p, q = p / p.sum(), q / q.sum()
        divergences.append((p * np.log(p / q)).sum())
    objective = Neighbours(NeighboursConfig(neighbours=k, latent_scale=scale))
    assert total(objective, x, z) == pytest.approx(np.mean(divergences), abs=1e-9)


OBJECTIVES = [
    DistanceCorrelation(DistanceCorrelationConfig()),
    DistanceCorrelation(DistanceCorrelationConfig(focus=2.0)),
    Stress(StressConfig()),
    Neighbours(NeighboursConfig(neighbours=3)),
]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_gradients_are_those_of_finite_differences(objective) -> None:
    x, z = batch(6, rows=4)
    image, text = (each.requires_grad_() for each in z.values())
    assert torch.autograd.gradcheck(
        lambda a, b: objective(x, {"image": a, "text": b}, {})["total"], (image, text), atol=1e-5
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_equal_points_and_tiny_batches_give_finite_losses_and_gradients(objective) -> None:
    for rows in (1, 2, 5):
        x, z = batch(7, rows=rows)
        flat = {name: torch.zeros_like(each).requires_grad_() for name, each in z.items()}
        loss = objective({name: torch.ones_like(each) for name, each in x.items()}, flat, {})["total"]
        loss.backward()
        assert torch.isfinite(loss)
        assert all(torch.isfinite(each.grad).all() for each in flat.values() if each.grad is not None)


def test_latent_distances_come_from_the_heads_own_similarity() -> None:
    x, z = batch(8)

    def manhattan(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return -torch.cdist(a, b, p=1)

    wanted = 1 - pearsonr(pdist(stacked(x)), pdist(stacked(z), "cityblock")).statistic
    got = DistanceCorrelation(DistanceCorrelationConfig())(x, z, {}, manhattan)["total"]
    assert float(got) == pytest.approx(wanted, abs=1e-12)
