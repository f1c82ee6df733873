from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit, Operation, weight
from qlatent.circuits.specs import specs


def test_sizes_of_the_ring_are_as_published() -> None:
    found = specs(layouts.qssl_ring(8, 2))
    assert (found.qubits, found.inputs, found.weights, found.two_qubit_gates) == (8, 8, 32, 16)
    assert found.gates == {"RY": 16, "CRX": 16, "RX": 8}
    assert found.operations == 40


def test_depth_counts_layers_and_not_gates() -> None:
    # H, RY, then per layer: CNOTs on even pairs, on odd pairs, RY
    assert specs(layouts.dressed(4, 6)).depth == 2 + 6 * 3
    assert specs(layouts.product(4, 6)).depth == 2 + 6


def test_a_weight_that_no_observable_sees_is_not_used() -> None:
    ry = [Operation("RY", (wire,), (weight(wire),)) for wire in range(3)]
    circuit = Circuit(3, (*ry, Operation("CNOT", (1, 0))), ((("Z", 0),),))
    assert specs(circuit).weights == 3
    assert specs(circuit).weights_used == 2  # wires 0 and 1, through the CNOT


def test_the_light_cone_counts_every_gate_on_a_seen_wire() -> None:
    circuit = Circuit(2, (Operation("CRX", (0, 1), (weight(0),)),), ((("Z", 0),),))
    assert specs(circuit).weights_used == 1  # light cones ignore that a control commutes with Z
