"""Circuits as frozen, hashable data with a JSON form. Torch-free. Wire 0 is the leftmost bit of a basis state."""

from __future__ import annotations

import hashlib
import json
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from qlatent.circuits.gates import GATES, SEQUENCES, UNITARY, Gate, unitary
from qlatent.errors import CircuitError
from qlatent.registry import did_you_mean

QUBIT_LIMIT = 16
"""Default limit: batches of states with 2^16 amplitudes fit on a laptop."""

PauliWord = tuple[tuple[str, int], ...]
"""An observable: Pauli letters on wires, e.g. ⟨Z₀⟩ is (("Z", 0),)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An angle in radians: column `index` of the inputs, entry `index` of the weights, or `value`."""

    kind: Literal["input", "weight", "constant"]
    index: int = 0
    value: float = 0.0

    def __post_init__(self) -> None:
        where = f"A parameter of kind {self.kind!r}"
        object.__setattr__(self, "index", _whole(self.index, f"{where}: the index"))
        object.__setattr__(self, "value", _number(self.value, f"{where}: the value"))


def input_(index: int) -> Parameter:
    """An angle taken from column `index` of the inputs (batch, inputs)."""
    return Parameter("input", index)


def weight(index: int) -> Parameter:
    """An angle taken from entry `index` of the flat weights, shared by the whole batch."""
    return Parameter("weight", index)


def constant(value: float) -> Parameter:
    """A constant angle of `value` radians."""
    return Parameter("constant", value=value)


@dataclass(frozen=True, slots=True)
class Operation:
    """A gate on wires (controls first), with one `Parameter` per angle.

    The gate is one of `GATES` or `SEQUENCES`, or "Unitary" with its `matrix` (2, 2) or (4, 4) as rows. Raises
    `CircuitError` for wires that are not Python or numpy integers.
    """

    gate: str
    wires: tuple[int, ...]
    parameters: tuple[Parameter, ...] = ()
    matrix: tuple[tuple[complex, ...], ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "wires", _wires(self.gate, self.wires))
        object.__setattr__(self, "parameters", tuple(self.parameters))
        if self.matrix is not None:
            object.__setattr__(self, "matrix", _rows(self.matrix))

    @property
    def definition(self) -> Gate:
        """The matrices of the gate; a sequence has none (see `Circuit.elementary`)."""
        return GATES[self.gate] if self.matrix is None else _unitary(self.matrix)

    def __str__(self) -> str:
        return f"{self.gate} on wires {', '.join(map(str, self.wires))}"


_unitary = lru_cache(maxsize=256)(unitary)


