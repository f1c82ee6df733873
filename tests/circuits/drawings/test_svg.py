"""The drawing of a circuit is well-formed SVG with every gate on its wires, in order, with its name."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from qlatent.circuits.circuit import Circuit, Operation, weight
from qlatent.circuits.drawings.svg import TOP, WIRE, draw
from qlatent.circuits.drawings.text import described
from qlatent.circuits.layouts import dressed, each_z, qssl_ring
from tests.circuits.exported import AMPLITUDES, ASYMMETRIC, CIRCUITS

SVG = "{http://www.w3.org/2000/svg}"


def groups(text: str) -> dict[int, ElementTree.Element]:
    """The gate groups by number; 0 is the initial state."""
    found = ElementTree.fromstring(text).iter(f"{SVG}g")
    return {int(each.attrib["data-gate"]): each for each in found if "data-gate" in each.attrib}


def words(group: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in group.iter(f"{SVG}text")]


def box(group: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a gate's bounding box."""
    halo = next(each for each in group.iter(f"{SVG}rect") if each.attrib["class"] == "halo")
    x, y, width, height = (float(halo.attrib[name]) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_every_gate_is_there_in_order_on_its_wires(circuit: Circuit) -> None:
    found = groups(draw(circuit))
    assert sorted(found) == list(range(len(circuit.operations) + 1))
    for number, operation in enumerate(circuit.operations, start=1):
        title = next(found[number].iter(f"{SVG}title")).text
        assert title == f"{number}. {described(operation)}"
        _, top, _, bottom = box(found[number])
        covered = [wire for wire in range(circuit.qubits) if top < TOP + WIRE * wire < bottom]
        assert covered == list(range(min(operation.wires), max(operation.wires) + 1))


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_no_two_gates_cover_each_other_and_none_leaves_the_picture(circuit: Circuit) -> None:
    text = draw(circuit)
    root = ElementTree.fromstring(text)
    places = [box(group) for group in groups(text).values()]
    for i, (left, top, right, bottom) in enumerate(places):
        assert left >= 0 and right <= float(root.attrib["width"])
        assert top >= 0 and bottom <= float(root.attrib["height"])
        for other in places[:i]:
            apart = left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
            assert apart


def test_names_wires_and_angles_can_be_read() -> None:
    text = draw(qssl_ring(3, 1))
    found = groups(text)
    assert words(found[1]) == ["RX", "x0"]
    assert words(found[9]) == ["RX", "w5"]  # CRX on 2, 0: a dot and a box
    assert words(found[0]) == ["|0⟩"] * 3
    for label in ("q0", "q1", "q2", "⟨Z⟩"):
        assert f">{label}</text>" in text
    assert words(groups(draw(ASYMMETRIC))[12]) == ["Rot", "w2, x1, -1.1"]
    assert words(groups(draw(ASYMMETRIC))[20]) == ["U0", "U1"]
    assert "also measured: ⟨X0Y2⟩, ⟨Z2X1Z0⟩" in draw(ASYMMETRIC)


def test_one_gate_is_marked_or_none() -> None:
    circuit = dressed(2, 1)
    for now in range(len(circuit.operations) + 1):
        marked = [n for n, group in groups(draw(circuit, now=now)).items() if "now" in group.attrib["class"]]
        assert marked == [now]
    assert " now" not in "".join(group.attrib["class"] for group in groups(draw(circuit)).values())


def test_the_drawing_describes_itself_to_screen_readers() -> None:
    root = ElementTree.fromstring(draw(dressed(2, 1)))
    assert root.attrib["role"] == "img"
    title, description = (root.findtext(f"{SVG}{name}") for name in ("title", "desc"))
    assert title == root.attrib["aria-label"] == "Circuit dressed-2x1: 2 wires, 7 gates"
    assert description == (
        "In order: H on 0; H on 1; RY(x0) on 0; RY(x1) on 1; CNOT on 0, 1; RY(w0) on 0; RY(w1) on 1. "
        "Measured: ⟨Z0⟩, ⟨Z1⟩."
    )


def test_amplitudes_are_a_start_state_of_all_wires() -> None:
    start = groups(draw(AMPLITUDES))[0]
    assert next(start.iter(f"{SVG}title")).text == "The start state: 8 inputs as amplitudes"
    assert words(start) == ["x"]


def test_a_name_cannot_smuggle_markup_into_the_picture() -> None:
    name = '"><script>alert(1)</script>&'
    circuit = Circuit(1, (Operation("RX", (0,), (weight(0),)),), each_z(1), name)
    root = ElementTree.fromstring(draw(circuit))
    assert name in root.attrib["aria-label"]
    assert not list(root.iter(f"{SVG}script"))
