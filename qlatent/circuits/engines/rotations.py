"""Translate a circuit into plane rotations of a real vector, the instructions of the compiled engine. Torch-free.

A state of n qubits is a real vector of 2·2ⁿ rows: the real parts of the amplitudes, then the imaginary parts (2ⁿ rows
if every gate is real). On this vector
* a gate with an angle rotates disjoint planes (x, y) by f·θ: its generator dU/dθ·U† is antisymmetric with entries ±f;
* a fixed gate that permutes basis states up to ±1 and ±i (X, Y, Z, S, CNOT, CZ, SWAP) relabels rows, at no cost at run
  time;
* any other fixed gate is a sequence of plane rotations by constant angles (Givens rotations), and signs.
Gates on a wire before its first two-qubit gate act on the wire's factor of the product state instead: on two or four
rows instead of all.
So there is a single kind of instruction, whose derivative is one product of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qlatent.circuits.circuit import Circuit, Operation
from qlatent.circuits.engines.fused_program import product_start, word_as_permutation
from qlatent.errors import CircuitError

CONSTANT, WEIGHT, SLOT = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Start:
    """The product state (qubits, 2, parts): the factor of a wire is constant + cos(slot)·cosine + sin(slot)·sine."""

    constant: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    slots: np.ndarray  # (qubits,)


@dataclass(frozen=True, eq=False)
class Rotations:
    """Instructions; instruction j rotates planes[first[j]:first[j+1]] (rows x, y) by frequency·angle.

    The first `opening` instructions act on rows of the factors (qubits · 2 · parts) before these are multiplied.
    `source` selects the angle: a constant, weight `index` or slot `index`. Slot k is `slot_frequency[k]` times input
    column `slot_column[k]`. An observable is Σ sign·row·row[partner] over the rows; `signs` and `partners` are
    (observables, rows). `diagonal`: every row is its own partner.
    """

    rows: int
    real: bool
    start: Start
    opening: int
    planes: np.ndarray
    first: np.ndarray
    source: np.ndarray
    index: np.ndarray
    frequency: np.ndarray
    constant: np.ndarray
    slot_column: np.ndarray
    slot_frequency: np.ndarray
    signs: np.ndarray
    partners: np.ndarray
    diagonal: bool
    where: np.ndarray  # rows of the real and imaginary part of each amplitude


@lru_cache(maxsize=64)
def rotations(circuit: Circuit) -> Rotations:
    """The rotations of a circuit, cached."""
    return _Writer(circuit).written()


class _Writer:
    """Translates operations in order and tracks the position and sign of each logical row."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.real = circuit.real and all(letter != "Y" for word in circuit.observables for letter, _ in word)
        self.size = 2**circuit.qubits
        self.rows = self.size if self.real else 2 * self.size
        self.where = np.arange(self.rows)
        self.sign = np.ones(self.rows, dtype=np.int8)
        self.slots: dict[tuple[int, float], int] = {}
        self.planes: list[np.ndarray] = []
        self.instructions: list[tuple[int, int, float, float]] = []

    def written(self) -> Rotations:
        start, rest = product_start(self.circuit)
        parts = [start.entries.constant, start.entries.radius, start.entries.phase]
        constant, radius, phase = (self._with_parts(part) for part in parts)
        frequency = start.entries.frequency.reshape(-1)
        slots = [self._slot(int(c), float(f)) for c, f in zip(start.columns, frequency, strict=True)]
        met: set[int] = set()  # wires that are no longer a separate factor
        later = [operation for operation in rest if not self._opens(operation, met)]
        opening = len(self.instructions)
        for operation in later:
            self._write(operation)
        signs, partners = self._observables()
        source, index, frequency, angle = (
            (np.array(column) for column in zip(*self.instructions, strict=True))
            if (self.instructions)
            else (np.zeros(0),) * 4
        )
        return Rotations(
            rows=self.rows,
            real=self.real,
            start=Start(constant, radius * np.cos(phase), radius * np.sin(phase), np.array(slots)),
            opening=opening,
            planes=np.concatenate([*self.planes, np.zeros((0, 2))]).astype(np.int32),
            first=np.cumsum([0, *map(len, self.planes)]).astype(np.int64),
            source=source.astype(np.int64),
            index=index.astype(np.int64),
            frequency=frequency.astype(float),
            constant=angle.astype(float),
            slot_column=np.array([column for column, _ in self.slots], dtype=np.int64),
            slot_frequency=np.array([frequency for _, frequency in self.slots]),
            signs=signs,
            partners=partners,
            diagonal=bool((partners == np.arange(self.rows)).all()),
            where=self.where,
        )

    def _with_parts(self, values: np.ndarray) -> np.ndarray:
        """(qubits, 2) or (qubits, 2, 2) → (qubits, 2, parts), with 1 part for real and 2 for complex states."""
        if values.ndim == 2:
            values = values[..., None]
        missing = (1 if self.real else 2) - values.shape[-1]
        return np.pad(values, ((0, 0), (0, 0), (0, missing)))

    def _slot(self, column: int, frequency: float) -> int:
        return self.slots.setdefault((column, frequency), len(self.slots))

    def _opens(self, operation: Operation, met: set[int]) -> bool:
        """Writes an operation that acts on a single factor and returns True; else adds its wires to `met`."""
        turns = operation.parameters and operation.parameters[0].kind != "input"
        if len(operation.wires) > 1 or met & set(operation.wires) or not turns or self._given:
            met.update(operation.wires)
            return False
        pairs, angle = self._turning(operation)
        parts = self.rows // self.size
        first = 2 * parts * operation.wires[0]  # rows of a factor: for each bit, its parts
        rows = [first + parts * (row % 2) + row // 2 for row in range(2 * parts)]
        planes = [(rows[x], rows[y]) for x, y in pairs if max(x, y) < len(rows)]
        if planes:
            self.planes.append(np.array(planes))
            self.instructions.append(angle)
        return True

    @property
    def _given(self) -> bool:
        """Whether the initial state is given as amplitudes, so that there is no product state."""
        return self.circuit.encoding == "amplitudes"

    def _write(self, operation: Operation) -> None:
        if operation.parameters:
            pairs, angle = self._turning(operation)
            self._turn(pairs, operation.wires, angle)
        else:
            self._fixed(operation.definition.constant, operation.wires)

    def _turning(self, operation: Operation) -> tuple[list[tuple[int, int]], tuple[int, int, float, float]]:
        """The planes (x, y) of the gate's local rows that an operation rotates, and the instruction's angle."""
        gate = operation.definition
        generator = gate.frequency * gate.sine  # dU/dθ at 0, where U is 1
        if not np.allclose(gate.constant + gate.cosine, np.eye(len(generator))):
            raise CircuitError(
                f"{operation}: the compiled engine needs gates of the form exp(θA), which this gate is not.",
                remedy="Use engine='torch'.",
            )
        turned = _realified(generator) / gate.frequency
        pairs = [(x, y) for y, x in np.argwhere(turned > 0.5)]
        parameter = operation.parameters[0]
        if parameter.kind == "constant":
            return pairs, (CONSTANT, 0, 1.0, gate.frequency * parameter.value)
        if parameter.kind == "weight":
            return pairs, (WEIGHT, parameter.index, gate.frequency, 0.0)
        return pairs, (SLOT, self._slot(parameter.index, gate.frequency), 1.0, 0.0)

    def _fixed(self, matrix: np.ndarray, wires: tuple[int, ...]) -> None:
        orthogonal = _realified(matrix)
        for x, y, angle in _givens(orthogonal):
            self._turn([(x, y)], wires, (CONSTANT, 0, 1.0, angle))
        self._rename(_left_over(orthogonal), wires)

    def _turn(
        self, pairs: Sequence[tuple[int, int]], wires: tuple[int, ...], angle: tuple[int, int, float, float]
    ) -> None:
        """Writes one instruction for planes (x, y) of the gate's local rows, for all basis states of other wires."""
        local = self._rows_of(wires)
        x = np.concatenate([local[x] for x, _ in pairs])
        y = np.concatenate([local[y] for _, y in pairs])
        there = (x < self.rows) & (y < self.rows)  # a real state has no imaginary rows
        x, y = x[there], y[there]
        if not len(x):
            return
        planes = np.stack([self.where[x], self.where[y]], axis=1)
        backwards = self.sign[x] != self.sign[y]  # rotating (x, −y) reverses the direction
        planes[backwards] = planes[backwards, ::-1]
        self.planes.append(planes)
        self.instructions.append(angle)

    def _rename(self, signed: np.ndarray, wires: tuple[int, ...]) -> None:
        """Applies a signed permutation of the gate's local rows by relabelling."""
        local = self._rows_of(wires)
        source = np.abs(signed).argmax(axis=1)
        where, sign = self.where.copy(), self.sign.copy()
        for row, before in enumerate(source):
            new, old = local[row], local[before]
            there = (new < self.rows) & (old < self.rows)
            where[new[there]] = self.where[old[there]]
            sign[new[there]] = self.sign[old[there]] * np.int8(np.sign(signed[row, before]))
        self.where, self.sign = where, sign

    def _rows_of(self, wires: tuple[int, ...]) -> np.ndarray:
        """The rows (2·2^wires, others) that belong to each of the gate's local rows."""
        qubits = self.circuit.qubits
        basis = np.arange(self.size).reshape([2] * qubits)
        amplitudes = np.moveaxis(basis, wires, range(len(wires))).reshape(2 ** len(wires), -1)
        return np.concatenate([amplitudes, amplitudes + self.size])

    def _observables(self) -> tuple[np.ndarray, np.ndarray]:
        signs = np.empty((len(self.circuit.observables), self.rows))
        partners = np.empty((len(self.circuit.observables), self.rows), dtype=np.int32)
        for number, word in enumerate(self.circuit.observables):
            source, factor = word_as_permutation(self.circuit.qubits, word)
            partner, value = _realified_permutation(source, factor, real=self.real)
            signs[number, self.where] = value * self.sign * self.sign[partner]
            partners[number, self.where] = self.where[partner]
        return signs, partners


def _realified(matrix: np.ndarray) -> np.ndarray:
    """A complex matrix (m, m) as a real matrix (2m, 2m) on real parts, then imaginary parts."""
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def _realified_permutation(
    source: np.ndarray, factor: np.ndarray, *, real: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Partner and sign of each real row for ψ'[k] = factor[k]·ψ[source[k]] with factors ±1 or ±i."""
    if real:
        return source, factor.real
    size, crosses = len(source), np.abs(factor.imag) > 0.5
    partner = np.concatenate(
        [np.where(crosses, source + size, source), np.where(crosses, source, source + size)]
    )
    sign = np.concatenate(
        [np.where(crosses, -factor.imag, factor.real), np.where(crosses, factor.imag, factor.real)]
    )
    return partner, sign


def _givens(orthogonal: np.ndarray) -> list[tuple[int, int, float]]:
    """Givens rotations (x, y, angle) in order of action that, followed by `_left_over`, compose `orthogonal`."""
    if _is_signed_permutation(orthogonal):
        return []
    matrix, undone = orthogonal.copy(), []
    size = len(matrix)
    for row in range(size):
        for column in range(row + 1, size):
            if abs(matrix[row, column]) > 1e-12:
                # from the right: rotate columns (row, column) to eliminate the entry
                angle = np.arctan2(matrix[row, column], matrix[row, row])
                c, s = np.cos(angle), np.sin(angle)
                kept = matrix[:, row].copy()
                matrix[:, row] = c * kept + s * matrix[:, column]
                matrix[:, column] = c * matrix[:, column] - s * kept
                undone.append((row, column, -angle))
    # orthogonal·R₁·R₂·…·Rₘ is diagonal, so orthogonal = diagonal·Rₘᵀ·…·R₁ᵀ, and R₁ᵀ acts first
    return undone


def _left_over(orthogonal: np.ndarray) -> np.ndarray:
    """The signed permutation that follows the Givens rotations."""
    if _is_signed_permutation(orthogonal):
        return np.round(orthogonal)
    matrix = orthogonal.copy()
    for x, y, angle in _givens(orthogonal):
        c, s = np.cos(angle), np.sin(angle)
        matrix[:, [x, y]] = matrix[:, [x, y]] @ np.array([[c, s], [-s, c]])
    return np.round(matrix)


def _is_signed_permutation(matrix: np.ndarray) -> bool:
    rounded = np.round(matrix)
    return bool(np.allclose(matrix, rounded, atol=1e-12) and (np.abs(rounded).sum(axis=1) == 1).all())
