"""The coupling that is read from a snapshot's files is the one that Qiskit reads."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.hardware import coupling, twins


@pytest.mark.slow
@pytest.mark.parametrize(("name", "length"), [("fake_paris", 8), ("fake_fez", 5), ("fake_lima", 4)])
def test_the_line_is_that_of_the_twin(name: str, length: int) -> None:
    found = coupling.of_snapshot(name)
    twin = twins.of_snapshot(name, length)
    assert found.line(length) == twin.line
    errors = {(a, b): error for a, b, error in twin.calibration()["pairs"]}
    told = [found.pairs[min(pair), max(pair)] for pair in errors]
    assert told == pytest.approx(list(errors.values()))
    assert [found.readout[each] for each in twin.line] == pytest.approx(twin.readout.mean(axis=1))


def test_a_line_of_a_small_device_has_the_fewest_errors() -> None:
    ring = {(0, 1): 0.01, (1, 2): 0.3, (2, 3): 0.01, (0, 3): 0.01}
    assert coupling.Coupling(ring, (0.01,) * 4).line(4) == (1, 0, 3, 2)
    assert coupling.Coupling(ring, (0.01, 0.6, 0.01, 0.01)).line(4) == ()  # qubit 1 is out of order
    with pytest.raises(InputError, match="no snapshot of a device 'fake_none'"):
        coupling.of_snapshot("fake_none")


def test_every_qubit_of_a_device_has_a_place_one_coupling_apart() -> None:
    places = coupling.Coupling({(1, 0): 0.01, (1, 2): 0.3}, (0.01,) * 3).places
    assert np.linalg.norm(places[[0, 2]] - places[1], axis=1) == pytest.approx([1, 1], abs=1e-3)
