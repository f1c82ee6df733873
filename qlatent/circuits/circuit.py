"""A circuit is data: frozen, hashable, JSON. Torch-free. Wire 0 is the leftmost bit of a basis state."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from qlatent.circuits.gates import GATES
from qlatent.errors import CircuitError
from qlatent.registry import did_you_mean

QUBIT_LIMIT = 16
"""A state of 2^16 amplitudes a sample is what a laptop bears in a batch; more must be asked for."""

PauliWord = tuple[tuple[str, int], ...]
"""An observable: Pauli letters on wires, e.g. ⟨Z₀⟩ is (("Z", 0),)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An angle in radians: column `index` of the inputs, entry `index` of the weights, or `value`."""

    kind: Literal["input", "weight", "constant"]
    index: int = 0
    value: float = 0.0


def input_(index: int) -> Parameter:
    """The angle is column `index` of the inputs (batch, inputs)."""
    return Parameter("input", index)


def weight(index: int) -> Parameter:
    """The angle is entry `index` of the flat weights, shared by the whole batch."""
    return Parameter("weight", index)


def constant(value: float) -> Parameter:
    """The angle is always `value` radians."""
    return Parameter("constant", value=float(value))


@dataclass(frozen=True, slots=True)
class Operation:
    """A gate of the table on wires (controls first), with one `Parameter` per angle it takes."""

    gate: str
    wires: tuple[int, ...]
    parameters: tuple[Parameter, ...] = ()

    def __str__(self) -> str:
        return f"{self.gate} on wires {', '.join(map(str, self.wires))}"


@dataclass(frozen=True)
class Circuit:
    """Operations from |0…0⟩ and the observables measured at the end.

    `qubit_limit` must be raised by hand for more than 16 qubits. Anything inconsistent is a `CircuitError`
    that names the operation: unknown gate, wire out of range or repeated, wrong number of angles, an input
    or weight index left out.
    """

    qubits: int
    operations: tuple[Operation, ...]
    observables: tuple[PauliWord, ...]
    name: str = ""
    qubit_limit: int = QUBIT_LIMIT

    def __post_init__(self) -> None:
        _check_size(self)
        for number, operation in enumerate(self.operations):
            _check_operation(number, operation, self.qubits)
        for kind in ("input", "weight"):
            _check_indices(kind, _indices(self, kind))
        _check_observables(self)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:  # kept: plans are looked up by circuit in every training step
        return hash((self.qubits, self.operations, self.observables, self.name, self.qubit_limit))

    @cached_property
    def inputs(self) -> int:
        """How many input angles a sample needs."""
        return len(_indices(self, "input"))

    @cached_property
    def weights(self) -> int:
        """How many weights the circuit needs."""
        return len(_indices(self, "weight"))

    @cached_property
    def real(self) -> bool:
        """Whether every gate is real, so that the state never needs complex numbers."""
        return all(GATES[operation.gate].real for operation in self.operations)

    def to_json(self) -> str:
        """One JSON document that `from_json` turns into an equal circuit."""
        operations = [
            [op.gate, list(op.wires), [_parameter_json(p) for p in op.parameters]] for op in self.operations
        ]
        return json.dumps(
            {
                "format": 1,
                "name": self.name,
                "qubits": self.qubits,
                "qubit_limit": self.qubit_limit,
                "operations": operations,
                "observables": [[list(letter) for letter in word] for word in self.observables],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Circuit:
        """The circuit of a `to_json` document; anything else is a `CircuitError`."""
        try:
            document = json.loads(text)
            version = document["format"]
            if version != 1:
                raise CircuitError(
                    f"This circuit has format {version!r}, expected 1.", remedy="Update qlatent to read it."
                )
            return _from_document(cls, document)
        except (ValueError, KeyError, TypeError) as err:
            raise CircuitError(
                f"This is not a circuit document: {err!r}.", remedy="Pass the text that Circuit.to_json made."
            ) from err


def _from_document(cls: type[Circuit], document: Mapping[str, Any]) -> Circuit:
    operations = tuple(
        Operation(gate, tuple(wires), tuple(_parameter(part) for part in parameters))
        for gate, wires, parameters in document["operations"]
    )
    observables = tuple(tuple((letter, wire) for letter, wire in word) for word in document["observables"])
    return cls(document["qubits"], operations, observables, document["name"], document["qubit_limit"])


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
            f"{circuit.qubits} qubits need {mebibytes:,.0f} MiB for each sample (complex64), in training "
            f"several times that; the limit is {circuit.qubit_limit} qubits.",
            remedy=f"Use fewer qubits, or pass qubit_limit={circuit.qubits} if the memory is there.",
        )


def _check_operation(number: int, operation: Operation, qubits: int) -> None:
    where = f"Operation {number} ({operation})"
    if operation.gate not in GATES:
        raise CircuitError(f"{where}: there is no such gate.", remedy=did_you_mean(operation.gate, GATES))
    gate = GATES[operation.gate]
    if len(operation.wires) != gate.wires or len(set(operation.wires)) != gate.wires:
        raise CircuitError(
            f"{where}: {gate.name} takes {gate.wires} different wires.", remedy="Name each wire once."
        )
    for wire in operation.wires:
        if not 0 <= wire < qubits:
            raise CircuitError(f"{where}: there is no wire {wire}.", remedy=f"Use wires 0 to {qubits - 1}.")
    if len(operation.parameters) != gate.parameters:
        raise CircuitError(
            f"{where}: {gate.name} takes {gate.parameters} angles, got {len(operation.parameters)}.",
            remedy="Pass an input, a weight or a constant for each angle.",
        )
    for parameter in operation.parameters:
        _check_parameter(where, parameter)


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
                f"The observable {word!r} names a wire that is not there.",
                remedy=f"Use wires 0 to {circuit.qubits - 1}.",
            )