@dataclass(frozen=True)
class Circuit:
    """Operations on an initial state, and the observables measured at the end.

    With `encoding="angles"` the initial state is |0…0⟩ and inputs are angles of gates. With "amplitudes" it is the
    normalised input vector of 2^qubits numbers (pad shorter vectors with zeros), and no gate may take an input.

    More than 16 qubits need a higher `qubit_limit`. Raises a `CircuitError` that names the operation for an unknown
    gate, a wire out of range or repeated, a wrong number of angles, or a gap in the input or weight indices.
    """

    qubits: int
    operations: tuple[Operation, ...]
    observables: tuple[PauliWord, ...]
    name: str = ""
    qubit_limit: int = QUBIT_LIMIT
    encoding: Literal["angles", "amplitudes"] = "angles"

    def __post_init__(self) -> None:
        object.__setattr__(self, "qubits", _whole(self.qubits, "The number of qubits"))
        object.__setattr__(self, "qubit_limit", _whole(self.qubit_limit, "The qubit limit"))
        object.__setattr__(self, "operations", tuple(self.operations))
        object.__setattr__(self, "observables", tuple(map(_pauli_word, self.observables)))
        _check_size(self)
        for number, operation in enumerate(self.operations):
            _check_operation(number, operation, self.qubits)
        for kind in ("input", "weight"):
            _check_indices(kind, _indices(self, kind))
        _check_observables(self)
        _check_encoding(self)

    def __hash__(self) -> int:
        return self._digest

    @cached_property
    def _digest(self) -> int:  # cached, because every training step looks up a fused program by circuit
        """Hash of the JSON text; unlike Python's salted string hashes it is equal in all processes."""
        return int.from_bytes(hashlib.sha256(self.to_json().encode()).digest()[:8])

    @cached_property
    def inputs(self) -> int:
        """Number of inputs per sample: angles or amplitudes."""
        if self.encoding == "amplitudes":
            return int(2**self.qubits)
        return len(_indices(self, "input"))

    @cached_property
    def weights(self) -> int:
        """Number of weights."""
        return len(_indices(self, "weight"))

    @cached_property
    def real(self) -> bool:
        """Whether every gate is real, so that states are real."""
        return all(operation.definition.real for operation in self.elementary)

    @cached_property
    def elementary(self) -> tuple[Operation, ...]:
        """The operations with every sequence expanded, so that each takes at most one angle."""
        return tuple(part for operation in self.operations for part in written_out(operation))

    def to_json(self) -> str:
        """The circuit as a JSON document; `from_json` reads it back."""
        operations = [_operation_json(operation) for operation in self.operations]
        extra = {} if self.encoding == "angles" else {"encoding": self.encoding}
        return json.dumps(
            {
                "format": 1,
                "name": self.name,
                "qubits": self.qubits,
                "qubit_limit": self.qubit_limit,
                "operations": operations,
                "observables": [[list(letter) for letter in word] for word in self.observables],
                **extra,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Circuit:
        """The circuit stored in a document of `to_json`; `CircuitError` for any other text."""
        try:
            document = json.loads(text)
            version = document["format"]
            if version != 1:
                raise CircuitError(
                    f"This circuit has format {version!r}, expected 1.", remedy="Update qlatent to read it."
                )
            return _from_document(cls, document)
        except (ValueError, KeyError, TypeError, RecursionError) as err:
            raise CircuitError(
                f"This is not a circuit document: {err!r}.",
                remedy="Pass the text returned by Circuit.to_json.",
            ) from err


def _from_document(cls: type[Circuit], document: Mapping[str, Any]) -> Circuit:
    operations = tuple(_operation(*parts) for parts in document["operations"])
    observables = tuple(tuple((letter, wire) for letter, wire in word) for word in document["observables"])
    size = (document["qubits"], operations, observables, document["name"], document["qubit_limit"])
    return cls(*size, encoding=document.get("encoding", "angles"))


def written_out(operation: Operation) -> Sequence[Operation]:
    """The operation as gates with at most one angle each; expands a sequence."""
    if operation.gate not in SEQUENCES:
        return (operation,)
    parts = zip(SEQUENCES[operation.gate], operation.parameters, strict=True)
    return [Operation(gate, operation.wires, (parameter,)) for gate, parameter in parts]


def _operation_json(operation: Operation) -> list[Any]:
    parts = [operation.gate, list(operation.wires), [_parameter_json(p) for p in operation.parameters]]
    if operation.matrix is None:
        return parts
    return [*parts, [[[entry.real, entry.imag] for entry in row] for row in operation.matrix]]


def _operation(gate: str, wires: Any, parameters: Any, matrix: Any = None) -> Operation:
    rows = None if matrix is None else tuple(tuple(complex(*entry) for entry in row) for row in matrix)
    return Operation(gate, tuple(wires), tuple(_parameter(part) for part in parameters), rows)


def _parameter_json(parameter: Parameter) -> dict[str, int | float]:
    if parameter.kind == "constant":
        return {"constant": parameter.value}
    return {parameter.kind: parameter.index}


def _parameter(document: Mapping[str, Any]) -> Parameter:
    ((kind, value),) = document.items()
    if kind == "constant":
        return constant(value)
    if kind not in ("input", "weight"):
        raise ValueError(f"unknown parameter kind {kind!r}")
    return input_(value) if kind == "input" else weight(value)


def _indices(circuit: Circuit, kind: str) -> set[int]:
    parameters = (p for operation in circuit.operations for p in operation.parameters)
    return {p.index for p in parameters if p.kind == kind}


def _check_size(circuit: Circuit) -> None:
    if circuit.qubits < 1:
        raise CircuitError(f"A circuit with {circuit.qubits} qubits was asked for.", remedy="Use 1 or more.")
    if circuit.qubits > circuit.qubit_limit:
        mebibytes = 2**circuit.qubits * 8 / 2**20
        raise CircuitError(
            f"{circuit.qubits} qubits need {mebibytes:,.0f} MiB for each sample (complex64), and several times "
            f"as much in training; the limit is {circuit.qubit_limit} qubits.",
            remedy=f"Use fewer qubits, or pass qubit_limit={circuit.qubits} if there is enough memory.",
        )


def _whole(value: Any, what: str) -> int:
    """The value as an int; `CircuitError` unless it is a Python or numpy integer."""
    try:
        return int(operator.index(value))
    except TypeError as err:
        raise CircuitError(f"{what} is {value!r}, expected a whole number.", remedy="Count from 0.") from err


def _number(value: Any, what: str) -> float:
    try:
        return float(value) + 0.0  # turns −0 into 0, so that equal circuits have equal JSON
    except (TypeError, ValueError) as err:
        raise CircuitError(f"{what} is {value!r}, expected a number.", remedy="Use radians.") from err


def _wires(gate: str, wires: Any) -> tuple[int, ...]:
    if isinstance(wires, str) or not isinstance(wires, Iterable):
        raise CircuitError(
            f"{gate}: the wires are {wires!r}, expected a tuple of whole numbers.",
            remedy="Name them in a tuple, as in (0,) or (0, 1).",
        )
    return tuple(_whole(wire, f"{gate}: a wire") for wire in wires)


def _rows(matrix: Any) -> tuple[tuple[complex, ...], ...]:
    try:
        return tuple(tuple(complex(entry) + 0j for entry in row) for row in matrix)
    except (TypeError, ValueError) as err:
        raise CircuitError(
            f"{UNITARY}: the matrix holds no rows of numbers: {err}.",
            remedy="Pass the rows of a unitary matrix.",
        ) from err


def _pauli_word(word: Any) -> PauliWord:
    try:
        pairs = [(letter, wire) for letter, wire in word]
    except (TypeError, ValueError) as err:
        raise CircuitError(
            f"The observable {word!r} is not a Pauli word.",
            remedy='Pair letters with wires, as in (("Z", 0), ("X", 1)).',
        ) from err
    return tuple((letter, _whole(wire, f"The observable {word!r}: a wire")) for letter, wire in pairs)


def _check_operation(number: int, operation: Operation, qubits: int) -> None:
    where = f"Operation {number} ({operation})"
    wires, angles = _shape(where, operation)
    if len(operation.wires) != wires or len(set(operation.wires)) != wires:
        raise CircuitError(
            f"{where}: {operation.gate} takes {wires} different wires.", remedy="Name each wire once."
        )
    for wire in operation.wires:
        if not 0 <= wire < qubits:
            raise CircuitError(f"{where}: there is no wire {wire}.", remedy=f"Use wires 0 to {qubits - 1}.")
    if len(operation.parameters) != angles:
        raise CircuitError(
            f"{where}: {operation.gate} takes {angles} angles, got {len(operation.parameters)}.",
            remedy="Pass an input, a weight or a constant for each angle.",
        )
    for parameter in operation.parameters:
        _check_parameter(where, parameter)


def _shape(where: str, operation: Operation) -> tuple[int, int]:
    """The number of wires and angles that the gate takes."""
    if (operation.gate == UNITARY) != (operation.matrix is not None):
        raise CircuitError(
            f"{where}: a matrix belongs to {UNITARY!r} and to no other gate.",
            remedy=f"Use {UNITARY!r} with a matrix, or a named gate without one.",
        )
    if operation.gate in SEQUENCES:
        parts = SEQUENCES[operation.gate]
        return GATES[parts[0]].wires, len(parts)
    if operation.gate not in (*GATES, UNITARY):
        names = (*GATES, *SEQUENCES, UNITARY)
        raise CircuitError(f"{where}: there is no such gate.", remedy=did_you_mean(operation.gate, names))
    try:
        return operation.definition.wires, operation.definition.parameters
    except ValueError as err:
        raise CircuitError(f"{where}: {err}.", remedy="Pass the rows of a unitary matrix.") from err


def _check_parameter(where: str, parameter: Parameter) -> None:
    if parameter.kind not in ("input", "weight", "constant"):
        raise CircuitError(
            f"{where}: unknown kind of parameter {parameter.kind!r}.", remedy="Use input, weight or constant."
        )
    if parameter.kind == "constant" and not math.isfinite(parameter.value):
        raise CircuitError(f"{where}: the constant {parameter.value} is not finite.", remedy="Use radians.")
    if parameter.index < 0:
        raise CircuitError(f"{where}: negative index {parameter.index}.", remedy="Count from 0.")


def _check_indices(kind: str, indices: set[int]) -> None:
    missing = sorted(set(range(max(indices, default=-1) + 1)) - indices)
    if missing:
        raise CircuitError(
            f"No operation uses {kind} {missing[0]}, but {kind} {max(indices)} is used.",
            remedy=f"Number the {kind}s from 0 without a gap.",
        )


def _check_encoding(circuit: Circuit) -> None:
    if circuit.encoding not in ("angles", "amplitudes"):
        raise CircuitError(f"Unknown encoding {circuit.encoding!r}.", remedy="Use 'angles' or 'amplitudes'.")
    if circuit.encoding == "amplitudes" and _indices(circuit, "input"):
        raise CircuitError(
            "A gate takes an input, but the inputs are the amplitudes of the start state.",
            remedy="Use weights and constants in the gates, or encoding='angles'.",
        )


def _check_observables(circuit: Circuit) -> None:
    if not circuit.observables:
        raise CircuitError("The circuit measures nothing.", remedy='Add an observable such as (("Z", 0),).')
    for word in circuit.observables:
        wires = [wire for _, wire in word]
        letters_known = all(letter in ("X", "Y", "Z") for letter, _ in word)
        if not word or not letters_known or len(set(wires)) != len(wires):
            raise CircuitError(
                f"The observable {word!r} is not a Pauli word.",
                remedy="Use X, Y or Z once on each of its wires.",
            )
        if not all(0 <= wire < circuit.qubits for wire in wires):
            raise CircuitError(
                f"The observable {word!r} names a wire that does not exist.",
                remedy=f"Use wires 0 to {circuit.qubits - 1}.",
            )
