from __future__ import annotations

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit, Operation, constant, weight
from qlatent.circuits.drawing import draw


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
