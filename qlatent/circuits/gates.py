"""The table of gates. Torch-free.

Every gate is U(θ) = constant + cos(f·θ)·cosine + sin(f·θ)·sine with fixed matrices; a gate without a parameter has
only the constant part. Engines use these matrices only, so a new gate of this form takes one line in `GATES`. Rows
and columns are indexed by the gate's wires, the first wire (a control) being the leftmost bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

IDENTITY = np.eye(2, dtype=complex)
PAULI = {
    "I": IDENTITY,
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.array([[1, 0], [0, -1]], dtype=complex),
}
HADAMARD = np.array([[1, 1], [1, -1]], dtype=complex) / np.sqrt(2)
SWAP = np.eye(4, dtype=complex)[[0, 2, 1, 3]]
_UNITARY_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Gate:
    """A kind of gate: its numbers of wires and parameters, and its complex matrices (2^wires, 2^wires)."""

    name: str
    wires: int
    parameters: int
    constant: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    frequency: float = 0.5

    @property
    def real(self) -> bool:
        """Whether the matrix is real for every angle."""
        return not any(np.iscomplex(part).any() for part in (self.constant, self.cosine, self.sine))

    def matrix(self, angle: float = 0.0) -> np.ndarray:
        """The matrix at one angle in radians, complex, shape (2^wires, 2^wires)."""
        turned = self.frequency * angle
        return self.constant + np.cos(turned) * self.cosine + np.sin(turned) * self.sine


def unitary(matrix: tuple[tuple[complex, ...], ...]) -> Gate:
    """The fixed gate of a unitary matrix on one or two wires; `ValueError` if the matrix is not unitary."""
    array = np.array(matrix, dtype=complex)
    if array.shape not in ((2, 2), (4, 4)):
        raise ValueError(f"the matrix has shape {array.shape}, expected (2, 2) or (4, 4)")
    error = np.abs(array @ array.conj().T - np.eye(len(array))).max()
    if not error <= _UNITARY_TOLERANCE:  # also true for NaN
        raise ValueError(f"the matrix is not unitary: U·U† is {error:.2g} away from 1")
    return _fixed("Unitary", array)


def _fixed(name: str, matrix: np.ndarray) -> Gate:
    zero = np.zeros_like(matrix)
    return Gate(name, int(np.log2(len(matrix))), 0, matrix, zero, zero)


def _rotation(name: str, pauli: str) -> Gate:
    """exp(−iθP/2) = cos(θ/2)·1 − i·sin(θ/2)·P."""
    return Gate(name, 1, 1, np.zeros((2, 2), dtype=complex), IDENTITY, -1j * PAULI[pauli])


def _pair_rotation(name: str, pauli: str) -> Gate:
    """exp(−iθ P⊗P/2) = cos(θ/2)·1 − i·sin(θ/2)·P⊗P."""
    both = np.kron(PAULI[pauli], PAULI[pauli])
    return Gate(name, 2, 1, np.zeros((4, 4), dtype=complex), np.eye(4, dtype=complex), -1j * both)


def _phase(name: str) -> Gate:
    """diag(1, exp(iθ)) = diag(1, 0) + cos θ·diag(0, 1) + sin θ·diag(0, i)."""
    one = np.diag([0, 1]).astype(complex)
    return Gate(name, 1, 1, np.diag([1, 0]).astype(complex), one, 1j * one, frequency=1.0)


def _controlled(name: str, gate: Gate) -> Gate:
    """The gate applied to the later wires if the first wire is 1."""
    size = len(gate.constant)
    zero, one = np.diag([1, 0]).astype(complex), np.diag([0, 1]).astype(complex)
    idle = np.kron(zero, np.eye(size))
    parts = (idle + np.kron(one, gate.constant), np.kron(one, gate.cosine), np.kron(one, gate.sine))
    return Gate(name, gate.wires + 1, gate.parameters, *parts, frequency=gate.frequency)


_TABLE = (
    _fixed("H", HADAMARD),
    _fixed("X", PAULI["X"]),
    _fixed("Y", PAULI["Y"]),
    _fixed("Z", PAULI["Z"]),
    _fixed("S", np.diag([1, 1j])),
    _fixed("T", np.diag([1, np.exp(1j * np.pi / 4)])),
    _rotation("RX", "X"),
    _rotation("RY", "Y"),
    _rotation("RZ", "Z"),
    _phase("Phase"),
    _controlled("CNOT", _fixed("X", PAULI["X"])),
    _controlled("CZ", _fixed("Z", PAULI["Z"])),
    _controlled("CRX", _rotation("RX", "X")),
    _controlled("CRY", _rotation("RY", "Y")),
    _controlled("CRZ", _rotation("RZ", "Z")),
    _fixed("SWAP", SWAP),
    _pair_rotation("RXX", "X"),
    _pair_rotation("RYY", "Y"),
    _pair_rotation("RZZ", "Z"),
)

UNITARY = "Unitary"
"""The name of the gate defined by its own matrix."""

SEQUENCES: dict[str, tuple[str, ...]] = {"Rot": ("RZ", "RY", "RZ")}
"""Gates composed of others on the same wires with one angle each, in order of action: Rot(φ, θ, ω) is
RZ(ω)·RY(θ)·RZ(φ), as in PennyLane."""

GATES: dict[str, Gate] = {gate.name: gate for gate in _TABLE}
