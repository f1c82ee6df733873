"""Figures of merit against closed forms: idle and one-qubit circuits, random states, known ranks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import unitary_group

from qlatent.circuits import layouts
from qlatent.circuits.analysis import figures_of_merit
from qlatent.circuits.circuit import Circuit, Operation, input_, weight
from qlatent.errors import CircuitError

Z0 = ((("Z", 0),),)


def rotations(*gates, qubits=1):
    """Weights in order on wire 0."""
    operations = tuple(Operation(gate, (0,), (weight(number),)) for number, gate in enumerate(gates))
    return Circuit(qubits, operations, Z0)


def test_an_idle_circuit_reaches_one_point():
    found = figures_of_merit.expressibility(Circuit(2, (Operation("H", (0,)),), Z0))
    assert found.divergence == pytest.approx(np.log(75))
    assert found.shares[-1] == 1


def test_states_on_the_equator_have_their_closed_form():
    """Fidelities cos²(δ/2) at uniform δ: P(F ≤ f) = 1 − (2/π)·arcsin √(1 − f), in bins of one width for one qubit."""
    equator = Circuit(1, (Operation("H", (0,)), Operation("RZ", (0,), (weight(0),))), Z0)
    shares = np.diff(2 / np.pi * np.arcsin(np.sqrt(np.arange(76) / 75)))
    found = figures_of_merit.expressibility(equator, pairs=50_000)
    np.testing.assert_allclose(found.shares, shares, atol=0.005)
    assert found.divergence == pytest.approx((shares * np.log(75 * shares)).sum(), abs=0.01)


@pytest.mark.parametrize("qubits", [1, 3, 10])
def test_random_states_show_nothing_but_the_floor(qubits, monkeypatch):
    rng = np.random.default_rng(0)

    def haar(circuit, inputs, weights):
        found = rng.normal(size=(len(inputs), 2**qubits)) + 1j * rng.normal(size=(len(inputs), 2**qubits))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    monkeypatch.setattr(figures_of_merit, "states", haar)
    found = figures_of_merit.expressibility(layouts.dressed(qubits, 1), pairs=4000)
    assert found.divergence == pytest.approx(found.floor, abs=0.006)  # chi-square: ±2.5 standard deviations


@pytest.mark.parametrize("name", figures_of_merit.PUBLISHED)
def test_without_inputs_the_published_expressibility_is_found(name):
    """Equal to the published values within the sampling error of 5,000 pairs on both sides."""
    layout, sizes = name.rsplit("-", 1)
    circuit = layouts.LAYOUTS[layout.replace("-", "_")](*map(int, sizes.split("x")))
    assert circuit.name == name
    rest = figures_of_merit.resting_inputs(circuit)
    found = [
        figures_of_merit.expressibility(circuit, inputs=rest, pairs=5000, seed=seed).equal_width
        for seed in range(4)
    ]
    spread = 0.05 * np.mean(found) + 0.004  # standard deviation over 12 seeds: 0.0007 to 0.014
    assert np.mean(found) == pytest.approx(figures_of_merit.PUBLISHED[name], abs=2.5 * spread)


def test_random_inputs_hide_unreachable_states():
    circuit = layouts.sim_15(4, 1)
    fixed = figures_of_merit.expressibility(circuit, inputs=figures_of_merit.resting_inputs(circuit))
    assert fixed.equal_width > 5 * figures_of_merit.expressibility(circuit).equal_width


def test_inputs_at_rest_are_the_start_state():
    for circuit in (layouts.sim_14(2, 1), layouts.amplitude(2, 1)):
        rest = figures_of_merit.resting_inputs(circuit)[None]
        states = figures_of_merit.states(circuit, rest, np.zeros((1, circuit.weights)))
        z = figures_of_merit.expectations(circuit, states)
        np.testing.assert_allclose(z, 1, atol=1e-12)


def test_more_layers_express_more():
    values = [figures_of_merit.expressibility(layouts.strongly_entangling(4, n)).divergence for n in (1, 3)]
    assert values[0] > values[1]


def test_given_weights_leave_only_the_inputs_to_vary():
    fixed = figures_of_merit.expressibility(
        rotations("RX", "RY"), weights=np.array([0.3, 0.4])
    )  # no inputs at all
    assert fixed.divergence == pytest.approx(np.log(75))
    turned = Circuit(2, (Operation("RX", (0,), (weight(0),)), Operation("CNOT", (0, 1))), Z0)
    found = figures_of_merit.entangling_capability(turned, weights=np.array([np.pi / 2]), samples=10)
    assert found.value == pytest.approx(1)  # a Bell state each time


def test_products_have_no_entanglement_and_ghz_states_all():
    product = figures_of_merit.entangling_capability(layouts.product(4, 2), samples=100)
    assert product.value == pytest.approx(0, abs=1e-12)
    operations = [Operation("H", (0,)), *(Operation("CNOT", (wire, wire + 1)) for wire in range(3))]
    ghz = figures_of_merit.entangling_capability(Circuit(4, tuple(operations), Z0), samples=100)
    assert ghz.value == pytest.approx(1)
    assert ghz.haar == pytest.approx(14 / 17)


def test_random_unitaries_entangle_as_haar_random_states():
    matrix = lambda seed: tuple(map(tuple, unitary_group.rvs(4, random_state=seed)))  # noqa: E731
    values = []
    for seed in range(300):
        circuit = Circuit(2, (Operation("Unitary", (0, 1), (), matrix(seed)),), Z0)
        values.append(figures_of_merit.entangling_capability(circuit, samples=2).value)
    assert np.mean(values) == pytest.approx(2 / 5, abs=0.05)  # (N − 2)/(N + 1)


def test_the_gradient_of_a_cosine_has_variance_a_half():
    found = figures_of_merit.gradient_variance(
        lambda size: rotations("RX", qubits=size), [1, 2], samples=4000
    )
    np.testing.assert_allclose(found.values, 0.5, atol=0.03)


def test_gradients_vanish_with_qubits_and_layers():
    found = figures_of_merit.gradient_variance(lambda n: layouts.strongly_entangling(n, 2 * n), [2, 4, 6])
    assert found.values[0] > 2 * found.values[1] > 8 * found.values[2]


def test_a_circuit_whose_weights_reach_nothing_has_no_gradient():
    circuit = Circuit(2, (Operation("RX", (1,), (weight(0),)),), Z0)
    assert figures_of_merit.gradient_variance(lambda _: circuit, [2]).values.tolist() == [0]


def test_two_turns_about_one_axis_are_one_weight():
    assert figures_of_merit.independent_weights(rotations("RY", "RY")) == 1
    assert (
        figures_of_merit.independent_weights(rotations("RX", "RX", "RY", "RY")) == 2
    )  # real states are points of a sphere
    assert figures_of_merit.independent_weights(rotations("RZ")) == 0  # of |0⟩, only a phase
    assert figures_of_merit.independent_weights(layouts.product(3, 4)) == 3


def test_real_gates_turn_no_further_than_rotations_of_the_space():
    """A real circuit on two qubits is a matrix of SO(4), which has six directions."""
    assert figures_of_merit.independent_weights(layouts.dressed(2, 3)) == 6
    assert figures_of_merit.independent_weights(layouts.dressed(2, 6)) == 6


def test_effective_dimension_of_one_weight_in_closed_form():
    """RY(w) on |0⟩ has Fisher information 1 everywhere: ln(1 + κ)/ln κ."""
    kappa = 1000 / (2 * np.pi * np.log(1000))
    wanted = np.log(1 + kappa) / np.log(kappa)
    assert figures_of_merit.effective_dimension(rotations("RY")) == pytest.approx(wanted, rel=1e-3)


def test_redundant_weights_lower_the_effective_dimension():
    assert figures_of_merit.effective_dimension(rotations("RY", "RY")) < 0.75
    assert figures_of_merit.effective_dimension(rotations("RZ")) == 0


def test_a_cosine_has_one_frequency_and_reuploading_more():
    once = Circuit(1, (Operation("RX", (0,), (input_(0),)),), Z0)
    found = figures_of_merit.fourier_spectrum(once)
    np.testing.assert_allclose(found.power, [0, 0, 0.25], atol=1e-12)  # cos x = (e^ix + e^−ix)/2
    np.testing.assert_allclose(found.frequencies, [0, 0.5, 1])
    twice = Circuit(1, (*once.operations, Operation("RX", (0,), (input_(0),))), Z0)
    np.testing.assert_allclose(figures_of_merit.fourier_spectrum(twice).power, [0, 0, 0, 0, 0.25], atol=1e-12)
    spectrum = figures_of_merit.fourier_spectrum(layouts.reuploading(2, 3))
    assert spectrum.frequencies[-1] == 3
    np.testing.assert_allclose(spectrum.power[1::2], 0, atol=1e-12)  # no half frequencies
    assert (spectrum.power[2::2] > 0).all()


def test_controlled_rotations_have_half_frequencies():
    operations = (Operation("H", (0,)), Operation("CRX", (0, 1), (input_(0),)))
    found = figures_of_merit.fourier_spectrum(Circuit(2, operations, ((("X", 0),),)))
    np.testing.assert_allclose(found.power, [0, 0.25, 0], atol=1e-12)  # ⟨X₀⟩ = cos(x/2)


def test_invalid_requests_are_refused():
    with pytest.raises(CircuitError, match="no input angle 0"):
        figures_of_merit.fourier_spectrum(layouts.amplitude(2, 1))
    with pytest.raises(CircuitError, match="no weight"):
        figures_of_merit.effective_dimension(Circuit(1, (Operation("RX", (0,), (input_(0),)),), Z0))
    with pytest.raises(CircuitError, match="10 items"):
        figures_of_merit.effective_dimension(rotations("RY"), items=10)
