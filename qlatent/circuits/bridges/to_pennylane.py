"""Convert circuits to PennyLane: QNode, drawing, counts, step-by-step states and source code.

Torch-free. Only this module imports PennyLane, which is slow; import it inside functions. Wires keep their numbers:
wire 0 is the leftmost bit in both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pennylane as qml

from qlatent.circuits.circuit import Circuit, Operation, Parameter, PauliWord, written_out
from qlatent.circuits.gates import UNITARY
from qlatent.circuits.noise import NoiseConfig
from qlatent.errors import CircuitError

NAMES = {
    "H": "Hadamard",
    "X": "PauliX",
    "Y": "PauliY",
    "Z": "PauliZ",
    "Phase": "PhaseShift",
    "RXX": "IsingXX",
    "RYY": "IsingYY",
    "RZZ": "IsingZZ",
    UNITARY: "QubitUnitary",
}
"""PennyLane's gate names that differ from ours."""

SOURCE = """\
# {circuit.name!r}: {circuit.inputs} inputs, {circuit.weights} weights. Wire 0 is the leftmost bit.
import numpy as np
import pennylane as qml

device = qml.device("default.qubit", wires={circuit.qubits:d})


@qml.qnode(device)
def circuit(inputs, weights):
    {body}
    return [
        {measured},
    ]
"""

After = Callable[[Operation], None]
"""A function called after each gate, e.g. for a snapshot or noise."""


def qnode(
    circuit: Circuit,
    *,
    device: str = "default.qubit",
    interface: Literal["torch"] | None = None,
    shots: int | None = None,
    seed: int | None = None,
) -> qml.QNode:
    """The circuit as a QNode of inputs (batch, inputs) or (inputs,) and weights (weights,) in radians.

    The QNode returns the expectations in order, each (batch,), or scalars for a single row or a circuit without inputs.
    `interface="torch"` takes tensors and is differentiable. `shots` samples outcomes (PennyLane then returns a batch of
    one as scalars). A `seed` is for devices that take one. Raises `CircuitError` for an unknown device; the QNode
    raises it for a wrong number of inputs or weights.
    """
    return _qnode(circuit, _device(device, circuit.qubits, seed=seed), interface=interface, shots=shots)


def takes_seed(device: str) -> bool:
    """Whether shots of this device can be repeated; raises `CircuitError` for an unknown device."""
    _device(device, 1)
    try:
        qml.device(device, wires=1, seed=0)
    except TypeError:  # no such argument
        return False
    return True


def expectations(
    circuit: Circuit, inputs: Any, weights: Any, *, noise: NoiseConfig | None = None
) -> np.ndarray:
    """Expectations (batch, observables) from `default.qubit`, or with `noise` from `default.mixed`."""
    inputs, weights = np.asarray(inputs), np.asarray(weights)
    _check(circuit, inputs, weights, dimensions=(2,))
    if not len(inputs):  # PennyLane takes no empty batch
        return np.zeros((0, len(circuit.observables)))
    if noise is None:
        node = qnode(circuit)
    else:
        node = _qnode(circuit, _device("default.mixed", circuit.qubits), after=lambda op: _noise(op, noise))
    result = np.stack([np.broadcast_to(value, len(inputs)) for value in node(inputs, weights)], axis=1)
    if not np.isfinite(result).all():
        raise CircuitError(
            "The inputs or weights hold numbers that are not finite.", remedy="Remove NaN and infinity."
        )
    return result


def draw(circuit: Circuit) -> str:
    """PennyLane's text drawing; x3 is input 3, w3 weight 3."""
    return str(qml.draw(qnode(circuit), show_matrices=False, level="top")(*_symbols(circuit)))


def specs(circuit: Circuit) -> dict[str, Any]:
    """PennyLane's counts: num_gates, depth, num_allocs (wires), gate_types, gate_sizes and measurements."""
    counted = qml.specs(qnode(circuit), level="top")(np.ones(circuit.inputs), np.ones(circuit.weights))
    return dict(counted.to_dict()["resources"])


def snapshots(circuit: Circuit, inputs: Any, weights: Any) -> np.ndarray:
    """The state after each operation: complex (batch, operations, 2^qubits)."""
    inputs, weights = np.asarray(inputs), np.asarray(weights)
    _check(circuit, inputs, weights, dimensions=(2,))
    taken = np.zeros((len(inputs), len(circuit.operations), 2**circuit.qubits), dtype=complex)
    if taken.size:  # PennyLane takes no empty batch
        node = _qnode(circuit, _device("default.qubit", circuit.qubits), after=lambda _: qml.Snapshot())
        states = qml.snapshots(node)(inputs, weights)
        for number in range(len(circuit.operations)):
            taken[:, number] = states[number]  # states before the first input have no batch axis
    return taken


