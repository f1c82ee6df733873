"""Recompile the circuit of each item into fewer two-qubit gates that prepare nearly the same state. Torch-free.

Jaderberg et al. 2021 (arXiv 2103.14653, appendix F) recompile each image's circuit for the device with incremental
structural learning. This is a greedy variant with general two-qubit gates: append the gate on the pair of wires where
one gate gains most, then improve all gates, until the overlap is reached. Where wires far apart are entangled, as by
the gate that closes a ring, no single gate on neighbours gains. Then gates along the whole line, there and back, carry
the entanglement, and those that the overlap does not need are left out again.
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
from qlatent.hardware.gate_absorption import lean
from qlatent.hardware.gate_sweeps import Complex, Gate, disentangling, entangling, improve, with_best

Pair = tuple[int, int]
QUBIT_LIMIT = 12
"""The state of each item is needed exactly; beyond this, recompiling takes longer than it can save."""

_SWEEPS = 200
_STALLED = (
    2e-4  # gain of the overlap, by a sweep or by a gate, below which the greedy search goes on otherwise
)
_CARRYING_SWEEPS, _CARRYING_STALLED = 50, 1e-4
_SPARING_SWEEPS = 8  # to make up for a gate that is left out
_PASSES = 3  # along the line; more leave so many gates that the circuit is hardly shorter


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
    `overlap` or after three passes over the pairs, so check `Recompiled.overlap`. Raises `InputError` beyond
    `QUBIT_LIMIT`.
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


Found = tuple[list[Gate], float]
"""Gates that prepare a state from |0…0⟩, and their overlap with the wanted one."""


def _search(target: Complex, pairs: tuple[Pair, ...], wanted: float) -> Found:
    """The first search that reaches the overlap with `target` (2^qubits,), or what came nearest."""
    best = _greedy(target, pairs, wanted)
    for passes in range(2, _PASSES + 1):
        for way in (pairs, pairs[::-1]):
            if best[1] >= wanted:
                return best
            best = max(best, _carried(target, way, passes, wanted), key=lambda found: found[1])
    return best


def _greedy(target: Complex, pairs: tuple[Pair, ...], wanted: float) -> Found:
    """One gate after the other, where it gains most, until none gains or they are as many as in two passes."""
    gates = _turns(target)
    gained, reached = 1.0, improve(gates, target, wanted, sweeps=_SWEEPS, stalled=_STALLED)
    for _ in range(2 * len(pairs) - 1):
        if reached >= wanted or gained < _STALLED:
            break
        gates, before = with_best(gates, target, pairs), reached
        reached = improve(gates, target, wanted, sweeps=_SWEEPS, stalled=_STALLED)
        gained = reached - before
    return gates, reached


def _carried(target: Complex, pairs: tuple[Pair, ...], passes: int, wanted: float) -> Found:
    """Gates along all pairs, there and back, without those that the wanted overlap does not need."""
    path = list(pairs)
    for number in range(1, passes):
        path += pairs[-2::-1] if number % 2 else pairs[1:]
    gates = _turns(target) + disentangling(path, target)
    reached = improve(gates, target, wanted, sweeps=_CARRYING_SWEEPS, stalled=_CARRYING_STALLED)
    return _spared((gates, reached), target, wanted) if reached >= wanted else (gates, reached)


def _spared(found: Found, target: Complex, wanted: float) -> Found:
    """The gates without each two-qubit gate for which the others can make up; first tried is what entangles least."""
    gates, reached = found
    left = list(range(len(gates)))  # places of what is not left out
    pairs = [place for place in left if len(gates[place][0]) == 2]
    for place in sorted(
        pairs, key=[entangling(matrix) if len(wires) == 2 else 0.0 for wires, matrix in gates].__getitem__
    ):
        at = left.index(place)
        fewer = gates[:at] + gates[at + 1 :]
        without = improve(fewer, target, wanted, sweeps=_SPARING_SWEEPS, stalled=_STALLED)
        if without >= wanted:
            gates, reached = fewer, without
            left.remove(place)
    return gates, reached


def _turns(target: Complex) -> list[Gate]:
    """The identity on each wire: a one-qubit gate that a device makes without a two-qubit gate."""
    return [((wire,), np.eye(2, dtype=complex)) for wire in range(target.size.bit_length() - 1)]


def _circuit(original: Circuit, gates: list[Gate]) -> Circuit:
    operations = tuple(
        Operation(UNITARY, wires, matrix=tuple(map(tuple, matrix.tolist())))
        for wires, matrix in lean(gates, original.qubits)
    )
    return Circuit(original.qubits, operations, original.observables)
