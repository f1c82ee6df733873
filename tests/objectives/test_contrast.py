"""NT-Xent and image–text contrast against explicit loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qlatent.objectives.configs import ContrastConfig, NTXentConfig
from qlatent.objectives.contrast import Contrast, NTXent


def latents(rows: int = 5, *, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {m: torch.randn((rows, 3), generator=generator, dtype=torch.float64) for m in ("image", "text")}


def unit(tensor: torch.Tensor) -> np.ndarray:
    array = tensor.numpy()
    return array / np.linalg.norm(array, axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_nt_xent_is_the_formula_of_simclr(temperature: float) -> None:
    z = latents()
    n = len(z["image"])
    views = np.concatenate([unit(z["image"]), unit(z["text"])])
    losses = []
    for i in range(2 * n):
        partner = (i + n) % (2 * n)
        others = [math.exp(views[i] @ views[j] / temperature) for j in range(2 * n) if j != i]
        losses.append(-math.log(math.exp(views[i] @ views[partner] / temperature) / sum(others)))
    got = NTXent(NTXentConfig(temperature=temperature))({}, z, {})["total"]
    assert float(got) == pytest.approx(np.mean(losses))


def test_the_gradient_of_nt_xent_is_that_of_finite_differences() -> None:
    z = [each.requires_grad_() for each in latents(4).values()]
    for temperature in (0.07, 1.0):
        loss = NTXent(NTXentConfig(temperature=temperature))
        assert torch.autograd.gradcheck(loss.between, z)


def test_a_tiny_temperature_neither_overflows_nor_vanishes() -> None:
    z = {name: each.float() for name, each in latents().items()}
    views = torch.nn.functional.normalize(torch.cat(list(z.values())), dim=1).double()
    logits = (views @ views.T / 0.001).fill_diagonal_(-torch.inf)
    wanted = torch.nn.functional.cross_entropy(logits, torch.arange(10).roll(5))
    got = NTXent(NTXentConfig(temperature=0.001))({}, z, {})["total"]
    assert float(got) == pytest.approx(float(wanted), rel=1e-4)


def test_contrast_is_the_mean_of_both_directions() -> None:
    z = latents(seed=1)
    logits = unit(z["image"]) @ unit(z["text"]).T / 0.07

    def direction(table: np.ndarray) -> float:
        return float(np.mean([-table[i, i] + np.log(np.exp(table[i]).sum()) for i in range(len(table))]))

    got = Contrast(ContrastConfig())({}, z, {})
    assert float(got["text_of_image"]) == pytest.approx(direction(logits))
    assert float(got["image_of_text"]) == pytest.approx(direction(logits.T))
    assert float(got["total"]) == pytest.approx((direction(logits) + direction(logits.T)) / 2)


@pytest.mark.parametrize("objective", [NTXent(NTXentConfig()), Contrast(ContrastConfig())])
def test_pairs_that_point_the_same_way_score_better_than_shuffled_ones(objective) -> None:
    z = latents(8, seed=2)
    alike = {"image": z["image"], "text": 3 * z["image"]}
    shuffled = {"image": z["image"], "text": z["image"].roll(1, dims=0)}
    assert objective({}, alike, {})["total"] < objective({}, shuffled, {})["total"]


@pytest.mark.parametrize("objective", [NTXent(NTXentConfig()), Contrast(ContrastConfig())])
def test_zero_latents_and_one_row_stay_finite(objective) -> None:
    for rows in (1, 4):
        z = {name: torch.zeros((rows, 2), requires_grad=True) for name in ("image", "text")}
        loss = objective({}, z, {})["total"]
        loss.backward()
        assert torch.isfinite(loss)
        assert all(torch.isfinite(each.grad).all() for each in z.values())


@pytest.mark.parametrize("power", [1, 2])
def test_nt_xent_has_the_second_derivatives_of_finite_differences(power: int) -> None:
    loss = NTXent(NTXentConfig())
    generator = torch.Generator().manual_seed(0)
    first, second, along = (
        torch.randn(4, 3, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(3)
    )

    def slope(x: torch.Tensor, *, again: bool = False) -> torch.Tensor:
        return torch.autograd.grad(loss.between(x, second) ** power, x, create_graph=again)[0]

    (found,) = torch.autograd.grad((slope(first, again=True) * along).sum(), first)
    step = 1e-5 * along.detach()
    ends = [slope((first.detach() + sign * step).requires_grad_()) for sign in (1, -1)]
    torch.testing.assert_close(found, (ends[0] - ends[1]) / 2e-5, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("loss", [NTXent(NTXentConfig()), Contrast(ContrastConfig())])
@pytest.mark.parametrize("scale", [1e-42, 1e-25, 1e20, 1e37])
def test_only_directions_count_at_any_length(loss: NTXent | Contrast, scale: float) -> None:
    rows = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    wanted, found = (
        loss({}, dict(zip(("image", "text"), each, strict=True)), {})["total"]
        for each in (rows, rows * scale)
    )
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5 if scale > 1e-30 else 1e-2)
