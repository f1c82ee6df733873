"""A circuit in Qiskit: as a QuantumCircuit, OpenQASM 3, QPY and observables.

Torch-free, and with `hardware/` the only place that imports Qiskit, which is optional. In a program with threads call
it through `hardware.qiskit_process`: Qiskit, imported first in a thread that ends, kills the process later.

Qiskit orders parameters by their names, letter by letter, and so do its readers of QPY and OpenQASM 3. The numbers in
our names are therefore padded to one length, w00, w01, … w11: then numbers given in order, the weights first and the
inputs after them, land where they belong.
Wire i is qubit i. Qiskit writes qubit 0 as the rightmost bit and we write wire 0 as the leftmost, so every label,
vector and matrix that goes from here to Qiskit is turned round here.
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
        "Qiskit is not installed here.", remedy="Install it: pip install -r requirements-hardware.txt"
    ) from err

LETTERS = {"input": "x", "weight": "w"}
METHODS = {"CNOT": "cx", "Phase": "p"}
"""Qiskit's methods for gates where they are not our names in lower case."""

Key = tuple[str, int]
"""Kind and index of an angle."""


def quantum_circuit(circuit: Circuit) -> QuantumCircuit:
    """The circuit with parameters x0, x1, … for the inputs and w0, w1, … for the weights, without measurements.

    Of more than ten the numbers are padded: w00, w01, … w11; `parameters` lists weights, then inputs, each in order.

    An amplitude-encoded circuit has no parameters for its inputs: that is a `CircuitError`; `bind` them instead.
    """
    return bind(circuit)


def bind(circuit: Circuit, inputs: Any = None, weights: Any = None) -> QuantumCircuit:
    """The circuit with numbers for the inputs of one sample (inputs,), for the weights (weights,), or for both.

    What is None stays symbolic: with the weights bound, a job sends one circuit and a table of inputs. The
    numbers are radians; amplitudes are brought to norm 1.
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
    made.assign_parameters(values, inplace=True)  # a copy would get another name
    return made


def qasm3(circuit: Circuit, inputs: Any = None, weights: Any = None) -> str:
    """OpenQASM 3 of what `bind` makes; what is not bound is declared as `input float[64]`.

    A `Unitary` is written as the gates it decomposes into, equal up to a global phase.
    """
    return str(qiskit.qasm3.dumps(bind(circuit, inputs, weights)))


def qpy(circuit: Circuit, inputs: Any = None, weights: Any = None) -> bytes:
    """QPY, Qiskit's own versioned format, of what `bind` makes; read it with `qiskit.qpy.load`."""
    buffer = io.BytesIO()
    qiskit.qpy.dump(bind(circuit, inputs, weights), buffer)
    return buffer.getvalue()


def observables(circuit: Circuit) -> list[SparsePauliOp]:
    """The observables in order."""
    return [SparsePauliOp(_label(word, circuit.qubits)) for word in circuit.observables]


def _names(circuit: Circuit) -> dict[Key, str]:
    """The name of every angle that is not a constant, with leading zeros where alphabet and number would differ."""
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
            remedy="Bind one sample at a time: a Qiskit circuit has no batch.",
        )
    if not np.isfinite(row).all():
        raise CircuitError(
            f"The {kind}s hold numbers that are not finite.", remedy="Look for NaN and infinity."
        )
    return row


def _prepare(made: QuantumCircuit, circuit: Circuit, inputs: Any) -> None:
    """The sample, brought to norm 1, as the start state."""
    if inputs is None:
        raise CircuitError(
            "The inputs of this circuit are amplitudes, and Qiskit has no symbols for a start state.",
            remedy="Bind the inputs of one sample: pass inputs=row; the weights may stay symbolic.",
        )
    row = _row("input", inputs, circuit.inputs)
    if not row.any():
        raise CircuitError("The sample is a vector of zeros, which is no state.", remedy="Leave it out.")
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
