from __future__ import annotations

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit, Operation, constant, weight
from qlatent.circuits.drawings.text import draw
from tests.circuits import exported


def test_a_circuit_is_drawn_one_line_a_wire() -> None:
    assert draw(layouts.dressed(2, 1)) == (
        "0: ─H─RY(x0)─●─RY(w0)─\n"
        "1: ─H─RY(x1)─X─RY(w1)─\n"
        "\n"
        "measured: ⟨Z0⟩, ⟨Z1⟩"
    )  # fmt: skip


def test_crossed_wires_swaps_and_constants_are_shown() -> None:
    circuit = Circuit(
        3,
        (
            Operation("CRX", (2, 0), (weight(0),)),
            Operation("SWAP", (0, 1)),
            Operation("RZ", (2,), (constant(0.5),)),
        ),
        ((("X", 0), ("Y", 2)),),
    )
    assert draw(circuit) == (
        "0: ─RX(w0)────x────\n"
        "1: ───│───────x────\n"
        "2: ───●────RZ(0.5)─\n"
        "\n"
        "measured: ⟨X0Y2⟩"
    )  # fmt: skip


def test_a_deep_circuit_is_wrapped() -> None:
    lines = draw(layouts.dressed(4, 6), columns=60).splitlines()
    assert max(map(len, lines)) <= 60 + len("0: ──")
    assert sum(line.startswith("0: ") for line in lines) > 1


def test_gates_of_two_equal_wires_and_matrices_are_named_on_both() -> None:
    circuit = Circuit(
        3,
        (
            Operation("RZZ", (2, 0), (weight(0),)),
            Operation("Unitary", (1, 0), matrix=exported.SHUFFLE),
            Operation("Unitary", (2,), matrix=exported.TURN),
            Operation("Rot", (0,), (weight(1), weight(2), constant(0.5))),
        ),
        ((("Z", 0),),),
    )
    assert draw(circuit).splitlines()[:3] == [
        "0: ─RZZ(w0)─U1─Rot(w1,w2,0.5)─",
        "1: ────│────U0────────────────",
        "2: ─RZZ(w0)─U─────────────────",
    ]
