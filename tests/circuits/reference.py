"""Two slow reference simulators: explicit dense matrices, and PennyLane."""

from __future__ import annotations

import numpy as np
import pennylane as qml

from qlatent.circuits.circuit import Circuit, Operation

X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.array([[1, 0], [0, -1]])
H = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
PAULIS = {"X": X, "Y": Y, "Z": Z}


def rotation(pauli: np.ndarray, angle: float) -> np.ndarray:
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli


def single_qubit(name: str, angle: float) -> np.ndarray:
    if name == "H":
        return H
    return PAULIS[name] if name in PAULIS else rotation(PAULIS[name[1]], angle)


def on_wires(matrices: dict[int, np.ndarray], qubits: int) -> np.ndarray:
    """Kronecker product over all wires, wire 0 leftmost; identity on unnamed wires."""
    full = np.eye(1)
    for wire in range(qubits):
        full = np.kron(full, matrices.get(wire, np.eye(2)))
    return full


def controlled(matrix: np.ndarray, wires: tuple[int, ...], qubits: int) -> np.ndarray:
    control, target = wires
    off, on = np.diag([1, 0]), np.diag([0, 1])
    return on_wires({control: off}, qubits) + on_wires({control: on, target: matrix}, qubits)


def matrix(operation: Operation, angle: float, qubits: int) -> np.ndarray:
    name, wires = operation.gate, operation.wires
    if name == "SWAP":
        return sum(on_wires(dict.fromkeys(wires, P), qubits) for P in (np.eye(2), X, Y, Z)) / 2
    if name in ("CNOT", "CZ"):
        return controlled(PAULIS["X" if name == "CNOT" else "Z"], wires, qubits)
    if name in ("CRX", "CRY", "CRZ"):
        return controlled(rotation(PAULIS[name[2]], angle), wires, qubits)
    return on_wires({wires[0]: single_qubit(name, angle)}, qubits)


def angles(operation: Operation, x: np.ndarray, w: np.ndarray) -> list[float]:
    source = {"input": x, "weight": w}
    return [p.value if p.kind == "constant" else source[p.kind][p.index] for p in operation.parameters]


def dense_expectations(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Expectations (batch, observables) from dense matrices."""
    rows = []
    for x in inputs:
        state = np.eye(2**circuit.qubits)[0].astype(complex)
        for operation in circuit.operations:
            angle = (angles(operation, x, weights) or [0.0])[0]
            state = matrix(operation, angle, circuit.qubits) @ state
        words = [
            on_wires({wire: PAULIS[p] for p, wire in word}, circuit.qubits) for word in circuit.observables
        ]
        rows.append([(state.conj() @ word @ state).real for word in words])
    return np.array(rows)


PENNYLANE = {"H": qml.Hadamard, "X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ}


def pennylane_expectations(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Expectations (batch, observables) from default.qubit."""

    @qml.qnode(qml.device("default.qubit", wires=circuit.qubits))
    def run(x: np.ndarray) -> list[object]:
        for operation in circuit.operations:
            gate = PENNYLANE.get(operation.gate) or getattr(qml, operation.gate)
            gate(*angles(operation, x, weights), wires=list(operation.wires))
        return [
            qml.expval(qml.prod(*[PENNYLANE[p](wire) for p, wire in word])) for word in circuit.observables
        ]

    return np.array([run(x) for x in inputs])
