"""Tests of recompiling circuits: overlaps against Qiskit's state vector, gate counts against Qiskit's decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit, Operation, constant, input_
from qlatent.circuits.layouts import each_z
from qlatent.errors import InputError
from qlatent.hardware import gate_absorption, recompile
from qlatent.hardware.recompile import Recompiled

ring = layouts.qssl_ring(qubits=5, layers=2)


def recompiled(
    circuit: Circuit, angles: NDArray[np.float64], weights: NDArray[np.float64]
) -> list[Recompiled]:
    return list(recompile.recompile(circuit, angles, weights))


def pair_gates(circuit: Circuit) -> list[int]:
    from qiskit.circuit.library import CXGate
    from qiskit.synthesis import TwoQubitBasisDecomposer

    count = TwoQubitBasisDecomposer(CXGate()).num_basis_gates
    return [count(np.array(each.matrix)) for each in circuit.operations if len(each.wires) == 2]


def state(
    circuit: Circuit, inputs: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.complex128]:
    from qiskit.quantum_info import Statevector

    from qlatent.circuits.bridges import to_qiskit

    return np.asarray(Statevector(to_qiskit.bind(circuit, inputs, weights)).data)


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_the_recompiled_circuit_prepares_the_state_with_the_overlap_that_it_names(scale: float) -> None:
    rng = np.random.default_rng(1)
    weights, angles = rng.normal(0, scale, ring.weights), rng.uniform(0, np.pi, (3, ring.inputs))
    for row, found in zip(angles, recompiled(ring, angles, weights), strict=True):
        prepared = state(found.circuit, np.zeros(0), np.zeros(0))
        assert abs(np.vdot(state(ring, row, weights), prepared)) ** 2 == pytest.approx(
            found.overlap, abs=1e-9
        )
        assert found.overlap >= 0.99
        assert found.circuit.observables == ring.observables
        assert found.blocks == len(pair_gates(found.circuit))
        if scale < 1:
            assert sum(pair_gates(found.circuit)) <= 8  # the ring's ten CRX are 20 CNOTs before any routing


def test_a_product_state_needs_no_two_qubit_gate() -> None:
    turned = tuple(Operation("RY", (wire,), (input_(wire),)) for wire in range(4))
    (found,) = recompiled(Circuit(4, turned, each_z(4)), np.array([[0.3, 1.2, 2.0, 0.7]]), np.zeros(0))
    assert found.blocks == 0
    assert found.overlap == pytest.approx(1)


def test_an_entangled_pair_needs_one_gate_and_one_cnot() -> None:
    bell = Circuit(3, (Operation("H", (0,)), Operation("CNOT", (0, 2))), each_z(3))
    found = next(recompile.recompile(bell, np.zeros((1, 0)), np.zeros(0), pairs=[(0, 2), (0, 1)]))
    assert pair_gates(found.circuit) == [1]
    assert abs(state(found.circuit, np.zeros(0), np.zeros(0))[[0, 5]]) == pytest.approx([0.5**0.5] * 2)


def test_a_gate_on_a_wire_in_zero_needs_two_cnots_and_on_two_such_wires_one() -> None:
    rng = np.random.default_rng(0)
    block = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
    for fresh, kept, gates in (
        ((True, True), [0], 1), ((True, False), [0, 1], 2), ((False, True), [0, 2], 2), ((False, False), range(4), 3)
    ):  # fmt: skip
        free = gate_absorption.free(block, *fresh)
        columns = list(kept)
        assert np.abs(free[:, columns] - block[:, columns]).max() < 1e-12
        assert np.abs(free @ free.conj().T - np.eye(4)).max() < 1e-12
        one = Circuit(2, (Operation("Unitary", (0, 1), matrix=tuple(map(tuple, free.tolist()))),), each_z(2))
        assert pair_gates(one) == [gates]


def test_where_the_overlap_is_not_reached_it_says_so() -> None:
    far = Circuit(4, tuple(Operation("CRX", (0, wire), (constant(2.0),)) for wire in (1, 2, 3)), each_z(4))
    mixed = Circuit(4, (Operation("H", (0,)), *far.operations), each_z(4))
    found = next(recompile.recompile(mixed, np.zeros((1, 0)), np.zeros(0), pairs=[(0, 1)]))
    prepared = state(found.circuit, np.zeros(0), np.zeros(0))
    assert found.overlap == pytest.approx(abs(np.vdot(state(mixed, np.zeros(0), np.zeros(0)), prepared)) ** 2)
    assert found.overlap < 0.99


def test_default_weights_reach_the_overlap_although_the_ring_does_not_close_on_a_line() -> None:
    eight = layouts.qssl_ring(qubits=8, layers=2)
    rng = np.random.default_rng(10)  # with one gate after the other these items end below 0.96
    weights, angles = rng.normal(0, 8**-0.5, eight.weights), rng.uniform(0, np.pi, (3, 8))
    for row, found in zip(angles, recompiled(eight, angles, weights), strict=True):
        prepared = state(found.circuit, np.zeros(0), np.zeros(0))
        assert abs(np.vdot(state(eight, row, weights), prepared)) ** 2 > 0.99
        assert sum(pair_gates(found.circuit)) <= 24  # the ring on a line takes 68


def test_entanglement_of_the_ends_of_a_line_is_carried_along_it() -> None:
    bell = Circuit(4, (Operation("H", (0,)), Operation("CNOT", (0, 3))), each_z(4))
    found = next(recompile.recompile(bell, np.zeros((1, 0)), np.zeros(0)))
    assert abs(state(found.circuit, np.zeros(0), np.zeros(0))[[0, 9]]) ** 2 == pytest.approx(
        [0.5] * 2, abs=0.1
    )
    assert found.overlap > 0.99
    assert found.blocks == 3  # no fewer connect the ends
    assert sum(pair_gates(found.circuit)) == 5  # a pair in the middle, and each half of it swapped with |0⟩


def test_the_same_item_gets_the_same_circuit() -> None:
    angles, weights = np.full((1, 5), 1.0), np.full(ring.weights, 0.8)
    assert recompiled(ring, angles, weights) == recompiled(ring, angles, weights)


def test_wide_circuits_are_refused() -> None:
    wide = layouts.qssl_ring(qubits=13, layers=1)
    with pytest.raises(InputError, match="got 13 qubits, expected at most 12"):
        recompiled(wide, np.zeros((1, 13)), np.zeros(wide.weights))
