"""Step through a circuit gate by gate for one sample: states, Bloch vectors and entropies. Torch-free."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.circuits.circuit import Circuit, Operation, constant, written_out
from qlatent.errors import CircuitError

QUBIT_LIMIT = 12
"""All states of one sample are stored: 13 MB for 12 qubits and 200 gates."""


def states(
    circuit: Circuit, inputs: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """The initial state and the state after each operation: (operations + 1, 2^qubits), wire 0 the leftmost bit.

    Takes inputs (inputs,), angles in radians or amplitudes, and weights (weights,) in radians, of one sample.
    """
    _check(circuit, inputs, weights)
    state = np.zeros(2**circuit.qubits, dtype=complex)
    state[0] = 1
    if circuit.encoding == "amplitudes":
        state = lengths.unit(inputs) + 0j
    passed = [state]
    for operation in circuit.operations:
        for part in written_out(_bound(operation, inputs, weights)):
            state = _applied(part, state, circuit.qubits)
        passed.append(state)
    return np.stack(passed)


def bloch_vectors(state: NDArray[np.complex128]) -> NDArray[np.float64]:
    """⟨X⟩, ⟨Y⟩, ⟨Z⟩ of each wire: (..., 2^qubits) → (..., qubits, 3). The length is below 1 for an entangled wire."""
    rho = _reduced(state)
    off = 2 * rho[..., 0, 1]
    return np.stack([off.real, -off.imag, (rho[..., 0, 0] - rho[..., 1, 1]).real], axis=-1)


def entropies(state: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Entanglement entropy of each wire with all others, in bits, 0 to 1: (..., 2^qubits) → (..., qubits).

    −Σ λ log₂ λ over the eigenvalues of the wire's reduced density matrix (von Neumann).
    """
    values = np.linalg.eigvalsh(_reduced(state)).clip(1e-15, 1)
    return np.maximum(0.0, -(values * np.log2(values)).sum(axis=-1))


def _reduced(state: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The reduced density matrix of each wire: (..., 2^qubits) → (..., qubits, 2, 2)."""
    lead, qubits = state.shape[:-1], state.shape[-1].bit_length() - 1
    halves = np.stack(
        [
            np.swapaxes(state.reshape(*lead, 2**wire, 2, -1), -3, -2).reshape(*lead, 2, -1)
            for wire in range(qubits)
        ],
        axis=-3,
    )  # (..., qubits, 2, 2^(qubits-1))
    return halves @ halves.conj().swapaxes(-1, -2)


def _bound(operation: Operation, inputs: NDArray[np.float64], weights: NDArray[np.float64]) -> Operation:
    values = {"input": inputs, "weight": weights}
    angles = tuple(
        p if p.kind == "constant" else constant(float(values[p.kind][p.index])) for p in operation.parameters
    )
    return Operation(operation.gate, operation.wires, angles, operation.matrix)


def _applied(operation: Operation, state: NDArray[np.complex128], qubits: int) -> NDArray[np.complex128]:
    angle = operation.parameters[0].value if operation.parameters else 0.0
    front = range(len(operation.wires))
    moved = np.moveaxis(state.reshape([2] * qubits), operation.wires, front)
    mixed = operation.definition.matrix(angle) @ moved.reshape(2 ** len(operation.wires), -1)
    return np.moveaxis(mixed.reshape(moved.shape), front, operation.wires).reshape(-1)


def _check(circuit: Circuit, inputs: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
    if circuit.qubits > QUBIT_LIMIT:
        raise CircuitError(
            f"Stepping through {circuit.qubits} qubits keeps too many states; the limit is {QUBIT_LIMIT}.",
            remedy="Use a smaller circuit of the same layout.",
        )
    for name, values, count in (("inputs", inputs, circuit.inputs), ("weights", weights, circuit.weights)):
        if np.shape(values) != (count,) or not np.isfinite(values).all():
            raise CircuitError(
                f"The {name} have shape {np.shape(values)}, expected ({count},) finite numbers.",
                remedy="Pass the numbers of one sample.",
            )
    if circuit.encoding == "amplitudes" and not np.any(inputs):
        raise CircuitError("All amplitudes are zero: that is not a state.", remedy="Pass a non-zero vector.")
