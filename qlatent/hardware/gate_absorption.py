"""Let two-qubit gates absorb their neighbours, so that a device needs fewer CNOTs for the same state. Torch-free."""

from __future__ import annotations

import numpy as np

from qlatent.hardware.gate_sweeps import Complex, Gate


def lean(gates: list[Gate], qubits: int) -> list[Gate]:
    """Gates that prepare the same state, with every one-qubit gate that a two-qubit gate can absorb.

    A wire without a two-qubit gate before is in |0⟩, so a gate on it is free on the other half of its inputs. It is
    chosen so that a device needs one CNOT where both wires are in |0⟩, and two where one is, instead of three.
    """
    waiting = [np.eye(2, dtype=complex) for _ in range(qubits)]
    touched: set[int] = set()
    found: list[Gate] = []
    for wires, matrix in gates:
        if len(wires) == 1:
            waiting[wires[0]] = matrix @ waiting[wires[0]]
            continue
        first, second = wires
        block = matrix @ np.kron(waiting[first], waiting[second])
        waiting[first] = waiting[second] = np.eye(2, dtype=complex)
        found.append((wires, free(block, first not in touched, second not in touched)))
        touched |= {first, second}
    return found + [((wire,), matrix) for wire, matrix in enumerate(waiting)]


def free(block: Complex, first: bool, second: bool) -> Complex:
    """A block with the same effect where the wires that are `True` are in |0⟩."""
    if first and second:
        return _preparation(block[:, 0])
    if first:
        return _with_two_cnots(block)
    if second:
        swapped = [0, 2, 1, 3]
        return _with_two_cnots(block[np.ix_(swapped, swapped)])[np.ix_(swapped, swapped)]
    return block


def _preparation(state: Complex) -> Complex:
    """A unitary with one CNOT that prepares a state (4,) from |00⟩: its Schmidt decomposition."""
    left, sizes, right = np.linalg.svd(state.reshape(2, 2))
    turn = np.array([[sizes[0], -sizes[1]], [sizes[1], sizes[0]]])
    return np.kron(left, right.T) @ _CNOT @ np.kron(turn, np.eye(2))


def _with_two_cnots(block: Complex) -> Complex:
    """The block after a controlled RZ, which acts only where the first wire is in |1⟩, so that two CNOTs suffice.

    They do if tr(U YY Uᵀ YY) is real for U in SU(4) (Shende, Bullock and Markov 2004, arXiv quant-ph/0308045).
    """
    unit = block / np.linalg.det(block) ** 0.25
    inner = unit.T @ _YY @ unit
    outer, between = -2 * inner[3, 0], 2 * inner[1, 2]
    half = np.arctan2(-(outer + between).imag, (outer - between).real)
    return block * np.array([1, 1, np.exp(-1j * half), np.exp(1j * half)])


_CNOT = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=complex)
_YY = np.array([[0, 0, 0, -1], [0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0]], dtype=complex)
