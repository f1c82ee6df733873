"""Places of qubits: known shapes come out as they are."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.hardware.device_map import coordinates


def lengths(pairs: list[tuple[int, int]], qubits: int) -> np.ndarray:
    places = coordinates(pairs, qubits=qubits)
    return np.array([np.linalg.norm(places[a] - places[b]) for a, b in pairs])


def test_a_line_is_straight_and_level_from_left_to_right() -> None:
    places = coordinates([(0, 1), (1, 2), (2, 3)], qubits=4)
    np.testing.assert_allclose(np.diff(places[:, 0]), 1, atol=1e-3)
    np.testing.assert_allclose(places[:, 1], 0, atol=1e-3)


def test_a_ring_is_round_and_a_lattice_even() -> None:
    ring = [(at, (at + 1) % 12) for at in range(12)]
    np.testing.assert_allclose(lengths(ring, 12), lengths(ring, 12)[0], rtol=1e-3)
    rows = [(4 * row + column, 4 * row + column + 1) for row in range(3) for column in range(3)]
    columns = [(at, at + 4) for at in range(8)]
    found = lengths(rows + columns, 12)
    assert found.max() / found.min() < 1.3


@pytest.mark.parametrize(("pairs", "qubits"), [([], 1), ([(0, 1)], 3)])
def test_qubits_without_couplings_have_places(pairs: list[tuple[int, int]], qubits: int) -> None:
    assert np.isfinite(coordinates(pairs, qubits=qubits)).all()
