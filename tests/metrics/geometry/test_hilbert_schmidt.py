"""Hilbert–Schmidt distances against explicit density matrices and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.metrics.geometry import hilbert_schmidt


def states(count: int = 5, size: int = 8, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(count, size)) + 1j * rng.normal(size=(count, size))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def projector(state: np.ndarray) -> np.ndarray:
    return np.outer(state, state.conj())


@pytest.mark.parametrize(("count", "block"), [(2, 1024), (7, 1024), (7, 3)])
def test_parts_are_those_of_the_density_matrices(count: int, block: int, monkeypatch) -> None:
    monkeypatch.setattr(hilbert_schmidt, "BLOCK", block)
    first, second = states(count), states(count, seed=1)
    parts = []
    for i in range(count):
        rho = (projector(first[i]) + projector(second[i])) / 2
        others = [projector(view[j]) for j in range(count) if j != i for view in (first, second)]
        sigma = np.mean(others, axis=0)
        gap = rho - sigma
        traces = [gap @ gap, rho @ rho, sigma @ sigma, rho @ sigma]
        parts.append([np.trace(each).real for each in traces])
    found = hilbert_schmidt.distances(first, second)
    got = [found.distance, found.own, found.others, found.cross]
    assert got == pytest.approx(np.mean(parts, axis=0))


def test_items_on_axes_of_their_own_are_as_far_apart_as_can_be() -> None:
    axes = np.eye(4, dtype=complex)
    found = hilbert_schmidt.distances(axes, 1j * axes)  # a phase is no difference
    assert (found.own, found.cross) == (pytest.approx(1), pytest.approx(0))
    assert found.others == pytest.approx(1 / 3)
    assert found.distance == pytest.approx(4 / 3)


def test_one_state_for_all_has_no_distance() -> None:
    same = np.repeat(states(1), 6, axis=0)
    found = hilbert_schmidt.distances(same, same)
    assert found.distance == pytest.approx(0, abs=1e-12)
    assert (found.own, found.others, found.cross) == pytest.approx((1, 1, 1))


def test_invalid_sets_of_states_are_refused() -> None:
    with pytest.raises(InputError, match=r"states \(5, 8\) and \(4, 8\)"):
        hilbert_schmidt.distances(states(5), states(4))
    with pytest.raises(InputError, match="1 item has no others"):
        hilbert_schmidt.distances(states(1), states(1))
    with pytest.raises(InputError, match="State 0 has length 2, expected 1"):
        hilbert_schmidt.distances(2 * states(), states())


def test_classes_are_as_far_apart_as_their_mean_density_matrices() -> None:
    drawn, classes = states(7), np.array([0, 1, 1, 2, 0, 2, 2])
    mixed = [np.mean([projector(each) for each in drawn[classes == name]], axis=0) for name in range(3)]
    wanted = [[np.trace((one - two) @ (one - two)).real for two in mixed] for one in mixed]
    assert hilbert_schmidt.between_classes(drawn, classes) == pytest.approx(np.array(wanted))
