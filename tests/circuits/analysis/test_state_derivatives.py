"""Final states against gate-by-gate simulation, derivatives against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.circuits import layouts, simulate
from qlatent.circuits.analysis import gate_by_gate
from qlatent.circuits.analysis.state_derivatives import (
    end_states,
    expectations,
    gradients,
    purities,
    states,
    states_and_derivatives,
)
from qlatent.circuits.circuit import Circuit, Operation, weight
from qlatent.errors import CircuitError
from tests.circuits.exported import ASYMMETRIC


def angles(circuit, batch=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-3, 3, (batch, circuit.inputs)), rng.uniform(-3, 3, (batch, circuit.weights))


CIRCUITS = [*(build(3, 2) for build in layouts.LAYOUTS.values()), ASYMMETRIC]


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_states_are_those_of_the_stepping_simulator(circuit):
    inputs, weights = angles(circuit)
    found = states(circuit, inputs, weights)
    for row in range(len(inputs)):
        np.testing.assert_allclose(
            found[row], gate_by_gate.states(circuit, inputs[row], weights[row])[-1], atol=1e-12
        )


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_expectations_are_the_engines(circuit):
    inputs, weights = angles(circuit)
    same = np.broadcast_to(weights[0], weights.shape)
    wanted = simulate.expectations(circuit, inputs, weights[0]).numpy()
    np.testing.assert_allclose(expectations(circuit, states(circuit, inputs, same)), wanted, atol=1e-10)


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_derivatives_are_finite_differences(circuit):
    inputs, weights = angles(circuit)
    found = states_and_derivatives(circuit, inputs, weights)
    slopes, step = gradients(circuit, found), 1e-5
    for index in range(circuit.weights):
        shift = np.zeros(circuit.weights)
        shift[index] = step
        above, below = (states(circuit, inputs, weights + sign * shift) for sign in (1, -1))
        np.testing.assert_allclose(found[1][:, index], (above - below) / (2 * step), atol=1e-8)
        wanted = (expectations(circuit, above) - expectations(circuit, below)) / (2 * step)
        np.testing.assert_allclose(slopes[:, index], wanted, atol=1e-8)


def test_a_weight_used_twice_has_both_derivatives():
    operations = (Operation("RX", (0,), (weight(0),)), Operation("RX", (0,), (weight(0),)))
    circuit = Circuit(1, operations, ((("Z", 0),),))
    found = gradients(circuit, states_and_derivatives(circuit, np.zeros((1, 0)), np.array([[0.3]])))
    np.testing.assert_allclose(found, [[[-2 * np.sin(0.6)]]])  # ⟨Z⟩ = cos 2w


def test_only_the_weights_asked_for_are_differentiated():
    circuit = layouts.qssl_ring(3, 1)
    inputs, weights = angles(circuit)
    some, every = (
        states_and_derivatives(circuit, inputs, weights, [4, 1])[1],
        states_and_derivatives(circuit, inputs, weights)[1],
    )
    np.testing.assert_allclose(some, every[:, [4, 1]])


def test_purities_of_a_product_and_of_a_bell_state():
    product, bell = np.array([1, 0, 0, 0]), np.array([1, 0, 0, 1]) / np.sqrt(2)
    np.testing.assert_allclose(purities(np.stack([product, bell]) + 0j), [[1, 1], [0.5, 0.5]])


def test_bad_angles_and_too_much_memory_are_refused():
    circuit = layouts.dressed(2, 1)
    with pytest.raises(CircuitError, match=r"weights have shape \(3, 5\), expected \(3, 2\)"):
        states(circuit, np.zeros((3, 2)), np.zeros((3, 5)))
    with pytest.raises(CircuitError, match="not finite"):
        states(circuit, np.full((1, 2), np.nan), np.zeros((1, 2)))
    large = layouts.dressed(14, 6)
    with pytest.raises(CircuitError, match="GiB"):
        states_and_derivatives(large, np.zeros((100, 14)), np.zeros((100, large.weights)))


def test_end_states_share_their_weights_and_come_in_parts(monkeypatch):
    circuit = layouts.qssl_ring(3, 2)
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(7, 3)), rng.normal(size=circuit.weights)
    limit = "qlatent.circuits.analysis.state_derivatives.BYTES_LIMIT"
    monkeypatch.setattr(limit, 2 ** (3 + 8) * 2)  # two rows at a time
    got = end_states(circuit, inputs, weights)
    wanted = [gate_by_gate.states(circuit, row, weights)[-1] for row in inputs]
    np.testing.assert_allclose(got, wanted, atol=1e-12)
    assert end_states(circuit, inputs[:0], weights).shape == (0, 8)
