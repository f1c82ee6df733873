from __future__ import annotations

import numpy as np
import pytest
import torch

from qlatent.circuits import layouts, simulate
from qlatent.circuits.circuit import Circuit, Operation, weight
from qlatent.circuits.engines import compiled, shots
from qlatent.circuits.engines.shots import averages
from qlatent.errors import CircuitError
from tests.circuits import exported


def drawn(circuit: Circuit, batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = ((batch, circuit.inputs), (circuit.weights,), (batch, len(circuit.observables)))
    x, w, pulling = (rng.normal(size=shape) for shape in shapes)
    return x, w, pulling


def exact(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return simulate.expectations(circuit, inputs, weights).numpy()


def estimated(circuit: Circuit, *, count: int, seed: int, batch: int = 1) -> np.ndarray:
    x, w, _ = drawn(circuit, batch)
    generator = np.random.default_rng(seed)
    tensors = (torch.tensor(x), torch.tensor(w))
    return simulate.estimates(circuit, *tensors, shots=count, generator=generator).numpy()


@pytest.mark.parametrize("circuit", [layouts.qssl_ring(4, 2), exported.ASYMMETRIC], ids=lambda c: c.name)
def test_shift_rules_with_exact_values_give_the_exact_gradient(circuit: Circuit) -> None:
    """Without sampling, shift rules are exact: two terms, four terms, shared angles, repeated inputs."""
    x, w, pulling = drawn(circuit, 3)
    got = shots.shifted_gradients(exact, circuit, x, w, pulling)
    tensors = torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
    values = simulate.expectations(circuit, *tensors)
    for part, wanted in zip(got, torch.autograd.grad(values, tensors, torch.tensor(pulling)), strict=True):
        np.testing.assert_allclose(part, wanted.numpy(), atol=1e-12)


@pytest.mark.parametrize("circuit", [layouts.qssl_ring(3, 1), exported.ASYMMETRIC], ids=lambda c: c.name)
def test_estimates_spread_around_the_exact_value_as_the_binomial_does(circuit: Circuit) -> None:
    count, repeats = 100, 400
    x, w, _ = drawn(circuit, 1)
    z = exact(circuit, x, w)[0]
    runs = np.concatenate([estimated(circuit, count=count, seed=seed) for seed in range(repeats)])
    deviation = np.sqrt((1 - z**2) / count)
    assert (np.abs(runs.mean(axis=0) - z) <= 5 * deviation / np.sqrt(repeats) + 1e-12).all()
    np.testing.assert_allclose(runs.std(axis=0), deviation, rtol=0.2, atol=1e-9)


def test_a_single_shot_is_plus_or_minus_one() -> None:
    values = estimated(layouts.dressed(4, 2), count=1, seed=0, batch=50)
    assert set(np.unique(values)) == {-1.0, 1.0}


def test_words_that_commute_wire_by_wire_share_their_outcomes() -> None:
    both = Circuit(
        2, (Operation("H", (0,)), Operation("CNOT", (0, 1))), ((("Z", 0),), (("Z", 1),), (("X", 0),))
    )
    values = estimated(both, count=7, seed=0, batch=20)
    np.testing.assert_array_equal(values[:, 0], values[:, 1])  # a Bell pair: both bits are the same


def test_equal_seeds_give_equal_estimates_and_gradients() -> None:
    circuit = layouts.qssl_ring(2, 1)
    x, w, _ = (torch.tensor(part, dtype=torch.float32) for part in drawn(circuit, 3))
    results = []
    for seed in (1, 1, 2):
        inputs, weights = x.clone().requires_grad_(), w.clone().requires_grad_()
        generator = np.random.default_rng(seed)
        values = shots.expectations(circuit, inputs, weights, shots=10, generator=generator)
        results.append([values.detach(), *torch.autograd.grad(values.sum(), (inputs, weights))])
        assert all(part.dtype == torch.float32 for part in results[-1])
    assert all(torch.equal(a, b) for a, b in zip(results[0], results[1], strict=True))
    assert not torch.equal(results[0][0], results[2][0])


def test_gradients_of_many_shots_come_near_the_exact_ones() -> None:
    circuit = layouts.qssl_ring(2, 1)
    x, w, _ = (torch.tensor(part, requires_grad=True) for part in drawn(circuit, 2))
    generator = np.random.default_rng(0)
    sampled = shots.expectations(circuit, x, w, shots=100_000, generator=generator).sum()
    wanted = torch.autograd.grad(simulate.expectations(circuit, x, w).sum(), (x, w))
    for got, right in zip(torch.autograd.grad(sampled, (x, w)), wanted, strict=True):
        torch.testing.assert_close(got, right, atol=0.05, rtol=0)


def test_probabilities_are_those_of_the_basis_states() -> None:
    flips = Circuit(3, (Operation("RY", (0,), (weight(0),)), Operation("CNOT", (0, 2))), layouts.each_z(3))
    got = compiled.probabilities(flips, np.zeros((2, 0)), np.array([np.pi / 3]))
    wanted = np.zeros(8)
    wanted[0b000], wanted[0b101] = np.cos(np.pi / 6) ** 2, np.sin(np.pi / 6) ** 2
    np.testing.assert_allclose(got, [wanted, wanted], atol=1e-15)


@pytest.mark.parametrize("count", [3, 15, 16, 400])
def test_outcomes_are_drawn_by_their_chances(count: int) -> None:
    rng = np.random.default_rng(1)
    chances = rng.random((40, 16)) ** 3
    chances[:, 5] = 0.0
    shares = [averages(chances.copy(), np.eye(16), count, np.random.default_rng(seed)) for seed in range(300)]
    assert all(np.allclose(each.sum(axis=1), 1) and not each[:, 5].any() for each in shares)
    expected = chances / chances.sum(axis=1, keepdims=True)
    error = np.sqrt(expected * (1 - expected) / (count * 300))
    assert (np.abs(np.mean(shares, axis=0) - expected) <= 5 * error + 1e-12).all()


def test_no_shots_are_refused() -> None:
    with pytest.raises(CircuitError, match="0 shots were asked for"):
        estimated(layouts.dressed(2, 1), count=0, seed=0)


def test_shots_are_not_drawn_where_they_cannot_be() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(CircuitError, match="no shift rule for amplitudes"):
        simulate.estimates(
            layouts.amplitude(2, 1), torch.eye(4), torch.zeros(6), shots=5, generator=generator
        )
    with pytest.raises(CircuitError, match="inputs hold numbers that are not finite"):
        x = torch.full((1, 2), torch.nan)
        simulate.estimates(layouts.dressed(2, 1), x, torch.zeros(2), shots=5, generator=generator)


@pytest.mark.parametrize("linear", [True, False])
def test_second_derivatives_of_shots_are_refused(linear: bool) -> None:
    circuit = layouts.dressed(2, 1)
    w = torch.rand(circuit.weights, requires_grad=True)
    draw = np.random.default_rng(0)
    values = simulate.estimates(circuit, torch.rand(3, 2), w, shots=10, generator=draw)
    with pytest.raises(CircuitError, match="first derivative alone"):
        torch.autograd.grad((values if linear else values.square()).sum(), w, create_graph=True)
    with pytest.raises(CircuitError, match=r"inside torch\.func"):
        torch.func.grad(
            lambda w: simulate.estimates(circuit, torch.rand(3, 2), w, shots=10, generator=draw).sum()
        )(w)
