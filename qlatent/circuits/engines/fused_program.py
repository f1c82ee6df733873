"""Build the fused program of a circuit: a short list of steps with precomputed numbers. Torch-free.

Three optimisations make it cheaper than applying the gates one by one:
* Leading single-qubit gates with at most one input each make a product state, which is computed directly.
* A run of gates that depend on weights only is equal for the whole batch. It becomes layers of the form (fixed matrix,
  then one rotation on every wire), and the entries of all layers are computed together.
* Every matrix entry is constant + radius·cos(f·θ − phase): one cosine instead of a cosine, a sine and a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from qlatent.circuits.circuit import Circuit, Operation, Parameter, PauliWord
from qlatent.circuits.gates import PAULI

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]  # constant, cosine and sine of a gate, complex


@dataclass(frozen=True, eq=False)
class Entries:
    """Real numbers constant + radius·cos(frequency·θ − phase).

    Complex entries store real and imaginary part in a last axis of size 2. `dims` is the number of trailing axes
    that belong to one angle.
    """

    constant: np.ndarray
    radius: np.ndarray
    phase: np.ndarray
    frequency: np.ndarray  # broadcasts against phase
    dims: int


@dataclass(frozen=True, eq=False)
class ProductStart:
    """The product state after the leading gates: entries (qubits, 2), and input `columns` (qubits,)."""

    entries: Entries
    columns: np.ndarray


@dataclass(frozen=True, eq=False)
class Layers:
    """`depth` layers of fixed operations, then one single-qubit matrix on every wire; independent of the batch.

    `entries` (depth, qubits, 2, 2) hold the matrices transposed, since states are rows; `indices` (depth,
    qubits) of the weights; `fixed` are the operations before each layer of matrices.
    """

    entries: Entries
    indices: np.ndarray
    fixed: tuple[tuple[Operation, ...], ...]


@dataclass(frozen=True, eq=False)
class Single:
    """A single gate; `entries` (2^wires, 2^wires) are transposed."""

    entries: Entries
    wires: tuple[int, ...]
    angle: Parameter


Step = Layers | Single


@dataclass(frozen=True, eq=False)
class FusedProgram:
    """The steps of a circuit; `signs` (2^qubits, observables) are ±1, or None unless all observables are Z words."""

    qubits: int
    real: bool
    start: ProductStart
    steps: tuple[Step, ...]
    signs: np.ndarray | None
    observables: tuple[PauliWord, ...]


@lru_cache(maxsize=256)
def fused(circuit: Circuit) -> FusedProgram:
    """The fused program of a circuit, cached."""
    start, rest = product_start(circuit)
    z_only = all(letter == "Z" for word in circuit.observables for letter, _ in word)
    return FusedProgram(
        qubits=circuit.qubits,
        real=circuit.real,
        start=start,
        steps=tuple(_steps(rest, circuit)),
        signs=z_signs(circuit.qubits, circuit.observables) if z_only else None,
        observables=circuit.observables,
    )


def z_signs(qubits: int, words: Sequence[PauliWord]) -> np.ndarray:
    """Eigenvalue ±1 of each Z word in each basis state: (2^qubits, words)."""
    basis = np.arange(2**qubits)
    signs = np.ones((2**qubits, len(words)))
    for column, word in enumerate(words):
        for _, wire in word:
            signs[:, column] *= 1 - 2 * (basis >> (qubits - 1 - wire) & 1)
    return signs


def word_as_permutation(qubits: int, word: PauliWord) -> tuple[np.ndarray, np.ndarray]:
    """`source` and `factor` (2^qubits,) such that (P·ψ)[k] = factor[k]·ψ[source[k]] for a Pauli word P."""
    source, factor = np.arange(2**qubits), np.ones(2**qubits, dtype=complex)
    for letter, wire in word:
        source, factor = _permute(source, factor, PAULI[letter], (wire,), qubits)
    return source, factor


def permutation(operations: Sequence[Operation], qubits: int) -> tuple[np.ndarray, np.ndarray] | None:
    """`source` and `factor` of fixed operations, as above; None if one of them mixes basis states (H)."""
    source, factor = np.arange(2**qubits), np.ones(2**qubits, dtype=complex)
    for operation in operations:
        matrix = fixed_matrix(operation)
        if (np.count_nonzero(np.abs(matrix) > 1e-12, axis=1) != 1).any():
            return None
        source, factor = _permute(source, factor, matrix, operation.wires, qubits)
    return source, factor


def dense(operations: Sequence[Operation], qubits: int) -> np.ndarray:
    """The complex matrix (2^qubits, 2^qubits) of fixed operations."""
    columns = np.eye(2**qubits, dtype=complex)
    for operation in operations:
        size = 2 ** len(operation.wires)
        state = np.moveaxis(
            columns.reshape([2] * qubits + [-1]), operation.wires, range(len(operation.wires))
        )
        mixed = (fixed_matrix(operation) @ state.reshape(size, -1)).reshape(state.shape)
        columns = np.moveaxis(mixed, range(len(operation.wires)), operation.wires).reshape(columns.shape)
    return columns


def fixed_matrix(operation: Operation) -> np.ndarray:
    """The matrix of an operation without inputs and weights."""
    angle = operation.parameters[0].value if operation.parameters else 0.0
    return operation.definition.matrix(angle)


def _permute(
    source: np.ndarray, factor: np.ndarray, matrix: np.ndarray, wires: tuple[int, ...], qubits: int
) -> tuple[np.ndarray, np.ndarray]:
    """Composes the generalised permutation `matrix` on `wires` with the one given by source and factor."""
    basis = np.arange(2**qubits)
    shifts = [qubits - 1 - wire for wire in wires]
    row = sum((basis >> shift & 1) << place for place, shift in enumerate(reversed(shifts)))
    column = np.abs(matrix).argmax(axis=1)[row]
    before = basis.copy()
    for place, shift in enumerate(reversed(shifts)):
        before = before & ~(1 << shift) | (column >> place & 1) << shift
    return source[before], matrix[row, column] * factor[before]


def _is_fixed(operation: Operation) -> bool:
    return all(parameter.kind == "constant" for parameter in operation.parameters)


def _parts(operation: Operation) -> Parts:
    """The three matrices of an operation; (matrix, 0, 0) for a fixed one."""
    if _is_fixed(operation):
        matrix = fixed_matrix(operation)
        return matrix, np.zeros_like(matrix), np.zeros_like(matrix)
    gate = operation.definition
    return gate.constant, gate.cosine, gate.sine


def _compose(matrix: np.ndarray, parts: Parts) -> Parts:
    constant, cosine, sine = (matrix @ part for part in parts)
    return constant, cosine, sine


def _entries(parts: Sequence[np.ndarray], frequency: np.ndarray, *, real: bool, dims: int) -> Entries:
    """The cosine form of constant + cos·cosine + sin·sine, split into real and imaginary part unless `real`."""
    if real:
        constant, cosine, sine = (part.real for part in parts)
    else:
        constant, cosine, sine = (np.stack([part.real, part.imag], axis=-1) for part in parts)
        dims += 1
    frequency = frequency.reshape(frequency.shape + (1,) * dims)
    return Entries(constant, np.hypot(cosine, sine), np.arctan2(sine, cosine), frequency, dims)


@dataclass
class _Chain:
    """The product of the gates on one wire so far, applied to |0⟩."""

    parts: Parts = field(
        default_factory=lambda: (np.array([1, 0j]), np.zeros(2, complex), np.zeros(2, complex))
    )
    column: int | None = None
    frequency: float = 0.5


def product_start(circuit: Circuit) -> tuple[ProductStart, list[Operation]]:
    """The product state of the leading single-qubit gates, and the operations that remain."""
    chains, closed = [_Chain() for _ in range(circuit.qubits)], set[int]()
    if circuit.encoding == "amplitudes":  # the inputs are the initial state, so no gate can be absorbed
        closed.update(range(circuit.qubits))
    rest = [operation for operation in circuit.elementary if not _absorb(operation, chains, closed)]
    stacked = [np.stack([chain.parts[part] for chain in chains]) for part in range(3)]
    entries = _entries(stacked, np.array([c.frequency for c in chains]), real=circuit.real, dims=1)
    return ProductStart(entries, np.array([chain.column or 0 for chain in chains])), rest


def _absorb(operation: Operation, chains: list[_Chain], closed: set[int]) -> bool:
    """Adds the operation to the product state if possible and returns whether; otherwise closes its wires."""
    chain, free = chains[operation.wires[0]], len(operation.wires) == 1 and operation.wires[0] not in closed
    if free and _is_fixed(operation):
        chain.parts = _compose(fixed_matrix(operation), chain.parts)
        return True
    if free and operation.parameters[0].kind == "input" and chain.column is None:
        before = chain.parts[0]
        constant, cosine, sine = (part @ before for part in _parts(operation))
        chain.parts = (constant, cosine, sine)
        chain.column, chain.frequency = operation.parameters[0].index, operation.definition.frequency
        return True
    closed.update(operation.wires)
    return False


def _steps(operations: Sequence[Operation], circuit: Circuit) -> list[Step]:
    steps: list[Step] = []
    run: list[Operation] = []
    for operation in [*operations, None]:
        if operation is not None and _fits_layers(operation):
            run.append(operation)
            continue
        if run:
            steps.append(_layers(run, circuit))
            run = []
        if operation is not None:
            steps.append(_single(operation, circuit))
    return steps


def _fits_layers(operation: Operation) -> bool:
    """Whether the operation is a fixed gate or a single-qubit gate with a weight."""
    return _is_fixed(operation) or (len(operation.wires) == 1 and operation.parameters[0].kind == "weight")


def _single(operation: Operation, circuit: Circuit) -> Single:
    frequency = np.array(operation.definition.frequency)
    parts = [part.T for part in _parts(operation)]
    entries = _entries(parts, frequency, real=circuit.real, dims=2)
    return Single(entries, operation.wires, operation.parameters[0])


@dataclass
class _Layer:
    """A layer of fixed operations, then at most one weight on each wire."""

    fixed: list[Operation] = field(default_factory=list)
    rotations: dict[int, tuple[Parts, int, float]] = field(default_factory=dict)

    def take(self, operation: Operation) -> bool:
        """Adds the operation to this layer if it fits and returns whether."""
        wire, busy = operation.wires[0], any(wire in self.rotations for wire in operation.wires)
        if _is_fixed(operation):
            if not busy:  # it commutes with gates on other wires, so it may precede them
                self.fixed.append(operation)
                return True
            if len(operation.wires) > 1:
                return False
            parts, index, frequency = self.rotations[wire]
            self.rotations[wire] = (_compose(fixed_matrix(operation), parts), index, frequency)
            return True
        if busy:
            return False
        self.rotations[wire] = (
            _parts(operation),
            operation.parameters[0].index,
            operation.definition.frequency,
        )
        return True


_IDLE: tuple[Parts, int, float] = ((np.eye(2, dtype=complex), np.zeros((2, 2)), np.zeros((2, 2))), 0, 0.5)


def _layers(run: Sequence[Operation], circuit: Circuit) -> Layers:
    layers = [_Layer()]
    for operation in run:
        if not layers[-1].take(operation):
            layers.append(_Layer())
            layers[-1].take(operation)
    rows = [[layer.rotations.get(wire, _IDLE) for wire in range(circuit.qubits)] for layer in layers]
    parts = [np.array([[cell[0][part].T for cell in row] for row in rows]) for part in range(3)]
    frequency = np.array([[cell[2] for cell in row] for row in rows])
    entries = _entries(parts, frequency, real=circuit.real, dims=2)
    indices = np.array([[cell[1] for cell in row] for row in rows])
    return Layers(entries, indices, tuple(tuple(layer.fixed) for layer in layers))
