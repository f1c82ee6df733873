from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from qlatent.circuits import simulate
from qlatent.circuits.bridges import to_pennylane
from qlatent.circuits.circuit import Circuit, Operation, constant, input_, weight
from qlatent.circuits.gates import GATES, SEQUENCES, UNITARY
from qlatent.circuits.layouts import dressed, each_z, qssl_ring, strongly_entangling
from qlatent.errors import CircuitError
from tests.circuits.exported import AMPLITUDES, ASYMMETRIC, CIRCUITS, bound, drawn, exact
from tests.circuits.reference import PAULIS, on_wires

by_name = pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)


@by_name
def test_the_qnode_agrees_with_the_simulator(circuit: Circuit) -> None:
    x, w = drawn(circuit)
    got = np.stack(to_pennylane.qnode(circuit)(x, w), axis=1)
    np.testing.assert_allclose(got, exact(circuit, x, w), atol=1e-9)


@by_name
def test_the_source_code_equals_the_qnode(circuit: Circuit) -> None:
    x, w = drawn(circuit, seed=1)
    namespace: dict[str, object] = {}
    exec(to_pennylane.source(circuit), namespace)
    run = namespace["circuit"]
    assert callable(run)
    np.testing.assert_allclose(np.stack(run(x, w), axis=1), exact(circuit, x, w), atol=1e-9)
    np.testing.assert_allclose(run(x[0], w), exact(circuit, x, w)[0], atol=1e-9)


