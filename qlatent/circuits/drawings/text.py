"""Draw a circuit as text for model cards and terminals. Torch-free."""

from __future__ import annotations

from itertools import count
from typing import Protocol

from qlatent.circuits.circuit import Circuit, Operation, Parameter, PauliWord
from qlatent.circuits.gates import UNITARY

SYMBOLS = {"input": "x", "weight": "w"}
CONTROLLED = {"CNOT": "X", "CZ": "Z", "CRX": "RX", "CRY": "RY", "CRZ": "RZ"}
"""Labels on the target of controlled gates."""


def draw(circuit: Circuit, *, columns: int = 100) -> str:
    """The circuit with one line per wire, wire 0 on top, wrapped at `columns` characters.

    ● is a control, x3 input 3, w3 weight 3; the observables are listed at the end.
    """
    columns_of_text = []
    for layer in layers(circuit):
        cells: dict[int, str] = {}
        for number in layer:
            cells |= _cells(circuit.operations[number])
        columns_of_text.append(_column(cells, circuit.qubits))
    measured = ", ".join(map(observable, circuit.observables))
    return "\n\n".join([*_wrap(columns_of_text, columns), f"measured: {measured}"])


class Drawable(Protocol):
    """What the places of gates depend on."""

    @property
    def qubits(self) -> int: ...

    @property
    def operations(self) -> tuple[Operation, ...]: ...


def layers(circuit: Drawable) -> list[list[int]]:
    """Operation numbers by column, each as far left as the wires that it touches or crosses allow."""
    placed: list[list[int]] = []
    front = [0] * circuit.qubits  # first free layer of each wire
    for number, operation in enumerate(circuit.operations):
        span = range(min(operation.wires), max(operation.wires) + 1)
        place = max(front[wire] for wire in span)
        if place == len(placed):
            placed.append([])
        placed[place].append(number)
        for wire in span:
            front[wire] = place + 1
    return placed


def observable(word: PauliWord) -> str:
    """The letters and wires of an observable, e.g. "⟨X0Z2⟩"."""
    return "⟨" + "".join(f"{letter}{wire}" for letter, wire in word) + "⟩"


def described(operation: Operation) -> str:
    """A short description of a gate, e.g. "CRX(w3) on 0, 1"."""
    angles = ", ".join(angle(parameter) for parameter in operation.parameters)
    wires = ", ".join(map(str, operation.wires))
    return f"{operation.gate}({angles}) on {wires}" if angles else f"{operation.gate} on {wires}"


def _cells(operation: Operation) -> dict[int, str]:
    """The text on each wire that the operation touches or crosses."""
    wires = range(min(operation.wires), max(operation.wires) + 1)
    cells = {wire: "│" for wire in wires if wire not in operation.wires}
    if operation.gate == "SWAP":
        return cells | dict.fromkeys(operation.wires, "x")
    angles = ",".join(angle(parameter) for parameter in operation.parameters)
    if len(operation.wires) > 1 and operation.gate not in CONTROLLED:
        # the order of wires matters for a matrix, so its boxes are numbered
        names = (f"U{place}" if operation.gate == UNITARY else operation.gate for place in count())
        labels = (f"{name}({angles})" if angles else name for name in names)
        return cells | dict(zip(operation.wires, labels, strict=False))
    *controls, target = operation.wires
    name = CONTROLLED.get(operation.gate, "U" if operation.gate == UNITARY else operation.gate)
    return cells | dict.fromkeys(controls, "●") | {target: f"{name}({angles})" if angles else name}


def angle(parameter: Parameter | str) -> str:
    """The label of an angle: x3 for input 3, w3 for weight 3, a constant with three digits, or the text itself."""
    if isinstance(parameter, str):
        return parameter
    if parameter.kind == "constant":
        return f"{parameter.value:.3g}"
    return f"{SYMBOLS[parameter.kind]}{parameter.index}"


def _column(layer: dict[int, str], qubits: int) -> list[str]:
    width = max(map(len, layer.values()))
    return [layer.get(wire, "").center(width, "─") for wire in range(qubits)]


def _wrap(columns: list[list[str]], limit: int) -> list[str]:
    """The drawing wrapped into blocks of lines at most `limit` characters wide."""
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
