"""Recompile the circuit of each item into fewer two-qubit gates that prepare nearly the same state. Torch-free.

Jaderberg et al. 2021 (arXiv 2103.14653, appendix F) recompile each image's circuit for the device with incremental
structural learning. This is a greedy variant with general two-qubit gates: append the gate on the pair of wires where
one gate gains most, then replace each gate in turn by the best one while the others stay, until the overlap is reached.
Both steps have a closed solution: the overlap is |tr(U E)| with the gate's environment E, and the largest over all
unitary U is the sum of E's singular values (Evenbly and Vidal 2009, arXiv 0707.1454). As the identity is among them,
the overlap never falls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.analysis import state_derivatives
from qlatent.circuits.circuit import Circuit, Operation
from qlatent.circuits.gates import UNITARY
from qlatent.errors import InputError

Complex = NDArray[np.complex128]
Pair = tuple[int, int]
QUBIT_LIMIT = 12
"""The state of each item is needed exactly; beyond this, recompiling takes longer than it can save."""

_SWEEPS = 200
_STALLED = 2e-4  # gain of the overlap by one sweep below which another gate is appended


@dataclass(frozen=True, slots=True)
class Recompiled:
    """The circuit of one item, without inputs and weights, and how well it prepares the item's state."""

    circuit: Circuit
    overlap: float  # |⟨target|prepared⟩|², 0 to 1
    blocks: int  # two-qubit unitaries; a device runs each as at most three two-qubit gates


def line(qubits: int) -> tuple[Pair, ...]:
    """The pairs of neighbours on a line of qubits."""
    return tuple((wire, wire + 1) for wire in range(qubits - 1))


def recompile(
    circuit: Circuit,
    angles: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    pairs: Sequence[Pair] | None = None,
    overlap: float = 0.99,
) -> Iterator[Recompiled]:
    """One recompiled circuit for each row of `angles` (items, inputs), with `weights` (weights,) in radians.

    `pairs` are the wires that may share a gate, neighbours on a line by default. The search ends at the wanted
    `overlap` or after three gates a pair, so check `Recompiled.overlap`. Raises `InputError` beyond `QUBIT_LIMIT`.
    """
    if circuit.qubits > QUBIT_LIMIT:
        raise InputError(
            f"Recompiling takes exact states: got {circuit.qubits} qubits, expected at most {QUBIT_LIMIT}.",
            remedy="Submit this circuit without recompiling.",
        )
    allowed = tuple(line(circuit.qubits) if pairs is None else pairs)
    for row in angles:
        target = state_derivatives.end_states(circuit, row[None], weights)[0]
        gates, reached = _search(target, allowed, overlap)
        yield Recompiled(_circuit(circuit, gates), reached, sum(len(wires) == 2 for wires, _ in gates))


Gate = tuple[tuple[int, ...], Complex]
"""Wires, and a matrix (2, 2) or (4, 4)."""


def _search(target: Complex, pairs: tuple[Pair, ...], wanted: float) -> tuple[list[Gate], float]:
    """Gates that prepare `target` (2^qubits,) from |0…0⟩, and their overlap with it."""
    qubits = target.size.bit_length() - 1
    gates: list[Gate] = [((wire,), np.eye(2, dtype=complex)) for wire in range(qubits)]
    reached = _improve(gates, target, wanted)
    while reached < wanted and len(gates) < qubits + 3 * len(pairs):
        gates = _with_best(gates, target, pairs)
        reached = max(reached, _improve(gates, target, wanted))
    return gates, reached


def _with_best(gates: list[Gate], target: Complex, pairs: tuple[Pair, ...]) -> list[Gate]:
    """The gates with one more, on the pair and at the place where it gains most."""
    states, behind = _states(gates, target.size), _undone(gates, target)
    places = [(place, wires) for place in range(len(states)) for wires in pairs]
    environments = np.stack([_environment(states[place], behind[place], wires) for place, wires in places])
    gains = np.linalg.svd(environments, compute_uv=False).sum(axis=-1)  # (places,)
    best = int(gains.round(12).argmax())
    place, wires = places[best]
    return [*gates[:place], (wires, _fit(environments[best])[0]), *gates[place:]]


def _improve(gates: list[Gate], target: Complex, wanted: float) -> float:
    """Replace each gate in turn by the best one, back and forth, until the overlap is reached or hardly grows."""
    reached = 0.0
    for _ in range(_SWEEPS):
        before = reached
        reached = _sweep(gates, target) ** 2
        if reached >= wanted or reached - before < _STALLED:
            break
    return reached


def _sweep(gates: list[Gate], target: Complex) -> float:
    """Replace each gate from the last to the first by the best one; returns the absolute overlap."""
    states = _states(gates, target.size)
    behind, value = target, 0.0  # the target with the later gates undone
    for place in range(len(gates) - 1, -1, -1):
        wires = gates[place][0]
        matrix, value = _fit(_environment(states[place], behind, wires))
        gates[place] = (wires, matrix)
        behind = _apply(matrix.conj().T, behind, wires)
    return value


def _states(gates: list[Gate], size: int) -> list[Complex]:
    """The state before each gate and after the last, from |0…0⟩."""
    start = np.zeros(size, dtype=complex)
    start[0] = 1
    found = [start]
    for wires, matrix in gates:
        found.append(_apply(matrix, found[-1], wires))
    return found


def _undone(gates: list[Gate], target: Complex) -> list[Complex]:
    """The target with all gates undone that come after each place, (gates + 1)."""
    found = [target]
    for wires, matrix in reversed(gates):
        found.append(_apply(matrix.conj().T, found[-1], wires))
    return found[::-1]


def _fit(environment: Complex) -> tuple[Complex, float]:
    """The unitary U with the largest |tr(U E)|, and that value."""
    left, sizes, right = np.linalg.svd(environment)
    return (left @ right).conj().T, float(sizes.sum())


def _environment(state: Complex, target: Complex, wires: tuple[int, ...]) -> Complex:
    """E with ⟨target|U|state⟩ = tr(U E) for any U on these wires: (2^wires, 2^wires)."""
    return _split(state, wires) @ _split(target, wires).conj().T


def _apply(matrix: Complex, state: Complex, wires: tuple[int, ...]) -> Complex:
    qubits = state.size.bit_length() - 1
    turned = (matrix @ _split(state, wires)).reshape([2] * qubits)
    return np.moveaxis(turned, range(len(wires)), wires).reshape(-1)


def _split(state: Complex, wires: tuple[int, ...]) -> Complex:
    """The state (2^qubits,) as (2^wires, rest)."""
    qubits = state.size.bit_length() - 1
    return np.moveaxis(state.reshape([2] * qubits), wires, range(len(wires))).reshape(2 ** len(wires), -1)


# --- fewer gates on the device --------------------------------------------------------------------------------


def _lean(gates: list[Gate], qubits: int) -> list[Gate]:
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
        found.append((wires, _free(block, first not in touched, second not in touched)))
        touched |= {first, second}
    return found + [((wire,), matrix) for wire, matrix in enumerate(waiting)]


def _free(block: Complex, first: bool, second: bool) -> Complex:
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


def _circuit(original: Circuit, gates: list[Gate]) -> Circuit:
    operations = tuple(
        Operation(UNITARY, wires, matrix=tuple(map(tuple, matrix.tolist())))
        for wires, matrix in _lean(gates, original.qubits)
    )
    return Circuit(original.qubits, operations, original.observables)
