"""Circuits in the gates of a device: transpiled once a job, with the weights bound and the inputs symbolic. Torch-free.

It imports Qiskit: import it in the main thread of a worker process, or ask `qiskit_process`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import qiskit.qpy
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.transpiler import Target, generate_preset_pass_manager

from qlatent.circuits.bridges import to_qiskit
from qlatent.circuits.circuit import Circuit, PauliWord
from qlatent.circuits.measurements import measurements
from qlatent.errors import InputError
from qlatent.hardware.work import Work

Array = NDArray[np.float64]
REGISTER = "meas"
"""The classical register of measured circuits; wire i is its bit i."""

_ROUTING = {"SabreSwap", "SabreLayout"}


@dataclass(frozen=True, eq=False)
class Transpiled:
    """A circuit in the gates of a device, without measurements.

    `start` and `end` are the qubits of the device that hold each wire at the start and at the end; `columns` are the
    columns of a table of angles that its parameters take, in Qiskit's order.
    """

    circuit: QuantumCircuit
    start: tuple[int, ...]
    end: tuple[int, ...]
    columns: tuple[int, ...]
    swaps: int

    def table(self, angles: Array) -> Array:
        """The angles (items, inputs) in the order of the circuit's parameters."""
        return angles[:, list(self.columns)]

    @cached_property
    def measured(self) -> QuantumCircuit:
        """The circuit with wire i measured into bit i of the register "meas"."""
        made = self.circuit.copy()
        bits = ClassicalRegister(len(self.end), REGISTER)
        made.add_register(bits)
        made.measure(list(self.end), bits)
        return made

    @property
    def pair_gates(self) -> int:
        """Number of two-qubit gates."""
        return int(self.circuit.num_nonlocal_gates())

    @property
    def pair_depth(self) -> int:
        """Number of layers of two-qubit gates."""
        return int(self.circuit.depth(lambda each: each.operation.num_qubits > 1))

    def seconds(self, target: Target) -> float:
        """How long one execution takes on the device, its measurement included; nan where it tells no durations."""
        bound = self.measured.assign_parameters(dict.fromkeys(self.circuit.parameters, 0.0))
        try:
            return float(bound.estimate_duration(target, unit="s"))
        except qiskit.exceptions.QiskitError:
            return float("nan")


@dataclass(frozen=True, eq=False)
class Program:
    """A transpiled circuit with the rows of its items: `items` of the work, and the observables it measures."""

    transpiled: Transpiled
    items: range
    numbers: tuple[int, ...]  # of the work's observables
    words: tuple[PauliWord, ...]  # the same as words of Z

    def rows(self, work: Work, items: range) -> Array:
        """The angles of those of its items that are among `items`, (rows, parameters)."""
        if not self.transpiled.columns:
            return np.zeros((len(self.shared(items)), 0))
        shared = self.shared(items)
        return self.transpiled.table(work.angles[shared.start : shared.stop])

    def shared(self, items: range) -> range:
        """The items of the program that are among `items`."""
        return range(
            max(self.items.start, items.start), max(self.items.start, min(self.items.stop, items.stop))
        )


def transpiled(
    circuits: Sequence[QuantumCircuit], target: Target, *, level: int = 3, seed: int = 0
) -> list[Transpiled]:
    """The circuits in the gates of a device, transpiled with Qiskit's preset of this optimisation level.

    Raises `InputError` if the device has fewer qubits than a circuit.
    """
    widest = max((each.num_qubits for each in circuits), default=0)
    if widest > (target.num_qubits or 0):
        raise InputError(
            f"The circuit has {widest} qubits, the device {target.num_qubits}.",
            remedy="Choose a larger device, or a head with fewer qubits.",
        )
    manager = generate_preset_pass_manager(optimization_level=level, target=target, seed_transpiler=seed)
    return [_transpiled(each, manager) for each in circuits]


def programs(work: Work, target: Target, *, seed: int = 0) -> list[Program]:
    """What is sent for a work: one program for all items, or one an item if their circuits differ.

    Observables that cannot be measured together take a program each. Amplitudes are bound item by item.
    """
    ways = measurements(work.circuit)
    if work.circuits:
        bound = [(item, _bound(each, None, None)) for item, each in enumerate(work.circuits)]
    elif work.circuit.encoding == "amplitudes":
        bound = [(item, _bound(work.circuit, row, work.weights)) for item, row in enumerate(work.angles)]
    else:
        bound = [(None, _bound(work.circuit, None, work.weights))]  # type: ignore[list-item]
    flat = [(item, way, each) for item, group in bound for way, each in zip(ways, group, strict=True)]
    level = work.options.optimization_level
    made = transpiled([each for _, _, each in flat], target, level=level, seed=seed)
    return [
        Program(
            each,
            range(len(work)) if item is None else range(item, item + 1),
            way.numbers,
            way.circuit.observables,
        )
        for (item, way, _), each in zip(flat, made, strict=True)
    ]


def payload_bytes(programs: Sequence[Program], work: Work) -> int:
    """The bytes that programs and angles take in the client's JSON, as they are sent to a device."""
    from qiskit_ibm_runtime import RuntimeEncoder

    pubs = [(each.transpiled.measured, each.rows(work, each.items), work.options.shots) for each in programs]
    return len(json.dumps({"pubs": pubs, "version": 2}, cls=RuntimeEncoder).encode())


def qpy(circuit: QuantumCircuit) -> bytes:
    """A circuit in QPY, Qiskit's versioned format."""
    buffer = io.BytesIO()
    qiskit.qpy.dump(circuit, buffer)
    return buffer.getvalue()


def _bound(circuit: Circuit, inputs: Any, weights: Any) -> list[QuantumCircuit]:
    """The circuit of each measurement, with these numbers bound."""
    return [to_qiskit.bind(each.circuit, inputs, weights) for each in measurements(circuit)]


def _transpiled(circuit: QuantumCircuit, manager: Any) -> Transpiled:
    swaps = [0]

    def count(**seen: Any) -> None:
        if seen["pass_"].name() in _ROUTING:
            swaps[0] = seen["dag"].count_ops().get("swap", 0)

    made = manager.run(circuit, callback=count)
    names = [each.name for each in circuit.parameters]
    return Transpiled(
        circuit=made,
        start=tuple(made.layout.initial_index_layout(filter_ancillas=True)),
        end=tuple(made.layout.final_index_layout()),
        columns=tuple(names.index(each.name) for each in made.parameters),
        swaps=max(0, swaps[0] - circuit.count_ops().get("swap", 0)),
    )
