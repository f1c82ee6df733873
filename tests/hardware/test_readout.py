"""Readout errors that are known are found and inverted, and standard errors are those of repeated experiments."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import RunError
from qlatent.hardware import readout

P, Q = np.array([0.02, 0.1]), np.array([0.05, 0.0])  # read 1 after 0, read 0 after 1
SIGNS = readout.basis_signs(2)
WORDS = ((("Z", 0),), (("Z", 1),), (("Z", 0), ("Z", 1)))


def read(chances: np.ndarray) -> np.ndarray:
    """Probabilities of what is read, for probabilities (items, 4) of the true bits."""
    wires = [np.array([[1 - p, p], [q, 1 - q]]) for p, q in zip(P, Q, strict=True)]
    return np.asarray(chances @ np.kron(*wires))


CALIBRATION = read(np.eye(4)[[0, 3]])
STATES = np.random.default_rng(0).dirichlet(np.ones(4), 5)


def test_wire_0_is_the_leftmost_bit() -> None:
    np.testing.assert_array_equal(SIGNS, [[1, 1], [1, -1], [-1, 1], [-1, -1]])


def test_slope_and_offset_are_those_of_the_readout_errors() -> None:
    found = readout.measured_readout(CALIBRATION, SIGNS, shots=0)
    np.testing.assert_allclose(found.slope, 1 - P - Q)
    np.testing.assert_allclose(found.offset, Q - P)


def test_probabilities_are_inverted_exactly_also_in_words_of_several_letters() -> None:
    found = readout.measured_readout(CALIBRATION, SIGNS, shots=0)
    got = readout.estimated(read(STATES), SIGNS, WORDS, shots=0, readout=found)
    wanted = STATES @ np.stack([SIGNS[:, 0], SIGNS[:, 1], SIGNS.prod(axis=1)], axis=1)
    np.testing.assert_allclose(got.values, wanted, atol=1e-12)
    assert not got.errors.any() and np.abs(got.raw - wanted).max() > 0.01


def test_standard_errors_are_the_spread_of_repeated_experiments() -> None:
    rng, shots, state = np.random.default_rng(1), 300, read(STATES[:1])[0]
    got = []
    for _ in range(400):
        calibration = np.stack([rng.multinomial(shots, row) for row in CALIBRATION]).astype(float)
        found = readout.measured_readout(calibration, SIGNS, shots=shots)
        outcomes = rng.multinomial(shots, state)[None].astype(float)
        got.append(readout.estimated(outcomes, SIGNS, WORDS, shots=shots, readout=found))
    values = np.concatenate([each.values for each in got])
    said = np.concatenate([each.errors for each in got]).mean(axis=0)
    np.testing.assert_allclose(said, values.std(axis=0), rtol=0.12)
    bare = np.concatenate([each.raw for each in got]).std(axis=0)
    assert (said > bare).all()  # inverting costs precision


def test_a_wire_that_cannot_be_read_is_named() -> None:
    with pytest.raises(RunError, match="reading of wires 1 hardly depends"):
        readout.measured_readout(np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]), SIGNS, shots=0)
