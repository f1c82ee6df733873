from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pennylane as qml
import pytest

from qlatent.circuits import layouts, simulate
from qlatent.circuits.circuit import Circuit, Operation, input_, weight


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


@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("layout", "template", "angles"),
    [
        (layouts.basic_entangler, qml.BasicEntanglerLayers, 1),
        (layouts.strongly_entangling, qml.StronglyEntanglingLayers, 3),
    ],
    ids=["basic", "strongly"],
)
def test_pennylanes_templates_are_followed(
    layout: Callable[[int, int], Circuit], template: Callable[..., object], angles: int, qubits: int
) -> None:
    layers = 4  # past the largest distance of the strongly entangling CNOTs
    circuit = layout(qubits, layers)
    rng = np.random.default_rng(qubits)
    x, w = rng.uniform(-3, 3, qubits), rng.uniform(-3, 3, circuit.weights)
    shape = (layers, qubits, angles) if angles > 1 else (layers, qubits)

    @qml.qnode(qml.device("default.qubit", wires=qubits))
    def reference() -> list[object]:
        qml.AngleEmbedding(x, wires=range(qubits), rotation="X")
        template(w.reshape(shape), wires=range(qubits))
        return [qml.expval(qml.PauliZ(wire)) for wire in range(qubits)]

    got = simulate.expectations(circuit, x[None], w).numpy()[0]
    np.testing.assert_allclose(got, np.array(reference()), atol=1e-12)


@pytest.mark.parametrize(
    ("layout", "weights", "entanglers"),
    [
        (layouts.qssl_all_to_all, 3 * 4, 2 * 6),
        (layouts.sim_13, 2 * 16, 2 * 8),
        (layouts.sim_14, 2 * 16, 2 * 8),
        (layouts.sim_15, 2 * 8, 2 * 8),
        (layouts.sim_19, 2 * 12, 2 * 4),
    ],
)
def test_the_papers_counts_hold(layout: Callable[[int, int], Circuit], weights: int, entanglers: int) -> None:
    """4 wires, 2 layers: Table of Sim et al. 2019 (per layer 16, 16, 8, 12) and §3 of Jaderberg et al."""
    circuit = layout(4, 2)
    assert circuit.weights == weights
    assert sum(len(operation.wires) == 2 for operation in circuit.operations) == entanglers


def test_circuit_15_turns_both_ways() -> None:
    pairs = [op.wires for op in layouts.sim_15(4, 1).operations if op.gate == "CNOT"]
    assert pairs == [(3, 0), (2, 3), (1, 2), (0, 1), (3, 2), (0, 3), (1, 0), (2, 1)]


def test_every_layout_is_listed_by_its_own_name() -> None:
    assert all(function.__name__ == name for name, function in layouts.LAYOUTS.items())
    assert layouts.LAYOUTS["amplitude"](9, 1).inputs == 512
    for layout in layouts.LAYOUTS.values():
        assert layout(1, 1).qubits == 1  # every layout allows one wire
