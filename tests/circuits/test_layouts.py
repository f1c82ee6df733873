from __future__ import annotations

import pytest

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Operation, input_, weight


def test_dressed_is_the_circuit_of_mari() -> None:
    assert layouts.dressed(3, 1).operations == (
        *(Operation("H", (wire,)) for wire in range(3)),
        *(Operation("RY", (wire,), (input_(wire),)) for wire in range(3)),
        Operation("CNOT", (0, 1)),
        Operation("CNOT", (1, 2)),
        *(Operation("RY", (wire,), (weight(wire),)) for wire in range(3)),
    )


def test_even_pairs_are_entangled_before_odd_ones() -> None:
    cnots = [op.wires for op in layouts.dressed(5, 1).operations if op.gate == "CNOT"]
    assert cnots == [(0, 1), (2, 3), (1, 2), (3, 4)]


def test_rotate_first_puts_the_weights_before_the_cnots() -> None:
    gates = [op.gate for op in layouts.dressed(2, 2, order="rotate_first").operations]
    assert gates == ["H", "H", "RY", "RY", *["RY", "RY", "CNOT"] * 2]


def test_ring_is_sim_circ_14_half() -> None:
    assert layouts.qssl_ring(3, 1).operations == (
        *(Operation("RX", (wire,), (input_(wire),)) for wire in range(3)),
        *(Operation("RY", (wire,), (weight(wire),)) for wire in range(3)),
        Operation("CRX", (0, 1), (weight(3),)),
        Operation("CRX", (1, 2), (weight(4),)),
        Operation("CRX", (2, 0), (weight(5),)),
    )


@pytest.mark.parametrize(
    ("circuit", "weights"),
    [(layouts.dressed(4, 6), 24), (layouts.qssl_ring(8, 2), 32), (layouts.product(4, 6), 24)],
)
def test_weights_are_as_published_and_numbered_in_order_of_use(
    circuit: layouts.Circuit, weights: int
) -> None:
    used = [p.index for op in circuit.operations for p in op.parameters if p.kind == "weight"]
    assert used == list(range(weights))
    assert circuit.weights == weights
    assert circuit.inputs == circuit.qubits
    assert circuit.observables == tuple((("Z", wire),) for wire in range(circuit.qubits))


def test_product_never_entangles() -> None:
    assert all(len(op.wires) == 1 for op in layouts.product(4, 3).operations)
