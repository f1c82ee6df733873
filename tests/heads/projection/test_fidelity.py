"""Log-fidelity against the product form and the metrics, and at the limits of floating point."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlatent.heads.projection import fidelity
from qlatent.heads.projection.fidelity import log_fidelity
from qlatent.heads.projection.merging import bloch
from qlatent.metrics.pairs.distances import between

RNG = np.random.default_rng(1)


def product_form(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Π (1 + r_u·r_v)/2, as the authors compute it."""
    u, v = a[:, None], b[None]
    return ((1 + u * v + np.sqrt(1 - u**2) * np.sqrt(1 - v**2)) / 2).prod(axis=2)


@pytest.mark.parametrize("block", [1, 50, 1 << 22])
def test_it_is_the_logarithm_of_the_product(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fidelity, "ELEMENTS", block)
    a, b = RNG.uniform(-1, 1, (6, 11)), RNG.uniform(-1, 1, (4, 11))
    got = log_fidelity(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(got, np.log(product_form(a, b)), atol=1e-10)
    np.testing.assert_allclose(-got, between(a, b, "log_fidelity"), atol=1e-10)


def test_the_derivative_is_that_of_the_product() -> None:
    a, b = (torch.from_numpy(RNG.uniform(-0.95, 0.95, (n, 5))).requires_grad_() for n in (4, 3))
    assert torch.autograd.gradcheck(log_fidelity, (a, b))


def test_encoded_states_with_the_phase_of_the_paper_have_the_same_fidelity() -> None:
    u = RNG.normal(size=(5, 8))
    theta = np.pi / 2 * (1 + np.tanh(u))
    states = np.stack([np.cos(theta / 2), np.sin(theta / 2) * np.exp(1j * np.pi)], axis=-1)
    overlaps = np.abs(np.einsum("nks,mks->nmk", states.conj(), states)) ** 2
    z = bloch(torch.from_numpy(u))[0]
    np.testing.assert_allclose(log_fidelity(z, z).numpy(), np.log(overlaps.prod(axis=2)), atol=1e-10)


def test_on_unit_vectors_it_is_a_euclidean_kernel() -> None:
    x = RNG.normal(size=(200, 768))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    z = bloch(torch.from_numpy(x))[0]
    found = -log_fidelity(z, z).numpy()
    squared = between(x, x) ** 2
    far = ~np.eye(len(x), dtype=bool)
    assert np.median(found[far] / squared[far]) == pytest.approx(np.pi**2 / 16, rel=0.01)
    assert np.corrcoef(found[far], squared[far])[0, 1] > 0.999


@pytest.mark.parametrize("spread", [0.4, 1.0])
def test_768_dimensions_do_not_underflow_in_float32(spread: float) -> None:
    u = (RNG.normal(size=(40, 768)) * spread).astype(np.float32)
    z = bloch(torch.from_numpy(u))[0].requires_grad_()
    assert np.median(product_form(*[z.detach().numpy()] * 2)) < 1e-37  # the product form underflows
    found = log_fidelity(z, z)
    exact = -between(z.detach().numpy(), z.detach().numpy(), "log_fidelity")
    np.testing.assert_allclose(found.detach().numpy(), exact, rtol=1e-5, atol=1e-3)
    found.sum().backward()
    assert torch.isfinite(z.grad).all() and (z.grad != 0).float().mean() > 0.99


def test_derivatives_are_finite_at_the_poles_and_orthogonal_states_are_far_not_infinitely_far() -> None:
    z = torch.tensor([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]], requires_grad=True)
    found = log_fidelity(z, z)
    assert found[0, 1].item() == pytest.approx(2 * np.log(1e-12), rel=1e-5)
    assert found[0, 0].item() == 0.0
    found.sum().backward()
    assert torch.isfinite(z.grad).all()


def test_nothing_is_more_alike_than_itself() -> None:
    z = torch.from_numpy(RNG.uniform(-1, 1, (30, 256)).astype(np.float32))
    found = log_fidelity(z, z)
    assert found.max() <= 0 and (found.argmax(dim=1) == torch.arange(30)).all()


def test_second_derivatives_are_finite_where_states_are_at_their_poles() -> None:
    a = torch.tensor([[1.0, -1.0, 0.0, 1.2]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([[1.0, 1.0, -1.0, 0.2]], dtype=torch.float64, requires_grad=True)
    first = torch.autograd.grad(log_fidelity(a, b).square().sum(), (a, b), create_graph=True)
    plain = torch.autograd.grad(log_fidelity(a, b).square().sum(), (a, b))
    for slope, wanted in zip(first, plain, strict=True):
        torch.testing.assert_close(slope, wanted)  # for both implementations
    second = torch.autograd.grad(sum(slope.square().sum() for slope in first), (a, b))
    assert all(torch.isfinite(each).all() for each in second)


@pytest.mark.parametrize("inside", [True, False])
def test_autocast_and_16_bits_take_no_digits_away(inside: bool) -> None:
    a, b = (torch.rand(n, 300, generator=torch.Generator().manual_seed(n)) for n in (4, 3))
    a, b = (a.bfloat16(), b.bfloat16()) if not inside else (a, b)
    wanted = log_fidelity(a.double(), b.double())
    with torch.autocast("cpu", torch.bfloat16, enabled=inside):
        found = log_fidelity(a.requires_grad_(), b)
        found.float().sum().backward()
    assert found.dtype == a.dtype
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5 if inside else 1e-2, atol=1e-3)
    slope = torch.autograd.grad(log_fidelity(c := a.detach().double().requires_grad_(), b.double()).sum(), c)[
        0
    ]
    torch.testing.assert_close(a.grad.double(), slope, rtol=1e-4 if inside else 2e-2, atol=1e-3)  # type: ignore[union-attr]
