"""Fit the gates of a circuit to a state, one gate after the other. Torch-free.

The overlap of a state with the one that gates prepare is |tr(U E)| for each gate U, with an environment E that the
other gates make. The largest over all unitary U is the sum of E's singular values (Evenbly and Vidal 2009, arXiv
0707.1454). As the gate itself is among them, the overlap never falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Wires = tuple[int, ...]
Gate = tuple[Wires, Complex]
"""Wires, and a matrix (2, 2) or (4, 4)."""


def improve(gates: list[Gate], target: Complex, wanted: float, *, sweeps: int, stalled: float) -> float:
    """The overlap |⟨target|prepared⟩|² after replacing each gate of the list in turn by the best one, again and again.

    It ends when the overlap is `wanted`, when a sweep gains less than `stalled`, or after so many `sweeps`.
    """
    reached = 0.0
    for _ in range(sweeps):
        before = reached
        reached = _sweep(gates, target) ** 2
        if reached >= wanted or reached - before < stalled:
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
        behind = undone((wires, matrix), behind)
    return value


def with_best(gates: list[Gate], target: Complex, pairs: Sequence[Wires]) -> list[Gate]:
    """The gates with one more, on the pair and at the place where it gains most."""
    states, behind = (
        _states(gates, target.size),
        [target],
    )  # `behind`: the target with all gates undone from here on
    for gate in reversed(gates):
        behind.insert(0, undone(gate, behind[0]))
    places = [(place, wires) for place in range(len(states)) for wires in pairs]
    environments = np.stack([_environment(states[place], behind[place], wires) for place, wires in places])
    gains = np.linalg.svd(environments, compute_uv=False).sum(axis=-1)  # (places,)
    best = int(gains.round(12).argmax())
    place, wires = places[best]
    return [*gates[:place], (wires, _fit(environments[best])[0]), *gates[place:]]


def disentangling(path: Sequence[Wires], target: Complex) -> list[Gate]:
    """One gate for each wires of `path`, which together prepare about the state `target` (2^qubits,).

    Seen from the last gate, each undoes what it can: it brings the likeliest states of its pair to those where the
    wire is in |0⟩ that the gate before it does not use. One pass along a line prepares the state exactly if no cut
    through the line has more than two Schmidt coefficients (Ran 2020, arXiv 1908.07958).
    """
    found: list[Gate] = []
    for place in range(len(path) - 1, -1, -1):
        wires, before = path[place], path[place - 1] if place else ()
        part = split(target, wires)
        likeliest = np.linalg.eigh(part @ part.conj().T)[1][:, ::-1]
        if len(wires) == 2 and wires[0] in before and wires[1] not in before:
            likeliest = likeliest[:, [0, 2, 1, 3]]
        found.append((wires, likeliest))
        target = undone(found[-1], target)
    return found[::-1]


def undone(gate: Gate, state: Complex) -> Complex:
    """The state (2^qubits,) before this gate."""
    return _apply(gate[1].conj().T, state, gate[0])


def _states(gates: list[Gate], size: int) -> list[Complex]:
    """The state before each gate and after the last, from |0…0⟩."""
    start = np.zeros(size, dtype=complex)
    start[0] = 1
    found = [start]
    for wires, matrix in gates:
        found.append(_apply(matrix, found[-1], wires))
    return found


def _fit(environment: Complex) -> tuple[Complex, float]:
    """The unitary U with the largest |tr(U E)|, and that value."""
    left, sizes, right = np.linalg.svd(environment)
    return (left @ right).conj().T, float(sizes.sum())


def _environment(state: Complex, target: Complex, wires: Wires) -> Complex:
    """E with ⟨target|U|state⟩ = tr(U E) for any U on these wires: (2^wires, 2^wires)."""
    return split(state, wires) @ split(target, wires).conj().T


def _apply(matrix: Complex, state: Complex, wires: Wires) -> Complex:
    shape, _, back = _axes(state.size.bit_length() - 1, wires)
    return (matrix @ split(state, wires)).reshape(shape).transpose(back).reshape(-1)


def split(state: Complex, wires: Wires) -> Complex:
    """The state (2^qubits,) as (2^wires, rest)."""
    shape, there, _ = _axes(state.size.bit_length() - 1, wires)
    return state.reshape(shape).transpose(there).reshape(2 ** len(wires), -1)


@lru_cache(maxsize=1024)  # np.moveaxis finds them anew each time, which takes longer than all the rest
def _axes(qubits: int, wires: Wires) -> tuple[Wires, Wires, Wires]:
    """The shape of a state by wire, the order of axes with these wires first, and the one that turns it back."""
    there = (*wires, *(wire for wire in range(qubits) if wire not in wires))
    return (2,) * qubits, there, tuple(np.argsort(there).tolist())


def entangling(matrix: Complex) -> float:
    """How far a gate (4, 4) is from one gate a wire: the linear entropy of its operator Schmidt values, 0 to 3/4."""
    sizes = np.linalg.svd(matrix.reshape([2] * 4).swapaxes(1, 2).reshape(4, 4), compute_uv=False)
    return float(1 - (sizes**4).sum() / 16)
