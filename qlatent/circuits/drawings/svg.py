"""Draw a circuit as SVG in the colours of the surrounding page, light or dark. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from qlatent.circuits.circuit import Circuit, Operation, PauliWord
from qlatent.circuits.drawings.text import CONTROLLED, angle, described, layers
from qlatent.circuits.drawings.text import observable as word_in_letters
from qlatent.circuits.gates import UNITARY

WIRE, TOP, LEFT, GAP = (
    46,
    30,
    74,
    12,
)  # pixels: between wires, above the first wire, before the gates, between gates
BOX, DOT, TARGET = 34, 5, 11
_NAME, _ANGLE = 8.6, 6.9  # pixels per letter of the two font sizes

STYLE = """\
.circuit { font-family: var(--st-font, sans-serif); color: var(--st-text-color, #1c2130); display: block; }
.circuit text { fill: currentColor; text-anchor: middle; dominant-baseline: central; font-size: 13px; }
.circuit .angle { font-size: 11px; }
.circuit .label { text-anchor: end; font-weight: 600; }
.circuit .wires line, .circuit .link { stroke: currentColor; stroke-width: 1.2; }
.circuit .wires line { opacity: 0.45; }
.circuit .box { fill: var(--st-secondary-background-color, #f5f6fa); stroke: currentColor; stroke-width: 1.2; }
.circuit .hit, .circuit .halo { fill: transparent; }
.circuit .dot { fill: currentColor; }
.circuit .ring { fill: var(--st-background-color, #fff); stroke: currentColor; stroke-width: 1.4; }
.circuit .ket { fill: var(--st-background-color, #fff); }
.circuit .cross { stroke: currentColor; stroke-width: 1.6; fill: none; }
.circuit .now { color: var(--st-primary-color, #3f51c7); }
.circuit .now .halo { fill: var(--st-primary-color, #3f51c7); opacity: 0.2; }
.circuit .now .box, .circuit .now .ring, .circuit .now .ket { fill: var(--st-primary-color, #3f51c7); stroke-width: 2; }
.circuit .now .filled ~ text { fill: var(--st-background-color, #fff); font-weight: 600; }
.circuit .now .cross.over { stroke: var(--st-background-color, #fff); }
.circuit .now .link { stroke-width: 2.4; }
"""


@dataclass(frozen=True)
class Picture:
    """Gates to draw that are no `Circuit`, such as a device's own; `labels` are the names of the wires."""

    operations: tuple[Operation, ...]
    labels: tuple[str, ...]
    name: str = ""
    observables: tuple[PauliWord, ...] = ()
    encoding: str = "angles"
    inputs: int = 0

    @property
    def qubits(self) -> int:
        """Number of wires."""
        return len(self.labels)


def draw(circuit: Circuit | Picture, *, now: int | None = None) -> str:
    """The circuit as SVG, wire 0 on top, with gate `now` highlighted (counted from 1; 0 is the initial state).

    Each gate is a group with its number in `data-gate` and a tooltip with name, wires and angles; x3 is input 3, w3
    weight 3. Colours follow Streamlit's theme variables if present. Title and description serve screen readers.
    """
    columns, right = _columns(circuit)
    height = TOP + WIRE * (circuit.qubits - 1) + TOP
    parts = [_wires(circuit, right), _start(circuit, now=now)]
    for number, operation in enumerate(circuit.operations, start=1):
        parts.append(_gate(operation, number, *columns[number - 1], now=now))
    parts.append(_measured(circuit, right))
    others = [word_in_letters(word) for word in circuit.observables if len(word) > 1]
    if others:
        height += 18
        parts.append(_text(LEFT, height - 12, f"also measured: {', '.join(others)}", "angle", anchor="start"))
    width = right + 58
    wires, gates = circuit.qubits, len(circuit.operations)
    title = f"Circuit {circuit.name}: {wires} wire{'s' * (wires > 1)}, {gates} gate{'s' * (gates != 1)}"
    told = "; ".join(described(operation) for operation in circuit.operations)
    measured = ", ".join(map(word_in_letters, circuit.observables))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="circuit" role="img" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" aria-label="{escape(title)}"><style>{STYLE}</style>'
        f"<title>{escape(title)}</title><desc>In order: {escape(told)}. Measured: {escape(measured)}.</desc>"
        + "".join(parts)
        + "</svg>"
    )


def _columns(circuit: Circuit | Picture) -> tuple[dict[int, tuple[float, float]], float]:
    """Centre and width of each operation's column by its number, and the end of the last column, in pixels."""
    columns: dict[int, tuple[float, float]] = {}
    left = float(LEFT)
    for layer in layers(circuit):
        width = max(_width(circuit.operations[number]) for number in layer)
        columns |= dict.fromkeys(layer, (left + width / 2, width))
        left += width + GAP
    return columns, left


def _width(operation: Operation) -> float:
    name = _NAME * max(map(len, _names(operation)))
    return max(BOX, name + 12, _ANGLE * len(_angles(operation)) + 12)


def _names(operation: Operation) -> list[str]:
    """The labels of the boxes, one for each wire with a box."""
    if operation.gate == UNITARY and len(operation.wires) > 1:
        return [f"U{place}" for place in range(len(operation.wires))]  # their order matters
    name = CONTROLLED.get(operation.gate, "U" if operation.gate == UNITARY else operation.gate)
    return [name] if operation.gate in CONTROLLED else [name] * len(operation.wires)


def _angles(operation: Operation) -> str:
    return ", ".join(angle(parameter) for parameter in operation.parameters)


def _height(wire: int) -> int:
    return TOP + WIRE * wire


def _wires(circuit: Circuit | Picture, right: float) -> str:
    lines = [
        f'<line x1="{LEFT - 38}" x2="{right:.1f}" y1="{_height(wire)}" y2="{_height(wire)}"/>'
        for wire in range(circuit.qubits)
    ]
    return f'<g class="wires">{"".join(lines)}</g>'


def _start(circuit: Circuit | Picture, *, now: int | None) -> str:
    labels = (
        circuit.labels if isinstance(circuit, Picture) else [f"q{wire}" for wire in range(circuit.qubits)]
    )
    names = [_text(30, _height(wire), label, "label", anchor="end") for wire, label in enumerate(labels)]
    kets = [
        f'<g><rect class="ket filled" x="36" y="{_height(wire) - 10}" width="26" height="20" rx="4"/>'
        f"{_text(49, _height(wire), '|0⟩', '')}</g>"
        for wire in range(circuit.qubits)
    ]
    told = "The start state"
    if circuit.encoding == "amplitudes":
        told = f"The start state: {circuit.inputs} inputs as amplitudes"
        tall = WIRE * (circuit.qubits - 1) + BOX
        kets = [
            f'<rect class="box filled" rx="4" x="36" y="{TOP - BOX / 2:.0f}" width="26" height="{tall}"/>',
            _text(49, TOP + WIRE * (circuit.qubits - 1) / 2, "x", ""),
        ]
    return "".join(names) + _group(0, told, kets, (33, 65), (0, circuit.qubits - 1), now=now)


def _measured(circuit: Circuit | Picture, right: float) -> str:
    letters: dict[int, list[str]] = {}
    for word in circuit.observables:
        if len(word) == 1:
            letters.setdefault(word[0][1], []).append(word[0][0])
    return "".join(
        _text(right + 8, _height(wire), " ".join(f"⟨{letter}⟩" for letter in found), "", anchor="start")
        for wire, found in letters.items()
    )


def _gate(operation: Operation, number: int, middle: float, width: float, *, now: int | None) -> str:
    first, last = min(operation.wires), max(operation.wires)
    parts = []
    if last > first:
        parts.append(
            f'<line class="link" x1="{middle:.1f}" x2="{middle:.1f}" y1="{_height(first)}" y2="{_height(last)}"/>'
        )
    parts += _marks(operation, middle)
    sides = middle - width / 2 - 4, middle + width / 2 + 4
    return _group(number, f"{number}. {described(operation)}", parts, sides, (first, last), now=now)


def _marks(operation: Operation, middle: float) -> list[str]:
    """The symbol on each wire: a dot, a target, a cross, or a box with name and angles."""
    heights = [_height(wire) for wire in operation.wires]
    if operation.gate == "SWAP":
        return [_cross(middle, y, 6, turned=True) for y in heights]
    controls = heights[:-1] if operation.gate in CONTROLLED else []
    dots = [f'<circle class="dot" cx="{middle:.1f}" cy="{y}" r="{DOT}"/>' for y in controls]
    if operation.gate == "CNOT":
        ring = f'<circle class="ring" cx="{middle:.1f}" cy="{heights[-1]}" r="{TARGET}"/>'
        return [*dots, ring, _cross(middle, heights[-1], TARGET)]
    names = zip(heights[len(controls) :], _names(operation), strict=True)
    boxes = [_box(operation, name, middle, y) for y, name in names]
    return dots + boxes


def _cross(x: float, y: float, size: int, *, turned: bool = False) -> str:
    ways = (
        f"M{x - size:.1f} {y - size}L{x + size:.1f} {y + size}M{x - size:.1f} {y + size}L{x + size:.1f} {y - size}"
        if turned
        else f"M{x - size:.1f} {y}H{x + size:.1f}M{x:.1f} {y - size}V{y + size}"
    )
    return f'<path class="cross{"" if turned else " over"}" d="{ways}"/>'


def _box(operation: Operation, name: str, x: float, y: float) -> str:
    """A box with name and angle, as wide as its own text rather than its column."""
    width, angles = _width(operation), _angles(operation)
    place = f'x="{x - width / 2:.1f}" y="{y - BOX / 2:.0f}" width="{width:.1f}" height="{BOX}"'
    box = f'<rect class="box filled" rx="4" {place}/>'
    if not angles:
        return f"<g>{box}{_text(x, y, name, '')}</g>"
    return f"<g>{box}{_text(x, y - 7, name, '')}{_text(x, y + 9, angles, 'angle')}</g>"


def _group(
    number: int, told: str, parts: Sequence[str], sides: tuple[float, float], wires: tuple[int, int], *, now: int | None
) -> str:  # fmt: skip
    left, right = sides
    top, bottom = _height(wires[0]) - BOX / 2 - 4, _height(wires[1]) + BOX / 2 + 4
    halo = (
        f'<rect class="halo" rx="7" x="{left:.1f}" y="{top:.0f}" width="{right - left:.1f}" '
        f'height="{bottom - top:.0f}"/>'
    )
    marked = " now" if number == now else ""
    return f'<g class="gate{marked}" data-gate="{number}"><title>{escape(told)}</title>{halo}{"".join(parts)}</g>'


def _text(x: float, y: float, words: str, look: str, *, anchor: str = "middle") -> str:
    place = "" if anchor == "middle" else f' style="text-anchor:{anchor}"'
    kind = f' class="{look}"' if look else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}"{place}>{escape(words)}</text>'
