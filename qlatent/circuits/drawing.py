"""A circuit as text, for model cards and terminals. Torch-free."""

from __future__ import annotations

from itertools import count

from qlatent.circuits.circuit import Circuit, Operation, Parameter
from qlatent.circuits.gates import UNITARY

SYMBOLS = {"input": "x", "weight": "w"}
CONTROLLED = {"CNOT": "X", "CZ": "Z", "CRX": "RX", "CRY": "RY", "CRZ": "RZ"}
"""What is written on the target of a controlled gate."""


def draw(circuit: Circuit, *, columns: int = 100) -> str:
    """The circuit drawn one line a wire, wire 0 on top, wrapped at `columns` characters.

    ● is a control, x3 input 3, w3 weight 3; the observables are named at the end.
    """
    layers: list[dict[int, str]] = []
    front = [0] * circuit.qubits  # the first free layer of each wire
    for operation in circuit.operations:
        span = range(min(operation.wires), max(operation.wires) + 1)
        place = max(front[wire] for wire in span)
        if place == len(layers):
            layers.append({})
        layers[place].update(_cells(operation))
        for wire in span:
            front[wire] = place + 1
    blocks = _wrap([_column(layer, circuit.qubits) for layer in layers], columns)
    measured = ", ".join(
        "⟨" + "".join(f"{letter}{wire}" for letter, wire in word) + "⟩" for word in circuit.observables
    )
    return "\n\n".join([*blocks, f"measured: {measured}"])


def _cells(operation: Operation) -> dict[int, str]:
    """The text on each wire that the operation touches or crosses."""
    wires = range(min(operation.wires), max(operation.wires) + 1)
    cells = {wire: "│" for wire in wires if wire not in operation.wires}
    if operation.gate == "SWAP":
        return cells | dict.fromkeys(operation.wires, "x")
    angles = ",".join(_angle(parameter) for parameter in operation.parameters)
    if len(operation.wires) > 1 and operation.gate not in CONTROLLED:
        # both wires carry the gate; with a matrix their order matters, so they are numbered
        names = (f"U{place}" if operation.gate == UNITARY else operation.gate for place in count())
        labels = (f"{name}({angles})" if angles else name for name in names)
        return cells | dict(zip(operation.wires, labels, strict=False))
    *controls, target = operation.wires
    name = CONTROLLED.get(operation.gate, "U" if operation.gate == UNITARY else operation.gate)
    return cells | dict.fromkeys(controls, "●") | {target: f"{name}({angles})" if angles else name}


def _angle(parameter: Parameter) -> str:
    if parameter.kind == "constant":
        return f"{parameter.value:.3g}"
    return f"{SYMBOLS[parameter.kind]}{parameter.index}"


def _column(layer: dict[int, str], qubits: int) -> list[str]:
    width = max(map(len, layer.values()))
    return [layer.get(wire, "").center(width, "─") for wire in range(qubits)]


def _wrap(columns: list[list[str]], limit: int) -> list[str]:
    """Blocks of lines, each at most `limit` wide."""
    blocks: list[list[list[str]]] = [[]]
    room = limit
    for column in columns:
        if len(column[0]) + 1 > room and blocks[-1]:
            blocks.append([])
            room = limit
        blocks[-1].append(column)
        room -= len(column[0]) + 1
    return [_lines(block) for block in blocks if block]


def _lines(block: list[list[str]]) -> str:
    rows = zip(*block, strict=True)
    return "\n".join(f"{wire}: ─" + "─".join(row) + "─" for wire, row in enumerate(rows))
