"""Tests of fitting gates to a state: closed forms of matrix product states, and overlaps of dense matrices."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from numpy.typing import NDArray

from qlatent.hardware import gate_sweeps
from qlatent.hardware.gate_sweeps import Gate

Complex = NDArray[np.complex128]
LINE = [(wire, wire + 1) for wire in range(4)]


def prepared(gates: list[Gate], qubits: int) -> Complex:
    """The state of gates on neighbours, by dense matrices."""
    state = np.eye(2**qubits, 1, dtype=complex)[:, 0]
    for wires, matrix in gates:
        parts = [np.eye(2 ** wires[0]), matrix, np.eye(2 ** (qubits - 1 - wires[-1]))]
        state = reduce(np.kron, parts) @ state
    return state


def unitary(rng: np.random.Generator) -> Complex:
    return np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]


@pytest.mark.parametrize("path", [LINE, LINE[::-1]])
def test_one_pass_prepares_a_state_with_two_schmidt_coefficients_exactly(path: list[tuple[int, int]]) -> None:
    one_excited = np.zeros(32, dtype=complex)
    one_excited[[1, 2, 4, 8, 16]] = np.exp(1j * np.arange(5)) / 5**0.5  # a W state
    gates = gate_sweeps.disentangling(path, one_excited)
    assert [wires for wires, _ in gates] == path
    assert abs(np.vdot(one_excited, prepared(gates, 5))) == pytest.approx(1)


def test_sweeps_raise_the_overlap_and_say_what_it_is() -> None:
    rng = np.random.default_rng(0)
    target = prepared([(wires, unitary(rng)) for wires in LINE * 2], 5)
    gates = [(wires, unitary(rng)) for wires in LINE * 2]
    before, reached = abs(np.vdot(target, prepared(gates, 5))) ** 2, 0.0
    for _ in range(5):
        now = gate_sweeps.improve(gates, target, 1.0, sweeps=1, stalled=0)
        assert now == pytest.approx(abs(np.vdot(target, prepared(gates, 5))) ** 2)
        assert now >= max(before, reached)
        reached = now
    assert reached > before + 0.1


def test_the_best_gate_is_on_the_pair_that_is_entangled() -> None:
    target = np.zeros(32, dtype=complex)
    target[[0, 0b00110]] = 0.5**0.5
    ((wires, matrix),) = gate_sweeps.with_best([], target, LINE)
    assert wires == (2, 3)
    assert abs(np.vdot(target, prepared([(wires, matrix)], 5))) == pytest.approx(1)


def test_a_gate_of_each_wire_on_its_own_entangles_nothing_and_a_swap_most() -> None:
    rng = np.random.default_rng(1)
    turns = [np.linalg.qr(rng.normal(size=(2, 2)))[0].astype(complex) for _ in range(2)]
    assert gate_sweeps.entangling(np.kron(*turns)) == pytest.approx(0, abs=1e-12)
    cnot, swap = np.eye(4)[[0, 1, 3, 2]], np.eye(4)[[0, 2, 1, 3]]
    assert gate_sweeps.entangling(cnot.astype(complex)) == pytest.approx(1 / 2)
    assert gate_sweeps.entangling(swap.astype(complex)) == pytest.approx(3 / 4)
