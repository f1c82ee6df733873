"""Convert circuits to Qiskit: QuantumCircuit, OpenQASM 3, QPY and observables.

Torch-free. Only this module and `hardware/` import Qiskit. In a program with threads call it
through `hardware.qiskit_process`: if Qiskit is first imported in a thread that ends, the process crashes later.

Qiskit and its readers of QPY and OpenQASM 3 sort parameters alphabetically by name. The numbers in our names are
therefore zero-padded, w00, w01, … w11, so that values can be passed in order: weights first, then inputs.

Wire i is qubit i. Qiskit writes qubit 0 as the rightmost bit, we write wire 0 as the leftmost. This module reverses the
order in every label, vector and matrix.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from qlatent import lengths
from qlatent.circuits.circuit import Circuit, Operation, Parameter, PauliWord
from qlatent.circuits.gates import UNITARY
from qlatent.errors import CircuitError, UnavailableError

try:
    import qiskit.qasm3
    import qiskit.qpy
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter as Symbol
    from qiskit.circuit.library import StatePreparation, UnitaryGate
    from qiskit.quantum_info import SparsePauliOp
except ModuleNotFoundError as err:
    raise UnavailableError(
        "Qiskit is not installed here.", remedy="Install it: pip install -r requirements.txt"
    ) from err

LETTERS = {"input": "x", "weight": "w"}
METHODS = {"CNOT": "cx", "Phase": "p"}
"""Names of Qiskit's gate methods that are not our gate names in lower case."""

Key = tuple[str, int]
"""Kind and index of an angle."""


def quantum_circuit(circuit: Circuit) -> QuantumCircuit:
    """The circuit with parameters x0, x1, … for the inputs and w0, w1, … for the weights, without measurements.

    With more than ten the numbers are zero-padded: w00, w01, … w11. `parameters` lists weights, then inputs, in order.
    Raises `CircuitError` for amplitude encoding, which has no input parameters; use `bind`.
    """
    return bind(circuit)


def bind(circuit: Circuit, inputs: Any = None, weights: Any = None) -> QuantumCircuit:
    """The circuit with the inputs of one sample (inputs,), the weights (weights,), or both bound to numbers.

    None stays symbolic: with only the weights bound, a job sends one circuit and a table of inputs. Angles are in
    radians; amplitudes are normalised.
    """
    names = _names(circuit)
    values = {} if weights is None else _values("weight", weights, names)
    made = QuantumCircuit(circuit.qubits, name=circuit.name or None)
    if circuit.encoding == "amplitudes":
        _prepare(made, circuit, inputs)
    elif inputs is not None:
        values |= _values("input", inputs, names)
    symbols = {key: Symbol(name) for key, name in names.items()}
    for operation in circuit.elementary:
        _append(made, operation, symbols)
    made.assign_parameters(values, inplace=True)  # a copy would be renamed
    return made


def qasm3(circuit: Circuit, inputs: Any = None, weights: Any = None) -> str:
    """The circuit of `bind` in OpenQASM 3; unbound parameters are declared as `input float[64]`.

    A `Unitary` is decomposed into gates, equal up to a global phase.
    """
    return str(qiskit.qasm3.dumps(bind(circuit, inputs, weights)))


def qpy(circuit: Circuit, inputs: Any = None, weights: Any = None) -> bytes:
    """The circuit of `bind` in QPY, Qiskit's versioned format; read it with `qiskit.qpy.load`."""
    buffer = io.BytesIO()
    qiskit.qpy.dump(bind(circuit, inputs, weights), buffer)
    return buffer.getvalue()


def observables(circuit: Circuit) -> list[SparsePauliOp]:
    """The observables in order, as SparsePauliOp."""
    return [SparsePauliOp(_label(word, circuit.qubits)) for word in circuit.observables]


def _names(circuit: Circuit) -> dict[Key, str]:
    """The name of every input and weight angle, zero-padded so that alphabetical order is numerical order."""
    counts = {"weight": circuit.weights, "input": circuit.inputs if circuit.encoding == "angles" else 0}
    return {
        (kind, index): f"{LETTERS[kind]}{index:0{len(str(count - 1))}d}"
        for kind, count in counts.items()
        for index in range(count)
    }


def _values(kind: str, numbers: Any, names: dict[Key, str]) -> dict[str, float]:
    own = [name for (each, _), name in names.items() if each == kind]
    return dict(zip(own, _row(kind, numbers, len(own)).tolist(), strict=True))


def _row(kind: str, numbers: Any, count: int) -> np.ndarray:
    row = np.asarray(numbers, dtype=float)
    if row.shape != (count,):
        raise CircuitError(
            f"The {kind}s have shape {row.shape}, expected ({count},).",
            remedy="Bind one sample at a time; a Qiskit circuit has no batch axis.",
        )
    if not np.isfinite(row).all():
        raise CircuitError(
            f"The {kind}s hold numbers that are not finite.", remedy="Remove NaN and infinity."
        )
    return row


def _prepare(made: QuantumCircuit, circuit: Circuit, inputs: Any) -> None:
    """Prepares the normalised sample as the initial state."""
    if inputs is None:
        raise CircuitError(
            "The inputs of this circuit are amplitudes, and Qiskit has no symbols for a start state.",
            remedy="Bind the inputs of one sample: pass inputs=row; the weights may stay symbolic.",
        )
    row = _row("input", inputs, circuit.inputs)
    if not row.any():
        raise CircuitError("The sample is a vector of zeros, which is no state.", remedy="Drop it.")
    made.append(StatePreparation(lengths.unit(row)), list(reversed(range(circuit.qubits))))


def _append(made: QuantumCircuit, operation: Operation, symbols: dict[Key, Symbol]) -> None:
    angles, wires = [_angle(parameter, symbols) for parameter in operation.parameters], operation.wires
    if operation.gate == UNITARY:
        made.append(UnitaryGate(np.array(operation.matrix)), list(reversed(wires)))
    else:
        getattr(made, METHODS.get(operation.gate, operation.gate.lower()))(*angles, *wires)


def _angle(parameter: Parameter, symbols: dict[Key, Symbol]) -> float | Symbol:
    if parameter.kind == "constant":
        return parameter.value
    return symbols[parameter.kind, parameter.index]


def _label(word: PauliWord, qubits: int) -> str:
    letters = {wire: letter for letter, wire in word}
    return "".join(letters.get(wire, "I") for wire in reversed(range(qubits)))