def source(circuit: Circuit) -> str:
    """Python code that needs only PennyLane and defines `circuit(inputs, weights)` as `qnode` does."""
    lines = [_line(part) for operation in circuit.operations for part in _parts(operation)]
    if circuit.encoding == "amplitudes":
        wires = list(range(circuit.qubits))
        lines.insert(0, f"qml.AmplitudeEmbedding(inputs, wires={wires}, normalize=True)")
    return SOURCE.format(
        circuit=circuit,
        body="\n    ".join(lines),
        measured=",\n        ".join(f"qml.expval({_word_source(word)})" for word in circuit.observables),
    )


def _device(name: str, qubits: int, *, seed: int | None = None) -> Any:
    try:
        return qml.device(name, wires=qubits, **({} if seed is None else {"seed": seed}))
    except qml.exceptions.DeviceError as err:
        raise CircuitError(
            f"PennyLane has no device {name!r}: {err}", remedy="Use default.qubit, or install its plugin."
        ) from err


def _qnode(circuit: Circuit, device: Any, *, after: After | None = None, **options: Any) -> qml.QNode:
    def run(inputs: Any, weights: Any) -> list[Any]:
        _check(circuit, inputs, weights)
        if circuit.encoding == "amplitudes":
            qml.AmplitudeEmbedding(inputs, wires=range(circuit.qubits), normalize=True)
        for operation in circuit.operations:
            for part in _parts(operation):
                _apply(part, inputs, weights)
            if after is not None:
                after(operation)
        return [qml.expval(_word(word)) for word in circuit.observables]

    return qml.QNode(run, device, **{"interface": None, **options})


def _check(circuit: Circuit, inputs: Any, weights: Any, *, dimensions: tuple[int, ...] = (1, 2)) -> None:
    got, width = tuple(qml.math.shape(inputs)), circuit.inputs
    if len(got) not in dimensions or got[-1] != width:
        raise CircuitError(
            f"The inputs have shape {got}, expected (batch, {width}){f' or ({width},)' if 1 in dimensions else ''}.",
            remedy="Pass one row per sample and one column per input.",
        )
    if circuit.encoding == "amplitudes" and qml.math.any(qml.math.all(inputs == 0, axis=-1)):
        raise CircuitError("A sample is a vector of zeros, which is no state.", remedy="Drop it.")
    if tuple(qml.math.shape(weights)) != (circuit.weights,):
        raise CircuitError(
            f"The weights have shape {tuple(qml.math.shape(weights))}, expected ({circuit.weights},).",
            remedy="Pass flat weights in order of use.",
        )


def _parts(operation: Operation) -> Sequence[Operation]:
    """The operation, expanded if it mixes constants with other angles.

    PennyLane cannot build the matrix of a gate if one angle is a number and another a batch of tensors.
    """
    kinds = {parameter.kind for parameter in operation.parameters}
    return written_out(operation) if len(kinds) > 1 and "constant" in kinds else (operation,)


def _apply(operation: Operation, inputs: Any, weights: Any) -> None:
    gate = getattr(qml, NAMES.get(operation.gate, operation.gate))
    if operation.gate == UNITARY:
        gate(np.array(operation.matrix), wires=operation.wires)
        return
    values = {"input": inputs, "weight": weights}
    gate(*(_value(parameter, values) for parameter in operation.parameters), wires=operation.wires)


def _value(parameter: Parameter, values: dict[str, Any]) -> Any:
    return parameter.value if parameter.kind == "constant" else values[parameter.kind][..., parameter.index]


def _word(word: PauliWord) -> Any:
    return qml.prod(*(getattr(qml, letter)(wire) for letter, wire in word))


def _noise(operation: Operation, noise: NoiseConfig) -> None:
    depolarizing = noise.pair_depolarizing if len(operation.wires) > 1 else noise.depolarizing
    for wire in operation.wires:
        if depolarizing:
            qml.DepolarizingChannel(depolarizing, wires=wire)
        if noise.damping:
            qml.AmplitudeDamping(noise.damping, wires=wire)


def _symbols(circuit: Circuit) -> tuple[np.ndarray, np.ndarray]:
    """Symbols for inputs and weights; amplitudes are numbers, because PennyLane normalises them."""
    names = np.array([f"x{index}" for index in range(circuit.inputs)], dtype=object)
    inputs = names if circuit.encoding == "angles" else np.ones(circuit.inputs)
    return inputs, np.array([f"w{index}" for index in range(circuit.weights)], dtype=object)


def _line(operation: Operation) -> str:
    name, wires = NAMES.get(operation.gate, operation.gate), list(operation.wires)
    if operation.gate == UNITARY:
        return f"qml.{name}(np.array({np.array(operation.matrix).tolist()!r}), wires={wires})"
    angles = "".join(f"{_value_source(parameter)}, " for parameter in operation.parameters)
    return f"qml.{name}({angles}wires={wires})"


def _value_source(parameter: Parameter) -> str:
    if parameter.kind == "constant":
        return repr(float(parameter.value))
    return f"{parameter.kind}s[..., {parameter.index:d}]"


def _word_source(word: PauliWord) -> str:
    return " @ ".join(f"qml.{letter}({wire:d})" for letter, wire in word)
