"""Sequences of merge circuits equal the closed form of the head."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qlatent.circuits.merging import circuit_weights, merge_by_circuits, merge_circuit, pairs
from qlatent.circuits.specs import weights_used
from qlatent.errors import CircuitError
from qlatent.heads.projection import merging


@pytest.mark.parametrize("engine", ["torch", "compiled"])
@pytest.mark.parametrize(("kind", "count"), [("merge", 12), ("merge_cnot", 8)])
@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (12, 1), (12, 4), (11, 3), (7, 5)])
def test_circuits_in_a_row_are_the_closed_form(
    engine: str, kind: str, count: int, inputs: int, outputs: int
) -> None:
    rng = np.random.default_rng(inputs)
    angles = rng.uniform(0, 4 * math.pi, (inputs - outputs, count))
    z, x = merging.bloch(torch.from_numpy(rng.normal(size=(5, inputs))))
    wanted = merging.merged(z, x, merging.coefficients(torch.from_numpy(angles), kind), outputs)
    got = merge_by_circuits(z, x, angles, kind=kind, outputs=outputs, engine=engine)
    np.testing.assert_allclose(got, wanted.numpy(), atol=1e-10)


def test_a_merge_is_two_qubits_whose_global_phases_are_left_out() -> None:
    general, cnot = merge_circuit(), merge_circuit("merge_cnot")
    assert (general.qubits, general.inputs, general.weights) == (2, 2, 10)
    assert (cnot.qubits, cnot.inputs, cnot.weights) == (2, 2, 6)
    assert len(weights_used(general)) <= 10
    row = np.arange(12.0)  # α, β, γ, δ of control, target, controlled gate
    np.testing.assert_array_equal(circuit_weights(row), [3, 2, 1, 7, 6, 5, 11, 10, 9, 8])
    np.testing.assert_array_equal(circuit_weights(row[:8], "merge_cnot"), [3, 2, 1, 7, 6, 5])


def test_the_last_inputs_merge_first() -> None:
    assert pairs(4) == [(3, 2), (2, 1), (1, 0)]
    assert pairs(7, 3) == [(6, 3), (3, 0), (4, 1), (5, 2)]


def test_wrong_sizes_are_refused_with_numbers() -> None:
    with pytest.raises(CircuitError, match="13 inputs: circuits merge at most 12"):
        merge_by_circuits(np.zeros((1, 13)), np.ones((1, 13)), np.zeros((12, 12)))
    with pytest.raises(CircuitError, match="4 inputs make 3 merges; got 2 rows of angles"):
        merge_by_circuits(np.zeros((1, 4)), np.ones((1, 4)), np.zeros((2, 12)))
    with pytest.raises(CircuitError, match=r"One merge takes 12 angles; got shape \(8,\)"):
        circuit_weights(np.zeros(8))
