"""The closed form of the merges against density matrices, and what it does with awkward numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qlatent.circuits.merging import SIZES, pairs
from qlatent.errors import CircuitError
from qlatent.heads.projection import merging

RNG = np.random.default_rng(0)
X = np.array([[0, 1], [1, 0]], dtype=complex)


def rotation(alpha: float, beta: float, gamma: float, delta: float) -> np.ndarray:
    """exp(iα) RZ(β) RY(γ) RZ(δ), written out."""
    c, s = math.cos(gamma / 2), math.sin(gamma / 2)
    plus, minus = (beta + delta) / 2, (beta - delta) / 2
    matrix = np.array(
        [[np.exp(-1j * plus) * c, -np.exp(-1j * minus) * s], [np.exp(1j * minus) * s, np.exp(1j * plus) * c]]
    )
    return np.exp(1j * alpha) * matrix


def state(theta: float, phi: float) -> np.ndarray:
    return np.array([math.cos(theta / 2), np.exp(1j * phi) * math.sin(theta / 2)])


def expectation_after(control: np.ndarray, target: np.ndarray, angles: np.ndarray) -> float:
    """⟨Z⟩ of the target by the 4×4 density matrix, control traced out."""
    gate = X if len(angles) == 8 else rotation(*angles[8:12])
    controlled = np.eye(4, dtype=complex)
    controlled[2:, 2:] = gate
    unitary = controlled @ np.kron(rotation(*angles[:4]), rotation(*angles[4:8]))
    psi = np.kron(control, target)
    rho = (unitary @ np.outer(psi, psi.conj()) @ unitary.conj().T).reshape(2, 2, 2, 2)
    reduced = np.einsum("ctcs->ts", rho)
    return float((reduced[0, 0] - reduced[1, 1]).real)


def encoded(u: np.ndarray) -> np.ndarray:
    return np.array([state(math.pi / 2 * (1 + math.tanh(v)), math.pi) for v in u])


def chain_of_density_matrices(u: np.ndarray, angles: np.ndarray, outputs: int) -> np.ndarray:
    """The whole projection of one vector, written as the paper describes it."""
    states = list(encoded(u))
    for (control, target), row in zip(merges_of(len(u), outputs), angles, strict=True):
        z = expectation_after(states[control], states[target], row)
        states[target] = np.sqrt([(1 + z) / 2, (1 - z) / 2])
    return np.array([abs(s[0]) ** 2 - abs(s[1]) ** 2 for s in states[:outputs]])


def merges_of(inputs: int, outputs: int) -> list[tuple[int, int]]:
    """Ragged tail into the last full block, then blocks from the end to the front."""
    last = (inputs // outputs - 1) * outputs
    found = [(last + outputs + j, last + j) for j in range(inputs - outputs - last)]
    for block in range(last, 0, -outputs):
        found += [(block + j, block - outputs + j) for j in range(outputs)]
    return found


def one_merge(z_c, x_c, z_t, x_t, angles, kind: str = "merge", parameters: str = "published") -> torch.Tensor:
    z, x = (torch.tensor([[t, c]], dtype=torch.float64) for t, c in ((z_t, z_c), (x_t, x_c)))
    coefs = merging.coefficients(torch.as_tensor(angles, dtype=torch.float64)[None], kind, parameters)
    return merging.merged(z, x, coefs, 1)[0, 0]


@pytest.mark.parametrize(("kind", "count"), [("merge", 12), ("merge_cnot", 8)])
def test_a_merge_is_that_of_the_complex_gates(kind: str, count: int) -> None:
    worst = 0.0
    for _ in range(2000):
        angles = RNG.uniform(0, 4 * math.pi, count)
        theta, phi = RNG.uniform(0, math.pi, 2), RNG.choice([0.0, math.pi], 2)
        z, x = np.cos(theta), np.sin(theta) * np.cos(phi)
        wanted = expectation_after(state(theta[0], phi[0]), state(theta[1], phi[1]), angles)
        worst = max(worst, abs(float(one_merge(z[0], x[0], z[1], x[1], angles, kind)) - wanted))
    assert worst < 1e-12


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (6, 3), (9, 3), (10, 3), (7, 5), (7, 4), (12, 1)])
@pytest.mark.parametrize(("kind", "count"), [("merge", 12), ("merge_cnot", 8)])
def test_any_sizes_merge_as_the_density_matrices_do(inputs: int, outputs: int, kind: str, count: int) -> None:
    assert pairs(inputs, outputs) == merges_of(inputs, outputs)
    u = RNG.normal(size=(3, inputs))
    angles = RNG.uniform(0, 4 * math.pi, (inputs - outputs, count))
    coefs = merging.coefficients(torch.from_numpy(angles), kind)
    got = merging.merged(*merging.bloch(torch.from_numpy(u)), coefs, outputs)
    wanted = [chain_of_density_matrices(row, angles, outputs) for row in u]
    np.testing.assert_allclose(got.numpy(), wanted, atol=1e-12)


@pytest.mark.parametrize("outputs", [0, 4, 5])
def test_nothing_to_merge_is_refused_with_both_numbers(outputs: int) -> None:
    with pytest.raises(CircuitError, match=f"4 inputs cannot be merged into {outputs}"):
        pairs(4, outputs)


def test_the_encoding_is_the_published_one() -> None:
    u = RNG.normal(size=50)
    z, x = merging.bloch(torch.from_numpy(u))
    states = encoded(u)
    np.testing.assert_allclose(z.numpy(), abs(states[:, 0]) ** 2 - abs(states[:, 1]) ** 2, atol=1e-14)
    np.testing.assert_allclose(x.numpy(), 2 * (states[:, 0].conj() * states[:, 1]).real, atol=1e-14)


@pytest.mark.parametrize("kind", ["merge", "merge_cnot"])
@pytest.mark.parametrize("parameters", ["published", "reduced"])
@pytest.mark.parametrize("stages", [1, 2])
def test_data_can_tell_apart_as_many_angles_as_are_called_identifiable(
    kind: str, parameters: str, stages: int
) -> None:
    sizes = SIZES[kind, parameters]
    raw = torch.from_numpy(RNG.normal(size=(stages, sizes.stored)))
    u = torch.from_numpy(RNG.normal(size=(200, stages + 1)))

    def output(flat: torch.Tensor) -> torch.Tensor:
        coefs = merging.coefficients(merging.angles(flat.view(stages, -1)), kind, parameters)
        return merging.merged(*merging.bloch(u), coefs, 1)[:, 0]

    flat = raw.flatten().requires_grad_()
    jacobian = torch.stack([torch.autograd.grad(v, flat, retain_graph=True)[0] for v in output(flat)]).numpy()
    sizes_found = np.linalg.svd(jacobian, compute_uv=False)
    assert (sizes_found > 1e-9 * sizes_found[0]).sum() == stages * sizes.identifiable
    assert (np.abs(jacobian).max(axis=0) > 1e-12).sum() == stages * sizes.used
    assert (jacobian == 0).all(axis=0).sum() == stages * (sizes.stored - sizes.used)


def test_reduced_angles_lose_no_merge() -> None:
    """Every published merge is matched by fitting the five reduced angles to its outputs."""
    u = torch.from_numpy(np.random.default_rng(3).normal(size=(60, 2)))
    z, x = merging.bloch(u)
    for seed in range(4):
        drawn = torch.from_numpy(np.random.default_rng(seed).uniform(0, 4 * math.pi, (1, 12)))
        wanted = merging.merged(z, x, merging.coefficients(drawn), 1)
        best = min(_fit(z, x, wanted, start) for start in range(6))
        assert best < 1e-6


def _fit(z: torch.Tensor, x: torch.Tensor, wanted: torch.Tensor, seed: int) -> float:
    start = torch.from_numpy(np.random.default_rng(seed).uniform(0, 2 * math.pi, (1, 5))).requires_grad_()
    optimiser = torch.optim.LBFGS([start], max_iter=300, tolerance_grad=1e-14, tolerance_change=1e-16,
                                  line_search_fn="strong_wolfe")  # fmt: skip

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        found = merging.merged(z, x, merging.coefficients(start, "merge", "reduced"), 1)
        value = (found - wanted).square().mean()
        value.backward()
        return value

    optimiser.step(loss)
    return float(loss().detach()) ** 0.5


@pytest.mark.parametrize(("inputs", "outputs"), [(6, 3), (9, 3), (7, 3)])
def test_gradients_of_inputs_and_angles_are_right(inputs: int, outputs: int) -> None:
    u = torch.from_numpy(RNG.normal(size=(4, inputs))).requires_grad_()
    raw = torch.from_numpy(RNG.normal(size=(inputs - outputs, 12))).requires_grad_()

    def output(u: torch.Tensor, raw: torch.Tensor) -> torch.Tensor:
        return merging.merged(*merging.bloch(u), merging.coefficients(merging.angles(raw)), outputs)

    assert torch.autograd.gradcheck(output, (u, raw))


def test_saturated_inputs_and_poles_keep_finite_values_and_gradients() -> None:
    u = torch.tensor([[50.0, -50.0, 50.0, -50.0], [0.0, 50.0, 0.0, -50.0]], requires_grad=True)
    raw = torch.zeros((3, 12), requires_grad=True)  # all angles 2π: the target keeps its state exactly
    z = merging.merged(*merging.bloch(u), merging.coefficients(merging.angles(raw)), 1)
    z.sum().backward()
    assert z.detach().abs().max() <= 1 + 1e-6
    assert torch.isfinite(u.grad).all() and torch.isfinite(raw.grad).all()


def test_second_derivatives_are_finite_where_states_are_pure_poles() -> None:
    z = torch.tensor([[1.0, -1.0, 0.5]], dtype=torch.float64, requires_grad=True)
    coefs = torch.zeros(6, 2, dtype=torch.float64)
    coefs[0] = 1.0  # the target as it is, so that the pole is prepared anew
    coefs[3:5] = 0.3
    first = torch.autograd.grad(merging.merged(z, z * 0.5, coefs, 1).sum(), z, create_graph=True)[0]
    plain = torch.autograd.grad(merging.merged(z, z * 0.5, coefs, 1).sum(), z)[0]
    torch.testing.assert_close(first, plain)
    assert torch.isfinite(torch.autograd.grad(first.square().sum(), z)[0]).all()
