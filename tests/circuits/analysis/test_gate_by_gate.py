import numpy as np
import pytest

from qlatent.circuits import layouts
from qlatent.circuits.analysis import gate_by_gate
from qlatent.circuits.bridges import to_pennylane
from qlatent.circuits.circuit import Circuit, Operation, weight
from qlatent.errors import CircuitError
from tests.circuits import exported
from tests.circuits.reference import PAULIS, on_wires

BELL = Circuit(2, (Operation("H", (0,)), Operation("CNOT", (0, 1))), layouts.each_z(2))
NOTHING = np.zeros(0)


@pytest.mark.parametrize("circuit", [exported.ASYMMETRIC, exported.AMPLITUDES], ids=lambda c: c.name)
def test_states_are_those_of_pennylane_after_each_gate(circuit: Circuit) -> None:
    x, w = exported.drawn(circuit, batch=1)
    got = gate_by_gate.states(circuit, x[0], w)
    np.testing.assert_allclose(got[1:], to_pennylane.snapshots(circuit, x, w)[0], atol=1e-12)


def test_entangling_shortens_the_bloch_vectors_and_raises_the_entropy() -> None:
    start, plus, bell = gate_by_gate.states(BELL, NOTHING, NOTHING)
    np.testing.assert_allclose(gate_by_gate.bloch_vectors(start), [[0, 0, 1], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(gate_by_gate.bloch_vectors(plus), [[1, 0, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(gate_by_gate.bloch_vectors(bell), np.zeros((2, 3)), atol=1e-12)
    np.testing.assert_allclose(gate_by_gate.entropies(plus), [0, 0], atol=1e-9)
    np.testing.assert_allclose(gate_by_gate.entropies(bell), [1, 1], atol=1e-9)


def test_entropy_of_a_partly_entangled_pair_is_that_of_its_schmidt_weights() -> None:
    circuit = Circuit(2, (Operation("RY", (0,), (weight(0),)), Operation("CNOT", (0, 1))), layouts.each_z(2))
    angle = 0.7
    p = np.cos(angle / 2) ** 2
    wanted = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    got = gate_by_gate.entropies(gate_by_gate.states(circuit, NOTHING, np.array([angle]))[-1])
    np.testing.assert_allclose(got, [wanted, wanted], atol=1e-12)


def test_a_vector_lies_where_the_rotation_puts_it() -> None:
    circuit = Circuit(1, (Operation("H", (0,)), Operation("RZ", (0,), (weight(0),))), layouts.each_z(1))
    vectors = gate_by_gate.bloch_vectors(gate_by_gate.states(circuit, NOTHING, np.array([0.4]))[-1])
    np.testing.assert_allclose(vectors, [[np.cos(0.4), np.sin(0.4), 0]], atol=1e-12)


def test_states_in_a_stack_are_read_as_each_alone() -> None:
    x, w = exported.drawn(exported.ASYMMETRIC, batch=1)
    states = gate_by_gate.states(exported.ASYMMETRIC, x[0], w)
    for read in (gate_by_gate.bloch_vectors, gate_by_gate.entropies):
        np.testing.assert_allclose(read(states), [read(state) for state in states], atol=1e-12)
    wanted = [
        [(state.conj() @ on_wires({wire: PAULIS[p]}, 3) @ state).real for p in "XYZ"]
        for state in states
        for wire in range(3)
    ]
    np.testing.assert_allclose(gate_by_gate.bloch_vectors(states).reshape(-1, 3), wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("circuit", "inputs", "weights", "message"),
    [
        (layouts.dressed(2, 1), np.zeros(3), np.zeros(2), r"inputs have shape \(3,\)"),
        (layouts.dressed(2, 1), np.zeros(2), np.array([np.nan, 0]), "finite"),
        (layouts.dressed(13, 1), np.zeros(13), np.zeros(13), "the limit is 12"),
        (layouts.amplitude(1, 1), np.zeros(2), np.zeros(3), "not a state"),
    ],
)
def test_unsuitable_circuits_and_inputs_are_refused(
    circuit: Circuit, inputs: np.ndarray, weights: np.ndarray, message: str
) -> None:
    with pytest.raises(CircuitError, match=message):
        gate_by_gate.states(circuit, inputs, weights)
