"""Final states of batches with their own angles per sample, and state derivatives by the weights. Torch-free.

Meant for analysis: simple, in float64. Training uses the engines of `simulate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.circuits.circuit import Circuit, Operation
from qlatent.circuits.gates import PAULI
from qlatent.errors import CircuitError

States = NDArray[np.complex128]
Angles = NDArray[np.float64]
BYTES_LIMIT = 2**30


def states(circuit: Circuit, inputs: Angles, weights: Angles) -> States:
    """Final states (batch, 2^qubits) for inputs (batch, inputs) and weights (batch, weights); wire 0 leftmost."""
    return states_and_derivatives(circuit, inputs, weights, [])[0]


def end_states(circuit: Circuit, inputs: Angles, weights: Angles) -> States:
    """Final states (batch, 2^qubits) for inputs (batch, inputs) and shared weights (weights,), for any batch size.

    Computed in chunks, so that only the result takes memory.
    """
    rows = max(1, BYTES_LIMIT // 2 ** (circuit.qubits + 8))
    found = np.empty((len(inputs), 2**circuit.qubits), dtype=complex)
    for start in range(0, len(inputs), rows):
        part = inputs[start : start + rows]
        shared = np.broadcast_to(weights, (len(part), *np.shape(weights)))
        found[start : start + rows] = states(circuit, part, shared)
    return found


def states_and_derivatives(
    circuit: Circuit, inputs: Angles, weights: Angles, which: Sequence[int] | None = None
) -> tuple[States, States]:
    """Final states (batch, 2^qubits) and derivatives (batch, which, 2^qubits) by the weights `which`, or by all.

    Forward mode: each gate acts on the state and on all derivatives so far, and adds its own derivative. Raises
    `CircuitError` if more than a gigabyte is needed.
    """
    chosen = list(range(circuit.weights) if which is None else which)
    _check(circuit, inputs, weights, len(chosen))
    carried = np.zeros((len(inputs), 1 + len(chosen), 2**circuit.qubits), dtype=complex)
    carried[:, 0] = _start(circuit, inputs)
    places = {index: place + 1 for place, index in enumerate(chosen)}
    angles = {"input": inputs, "weight": weights}
    for operation in circuit.elementary:
        before = carried[:, 0]
        parameter = operation.parameters[0] if operation.parameters else None
        if parameter is None:
            turned, slope = operation.definition.constant, None
        else:
            values = angles[parameter.kind][:, parameter.index] if parameter.kind != "constant" else None
            turned, slope = _matrices(operation, np.full(1, parameter.value) if values is None else values)
        place = places.get(parameter.index) if parameter and parameter.kind == "weight" else None
        carried = _apply(turned, carried, operation.wires, circuit.qubits)
        if place is not None and slope is not None:
            carried[:, place] += _apply(slope, before[:, None], operation.wires, circuit.qubits)[:, 0]
    return carried[:, 0], carried[:, 1:]


def gradients(circuit: Circuit, found: tuple[States, States]) -> NDArray[np.float64]:
    """Derivative of each observable by each weight, (batch, which, observables), of `states_and_derivatives`."""
    state, slopes = found
    columns = [np.einsum("bs,bks->bk", each.conj(), slopes).real for each in _measured(circuit, state)]
    return 2 * np.stack(columns, axis=-1)


def expectations(circuit: Circuit, found: States) -> NDArray[np.float64]:
    """Expectation of each observable for final states (batch, 2^qubits): (batch, observables)."""
    columns = [np.einsum("bs,bs->b", found.conj(), each).real for each in _measured(circuit, found)]
    return np.stack(columns, axis=-1)


def _measured(circuit: Circuit, state: States) -> Iterator[States]:
    """O|ψ⟩ for each observable O."""
    for word in circuit.observables:
        measured = state[:, None]
        for letter, wire in word:
            measured = _apply(PAULI[letter], measured, (wire,), circuit.qubits)
        yield measured[:, 0]


def purities(found: States) -> NDArray[np.float64]:
    """Purity tr ρ² of each wire: (batch, 2^qubits) → (batch, qubits); from ½ (maximally entangled) to 1 (product)."""
    qubits = found.shape[1].bit_length() - 1
    split = found.reshape(-1, *[2] * qubits)
    halves = [np.moveaxis(split, wire + 1, 1).reshape(len(found), 2, -1) for wire in range(qubits)]
    reduced = [half @ half.conj().transpose(0, 2, 1) for half in halves]
    return np.stack([np.square(np.abs(rho)).sum(axis=(1, 2)) for rho in reduced], axis=1)


def _start(circuit: Circuit, inputs: Angles) -> States:
    if circuit.encoding == "amplitudes":
        return lengths.unit(inputs) + 0j
    start = np.zeros((len(inputs), 2**circuit.qubits), dtype=complex)
    start[:, 0] = 1
    return start


def _matrices(operation: Operation, angles: Angles) -> tuple[States, States]:
    """The matrix of the gate at each angle, and its derivative: (angles, 2^wires, 2^wires)."""
    gate = operation.definition
    turned = gate.frequency * angles[:, None, None]
    cosine, sine = np.cos(turned), np.sin(turned)
    slope = gate.frequency * (cosine * gate.sine - sine * gate.cosine)
    return gate.constant + cosine * gate.cosine + sine * gate.sine, slope


def _apply(matrices: States, carried: States, wires: tuple[int, ...], qubits: int) -> States:
    """Applies one matrix, or one per sample, to these wires of (batch, any, 2^qubits)."""
    axes = [2 + wire for wire in wires]
    ends = range(2 + qubits - len(wires), 2 + qubits)
    moved = np.moveaxis(carried.reshape(*carried.shape[:2], *[2] * qubits), axes, ends)
    size = 2 ** len(wires)
    mixed = moved.reshape(len(carried), -1, size) @ np.swapaxes(matrices, -1, -2)
    return np.moveaxis(mixed.reshape(moved.shape), ends, axes).reshape(carried.shape)


def _check(circuit: Circuit, inputs: Angles, weights: Angles, derivatives: int) -> None:
    for name, values, count in (("inputs", inputs, circuit.inputs), ("weights", weights, circuit.weights)):
        if values.ndim != 2 or values.shape[1] != count or len(values) != len(inputs):
            raise CircuitError(
                f"The {name} have shape {np.shape(values)}, expected ({len(inputs)}, {count}).",
                remedy="Pass one row per sample.",
            )
        if not np.isfinite(values).all():
            raise CircuitError(
                f"The {name} hold numbers that are not finite.", remedy="Remove NaN and infinity."
            )
    if circuit.encoding == "amplitudes" and not inputs.any(axis=1).all():
        raise CircuitError("A sample is a vector of zeros, which is no state.", remedy="Drop it.")
    needed = len(inputs) * (1 + derivatives) * 2**circuit.qubits * 16
    if needed > BYTES_LIMIT:
        raise CircuitError(
            f"{len(inputs)} samples with {derivatives} derivatives need {needed / 2**30:.1f} GiB.",
            remedy="Use fewer samples or a smaller circuit.",
        )
