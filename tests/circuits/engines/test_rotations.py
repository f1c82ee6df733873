"""Rotations, multiplied out without the kernels, equal the circuit's matrix."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit, Operation, constant, input_, weight
from qlatent.circuits.engines.rotations import WEIGHT, _givens, _left_over, rotations


def fixed(*operations: Operation) -> Circuit:
    # an entangler first, so that no gate enters the product state
    return Circuit(2, (Operation("CNOT", (0, 1)), *operations), layouts.each_z(2))


@pytest.mark.parametrize("gate", ["X", "Y", "Z"])
def test_gates_that_permute_basis_states_cost_nothing(gate: str) -> None:
    assert len(rotations(fixed(Operation(gate, (1,)))).planes) == 0
    assert len(rotations(fixed(Operation("CZ", (0, 1)), Operation("SWAP", (1, 0)))).planes) == 0


def test_a_real_circuit_has_no_imaginary_rows() -> None:
    table = rotations(layouts.dressed(4, 2))
    assert table.real and table.rows == 16
    assert table.first[-1] == 2 * 4 * 8  # layers × wires × pairs of amplitudes
    assert (table.source == WEIGHT).all()
    assert not rotations(layouts.qssl_ring(4, 1)).real


def test_an_observable_with_y_needs_imaginary_rows() -> None:
    real_gates = Circuit(1, (Operation("RY", (0,), (input_(0),)),), ((("Y", 0),),))
    assert rotations(real_gates).rows == 4


def test_a_controlled_rotation_turns_half_the_planes() -> None:
    plain, controlled = (
        rotations(fixed(Operation(gate, wires, (weight(0),))))
        for gate, wires in (("RX", (1,)), ("CRX", (0, 1)))
    )
    assert len(plain.planes) == 4
    assert len(controlled.planes) == 2


@pytest.mark.parametrize("size", [2, 4, 8])
def test_plane_rotations_and_signs_make_any_orthogonal_matrix(size: int) -> None:
    matrix = ortho_group.rvs(size, random_state=size)
    product = np.eye(size)
    for x, y, angle in _givens(matrix):
        turn = np.eye(size)
        turn[[x, y, x, y], [x, y, y, x]] = [np.cos(angle), np.cos(angle), -np.sin(angle), np.sin(angle)]
        product = turn @ product
    signs = _left_over(matrix)
    assert (np.abs(signs).sum(axis=0) == 1).all()
    np.testing.assert_allclose(signs @ product, matrix, atol=1e-12)


def test_the_first_rotations_of_a_wire_turn_its_factor_alone() -> None:
    ring = rotations(layouts.qssl_ring(4, 2))
    assert ring.opening == 4  # RY of each wire before the first CRX
    assert ring.first[4] == 4 * 2  # two planes each, real and imaginary parts
    assert rotations(layouts.qssl_product(3, 1)).opening == 2 * 3
    assert rotations(layouts.dressed(4, 2)).opening == 0  # begins with CNOTs
    assert rotations(fixed(Operation("RY", (0,), (weight(0),)))).opening == 0
    assert rotations(layouts.amplitude(3, 1)).opening == 0


def test_a_wire_that_an_input_has_turned_again_is_no_factor_any_more() -> None:
    gates = (
        Operation("RX", (0,), (input_(0),)),
        Operation("RY", (0,), (weight(0),)),
        Operation("RX", (0,), (input_(1),)),
        Operation("RY", (0,), (weight(0),)),
        Operation("RZ", (1,), (constant(0.3),)),
        Operation("CNOT", (0, 1)),
    )
    circuit = Circuit(2, gates, layouts.each_z(2))
    assert rotations(circuit).opening == 1  # the first RY; constants are in the product already
