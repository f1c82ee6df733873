"""Tests of what runners are given."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.circuits import layouts
from qlatent.errors import InputError
from qlatent.hardware.work import Work

RING = layouts.qssl_ring(qubits=3, layers=1)
WEIGHTS = np.zeros(RING.weights)


def test_work_has_one_row_of_angles_for_each_item() -> None:
    assert len(Work(RING, WEIGHTS, np.zeros((5, RING.inputs)))) == 5


@pytest.mark.parametrize("angles", [np.zeros((5, RING.inputs + 1)), np.zeros(RING.inputs)])
def test_angles_of_another_circuit_are_refused(angles: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"The angles: got shape .*, expected \(items, 3\)"):
        Work(RING, WEIGHTS, angles)


def test_weights_of_another_circuit_are_refused() -> None:
    with pytest.raises(InputError, match=r"The weights: got shape \(1,\)"):
        Work(RING, np.zeros(1), np.zeros((5, RING.inputs)))


def test_angles_that_are_not_finite_are_counted_by_items() -> None:
    angles = np.zeros((5, RING.inputs))
    angles[1] = np.nan
    angles[3, 0] = np.inf
    with pytest.raises(InputError, match="Angles of 2 of 5 items are not finite"):
        Work(RING, WEIGHTS, angles)
    with pytest.raises(InputError, match="Weights are not finite"):
        Work(RING, WEIGHTS * np.nan, np.zeros((5, RING.inputs)))


def test_circuits_of_their_own_are_one_an_item() -> None:
    with pytest.raises(InputError, match="Got 2 circuits for 3 items"):
        Work(RING, WEIGHTS, np.zeros((3, 0)), circuits=(RING, RING))