@pytest.mark.parametrize("kinds", ["icc", "cic", "cci", "cii", "ciw", "cwi", "wic"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_gate_can_mix_batched_and_constant_angles(kinds: str, batch: int) -> None:
    """In the exported code and in the QNode, with arrays and with tensors."""
    makers = {"i": lambda: input_(0), "c": lambda: constant(0.7), "w": lambda: weight(0)}
    used = [makers[kind]() for kind in kinds]
    operations = (Operation("RY", (0,), (constant(0.4),)), Operation("Rot", (0,), tuple(used)))
    circuit = Circuit(2, (*operations, Operation("CNOT", (0, 1))), ((("Z", 0),), (("X", 1),)))
    x, w = drawn(circuit, batch=batch)
    wanted = exact(circuit, x, w)
    namespace: dict[str, Callable[..., Any]] = {}
    exec(to_pennylane.source(circuit), namespace)
    np.testing.assert_allclose(np.stack(namespace["circuit"](x, w), axis=1), wanted, atol=1e-9)
    tensors = torch.tensor(x), torch.tensor(w)
    for run in (namespace["circuit"], to_pennylane.qnode(circuit, interface="torch")):
        np.testing.assert_allclose(torch.stack(run(*tensors), dim=1).numpy(), wanted, atol=1e-9)


def test_gates_of_weights_alone_stay_one_line_of_the_source() -> None:
    assert "qml.Rot(weights[..., 0], weights[..., 1], weights[..., 2], wires=[0])" in to_pennylane.source(
        strongly_entangling(2, 1)
    )


def test_a_name_cannot_smuggle_code_into_the_source() -> None:
    name = 'x"""\nraise SystemExit  # {circuit}'
    circuit = Circuit(1, (Operation("H", (0,)),), each_z(1), name)
    exec(to_pennylane.source(circuit), {})


def test_wire_0_is_the_leftmost_bit() -> None:
    flips = Circuit(3, (Operation("X", (0,)), Operation("CNOT", (0, 1))), each_z(3))
    none = np.zeros(0)
    assert [float(z) for z in to_pennylane.qnode(flips)(none, none)] == [-1.0, -1.0, 1.0]
    states = to_pennylane.snapshots(flips, np.zeros((1, 0)), none)
    assert np.flatnonzero(states[0, 0]) == [0b100]
    assert np.flatnonzero(states[0, 1]) == [0b110]


@pytest.mark.parametrize("circuit", [ASYMMETRIC, AMPLITUDES], ids=lambda circuit: circuit.name)
def test_snapshots_have_the_expectations_of_the_circuit_cut_there(circuit: Circuit) -> None:
    x, w = drawn(circuit)
    states = to_pennylane.snapshots(circuit, x, w)
    assert states.shape == (3, len(circuit.operations), 2**circuit.qubits)
    words = [
        on_wires({wire: PAULIS[letter] for letter, wire in word}, circuit.qubits)
        for word in circuit.observables
    ]
    for row, steps in zip(x, states, strict=True):
        whole = bound(circuit, row, w)
        for number, state in enumerate(steps, start=1):
            cut = replace(whole, operations=whole.operations[:number])
            wanted = exact(cut, row[None, : cut.inputs], np.zeros(0))[0]
            got = [(state.conj() @ word @ state).real for word in words]
            np.testing.assert_allclose(got, wanted, atol=1e-9)


def test_snapshots_keep_the_phase() -> None:
    circuit = Circuit(1, (Operation("H", (0,)), Operation("S", (0,))), each_z(1))
    got = to_pennylane.snapshots(circuit, np.zeros((2, 0)), np.zeros(0))
    np.testing.assert_allclose(got, [np.array([[1, 1], [1, 1j]]) / np.sqrt(2)] * 2, atol=1e-12)


def test_gradients_flow_through_the_torch_interface() -> None:
    circuit = dressed(3, 2)
    x, w = (torch.tensor(part, requires_grad=True) for part in drawn(circuit))
    sum(to_pennylane.qnode(circuit, interface="torch")(x, w)).sum().backward()
    other_x, other_w = (part.detach().clone().requires_grad_() for part in (x, w))
    simulate.expectations(circuit, other_x, other_w).sum().backward()
    torch.testing.assert_close(x.grad, other_x.grad)
    torch.testing.assert_close(w.grad, other_w.grad)


def test_shots_are_sampled() -> None:
    circuit = Circuit(1, (Operation("RY", (0,), (input_(0),)),), each_z(1))
    (z,) = to_pennylane.qnode(circuit, shots=400)(np.array([[1.2], [0.3]]), np.zeros(0))
    np.testing.assert_allclose(z * 200, np.round(z * 200), atol=1e-9)  # means of 400 values ±1
    assert (np.abs(z - np.cos([1.2, 0.3])) < 6 * np.sin([1.2, 0.3]) / np.sqrt(400)).all()


def test_expectations_fill_the_batch_where_no_input_matters() -> None:
    circuit = Circuit(2, (Operation("RX", (1,), (weight(0),)),), each_z(2))
    got = to_pennylane.expectations(circuit, np.zeros((3, 0)), np.array([0.7]))
    np.testing.assert_allclose(got, [[1, np.cos(0.7)]] * 3, atol=1e-12)


def test_an_empty_batch_gives_an_empty_result() -> None:
    none, weights = np.zeros((0, 2)), np.zeros(2)
    assert to_pennylane.expectations(dressed(2, 1), none, weights).shape == (0, 2)
    assert to_pennylane.snapshots(dressed(2, 1), none, weights).shape == (0, 7, 4)


@pytest.mark.parametrize("function", [to_pennylane.expectations, to_pennylane.snapshots])
def test_a_single_row_is_not_taken_for_a_batch(function: Callable[..., np.ndarray]) -> None:
    with pytest.raises(CircuitError, match=r"inputs have shape \(2,\), expected \(batch, 2\)\."):
        function(dressed(2, 1), np.zeros(2), np.zeros(2))


def test_the_drawing_names_inputs_and_weights() -> None:
    drawing = to_pennylane.draw(dressed(2, 1))
    assert drawing.splitlines() == ["0: ──H──RY(x0)─╭●──RY(w0)─┤  <Z>", "1: ──H──RY(x1)─╰X──RY(w1)─┤  <Z>"]


@by_name
def test_every_circuit_can_be_drawn_and_counted(circuit: Circuit) -> None:
    assert len(to_pennylane.draw(circuit).splitlines()) >= circuit.qubits
    assert to_pennylane.specs(circuit)["num_allocs"] == circuit.qubits


def test_specs_count_gates_and_depth() -> None:
    specs = to_pennylane.specs(qssl_ring(3, 2))
    assert specs["gate_types"] == {"RX": 3, "RY": 6, "CRX": 6}
    assert (specs["num_gates"], specs["depth"]) == (15, 9)


def test_no_gate_is_left_out_of_these_tests() -> None:
    used = {operation.gate for operation in ASYMMETRIC.operations}
    assert used == {*GATES, *SEQUENCES, UNITARY}


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(CircuitError, match=r"no device 'default\.quibt'.*default\.qubit"):
        to_pennylane.qnode(dressed(2, 1), device="default.quibt")


@pytest.mark.parametrize(
    ("inputs", "weights", "message"),
    [
        (np.zeros((3, 3)), np.zeros(2), r"inputs have shape \(3, 3\), expected \(batch, 2\)"),
        (np.zeros((1, 3, 2)), np.zeros(2), r"inputs have shape \(1, 3, 2\)"),
        (np.zeros((3, 2)), np.zeros(3), r"weights have shape \(3,\), expected \(2,\)"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(inputs: np.ndarray, weights: np.ndarray, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        to_pennylane.qnode(dressed(2, 1))(inputs, weights)


def test_a_zero_vector_is_not_a_state() -> None:
    x, w = drawn(AMPLITUDES)
    x[1] = 0
    with pytest.raises(CircuitError, match="vector of zeros"):
        to_pennylane.qnode(AMPLITUDES)(x, w)


def test_constants_keep_all_their_digits_in_the_source() -> None:
    circuit = Circuit(1, (Operation("RX", (0,), (constant(0.1 + 0.2),)),), each_z(1))
    assert "qml.RX(0.30000000000000004, wires=[0])" in to_pennylane.source(circuit)
