"""Circuits of layouts and kept heads: drawings, sizes, states gate by gate and exports. Torch-free."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits import layouts, merging
from qlatent.circuits.analysis import gate_by_gate
from qlatent.circuits.circuit import Circuit, Parameter
from qlatent.circuits.drawings import svg, text
from qlatent.circuits.specs import Specs, specs
from qlatent.errors import InputError
from qlatent.hardware import qiskit_process
from qlatent.registry import head_class, make_config
from qlatent.services.heads import kept_heads
from qlatent.services.heads.kept_heads import HeadView
from qlatent.store.workspace import Workspace

Array = NDArray[np.float64]

MAX_QUBITS = 8
"""The most gates of a readable drawing."""

LARGEST_MERGE = merging.LARGEST
"""The most inputs of a merging circuit."""

FORMATS = {
    "json": ("circuit.json", "application/json"),
    "pennylane": ("circuit.py", "text/x-python"),
    "qasm3": ("circuit.qasm", "text/plain"),
    "qpy": ("circuit.qpy", "application/octet-stream"),
}
"""File name and media type of each export."""


@dataclass(frozen=True, eq=False)
class CircuitView:
    """A circuit with its angles: `inputs` (inputs,) of one sample and `weights` (weights,)."""

    circuit: Circuit
    inputs: Array
    weights: Array
    sized: Callable[[int, int], Circuit] | None = None  # (qubits, layers) → a circuit of the same kind
    head: HeadView | None = None  # the head with this circuit
    modality: str = ""  # of the head

    @property
    def specs(self) -> Specs:
        """Numbers of gates, wires, parameters and so on."""
        return specs(self.circuit)


@dataclass(frozen=True)
class Drawing:
    """A circuit as SVG, the start state and its gates as text, and a unique id."""

    id: str
    svg: str
    gates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GateByGate:
    """The states of a circuit gate by gate, the start state first.

    `probabilities` (gates + 1, 2^qubits) are those of the basis states; `bloch` (gates + 1, qubits, 3) has ⟨Z⟩ of each
    wire in its last column; `entropies` (gates + 1, qubits) are in bits.
    """

    probabilities: Array
    bloch: Array
    entropies: Array


def layout_names() -> dict[str, str]:
    """Every layout by name, with the first sentence of its description."""
    return {
        name: (inspect.getdoc(build) or "").split("\n\n")[0].replace("\n", " ").replace("`", "")
        for name, build in layouts.LAYOUTS.items()
    }


def of_layout(name: str, *, qubits: int, layers: int, seed: int = 0) -> CircuitView:
    """The circuit of a layout, with weights and input angles drawn uniformly from −π to π by the seed."""
    if name not in layouts.LAYOUTS:
        raise InputError(
            f"There is no layout called {name!r}.", remedy=f"Use one of {', '.join(layouts.LAYOUTS)}."
        )
    build = layouts.LAYOUTS[name]
    return replace(_with_angles(build(qubits, layers), seed), sized=build)


def heads_with_circuits(workspace: Workspace) -> list[HeadView]:
    """The kept heads with a circuit, newest first."""
    return [
        head
        for head in kept_heads.list_heads(workspace)
        if not head.broken and head_class(head.head).has_circuit
    ]


def of_head(workspace: Workspace, head_id: str, *, modality: str, seed: int = 0) -> CircuitView:
    """The circuit of one modality of a kept head with its trained weights, and input angles drawn by the seed."""
    head = kept_heads.usable(kept_heads.view(workspace, head_id))
    config = make_config(head_class(head.head), head.config)
    if not config.has_circuit or modality not in config.modalities:
        raise InputError(f"{head.name!r} has no circuit for {modality}.", remedy="Choose another modality.")
    weights = kept_heads.weights(workspace, head.id)[config.circuit_tensor(modality)].astype(float)
    drawn = _with_angles(config.circuit(), seed)
    return replace(drawn, weights=weights, head=head, modality=modality, sized=config.resized)


@dataclass(frozen=True, eq=False)
class MergeView:
    """One merge of a projection: its circuit, the indices of its inputs, and ⟨Z⟩ of its output."""

    circuit: CircuitView
    control: int
    target: int
    z: float


def of_merges(kind: merging.Kind, *, inputs: int, outputs: int, seed: int = 0) -> list[MergeView]:
    """The merges of `inputs` Bloch encodings into `outputs`, in order, with inputs and angles drawn by the seed.

    Each is a two-qubit circuit whose inputs are outputs of earlier merges, prepared as new states. The angles are
    uniform in (0, 4π), as in an untrained head. More inputs than `LARGEST_MERGE` raise an error.
    """
    rng = np.random.default_rng(seed)
    tilt = 0.5 * np.pi * (1 + np.tanh(rng.normal(size=(1, inputs))))  # the encoding of tanh u, phase π
    angles = rng.uniform(0, 4 * np.pi, (inputs - outputs, merging.ANGLES[kind]))
    return [
        MergeView(
            CircuitView(merging.merge_circuit(kind), each.prepared[0], each.weights),
            each.control, each.target, float(each.z[0]),
        )
        for each in merging.each_merge(np.cos(tilt), -np.sin(tilt), angles, kind=kind, outputs=outputs)
    ]  # fmt: skip


def with_angles(view: CircuitView, angles: NDArray[np.float64]) -> CircuitView:
    """The view with other angles, inputs first, then weights."""
    split = view.circuit.inputs
    return replace(view, inputs=angles[:split], weights=angles[split:])


def states_gate_by_gate(view: CircuitView) -> GateByGate:
    """The states of the view's circuit gate by gate, for the view's angles; recent results are cached."""
    return _gate_by_gate(view.circuit, view.inputs.tobytes(), view.weights.tobytes())


def drawn(circuit: Circuit) -> Drawing:
    """The drawing of a circuit, with its gates as text."""
    return _drawing(circuit)


def picture(circuit: Circuit, gate: int) -> str:
    """The drawing of a circuit as SVG with one gate marked, counted from 1; 0 is the start state."""
    return svg.draw(circuit, now=gate)


def gate_rows(view: CircuitView) -> list[dict[str, object]]:
    """One row per gate in order: name, wires and angles."""
    return [
        {
            "Gate": operation.gate,
            "Wires": ", ".join(map(str, operation.wires)),
            "Angles": ", ".join(text.angle(parameter) for parameter in operation.parameters),
            "Radians": ", ".join(f"{_value(view, parameter):.3f}" for parameter in operation.parameters),
        }
        for operation in view.circuit.operations
    ]


def drawing_of(head: str, config: Mapping[str, Any]) -> str:
    """The circuit of a registered head with this config, as a text drawing; "" for a head without a circuit."""
    circuit = make_config(head_class(head), config).circuit()
    return "" if circuit is None else text.draw(circuit)


def exported(view: CircuitView, format: str) -> bytes:
    """The circuit in one of `FORMATS`, with free angles; amplitudes are bound, since Qiskit has no symbols for them.

    Raises `UnavailableError` if Qiskit is needed but not installed, or its process does not respond.
    """
    circuit = view.circuit
    if format == "json":
        return circuit.to_json().encode()
    if format == "pennylane":
        from qlatent.circuits.bridges import to_pennylane  # slow to import

        return to_pennylane.source(circuit).encode()
    inputs = view.inputs.tobytes() if circuit.encoding == "amplitudes" else None
    return _by_qiskit(circuit, format, inputs)


@lru_cache(maxsize=64)
def _by_qiskit(circuit: Circuit, format: Any, inputs: bytes | None) -> bytes:
    return qiskit_process.exported(circuit, format, None if inputs is None else np.frombuffer(inputs))


def _with_angles(circuit: Circuit, seed: int) -> CircuitView:
    rng = np.random.default_rng(seed)
    weights, inputs = (rng.uniform(-np.pi, np.pi, count) for count in (circuit.weights, circuit.inputs))
    return CircuitView(circuit, inputs, weights)


@lru_cache(maxsize=16)
def _gate_by_gate(circuit: Circuit, inputs: bytes, weights: bytes) -> GateByGate:
    states = gate_by_gate.states(circuit, np.frombuffer(inputs), np.frombuffer(weights))
    return GateByGate(np.abs(states) ** 2, gate_by_gate.bloch_vectors(states), gate_by_gate.entropies(states))


@lru_cache(maxsize=32)
def _drawing(circuit: Circuit) -> Drawing:
    gates = ("the start state", *map(text.described, circuit.operations))
    return Drawing(sha256(circuit.to_json().encode()).hexdigest()[:12], svg.draw(circuit), gates)


def _value(view: CircuitView, parameter: Parameter) -> float:
    if parameter.kind == "constant":
        return parameter.value
    return float((view.inputs if parameter.kind == "input" else view.weights)[parameter.index])
