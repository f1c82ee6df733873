"""Figures of merit of circuits for the page Circuits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from qlatent.circuits import simulate
from qlatent.circuits.bridges import noisy
from qlatent.errors import InputError
from qlatent.services.circuits import circuits
from qlatent.services.circuits import figures_of_merit as figures


def test_trained_weights_are_kept_and_others_drawn() -> None:
    view = circuits.with_angles(circuits.of_layout("qssl_ring", qubits=2, layers=1), np.zeros(6))
    fixed, free = (figures.entangling_capability(view, drawn=drawn) for drawn in ("inputs", "all"))
    assert fixed.value != free.value
    assert figures.expressibility(view, drawn="inputs").divergence > 0.1


def test_a_circuit_too_large_for_a_few_seconds_has_no_effective_dimension() -> None:
    assert figures.effective_dimension(circuits.of_layout("dressed", qubits=3, layers=1).circuit)[1] == 50
    large = circuits.of_layout("strongly_entangling", qubits=8, layers=8).circuit
    assert figures.effective_dimension(large) is None


def test_plateaus_are_of_the_same_kind_of_circuit() -> None:
    view = circuits.of_layout("product", qubits=3, layers=2)
    found = figures.plateaus(view, layers=2)
    assert found["qubits"].sizes == tuple(range(2, 9))
    assert found["layers"].sizes == figures.LAYERS
    np.testing.assert_allclose(
        found["qubits"].values, found["qubits"].values[0], rtol=0.5
    )  # nothing to entangle


def test_estimates_spread_as_shots_do_and_noise_shrinks_them() -> None:
    view = circuits.of_layout("dressed", qubits=3, layers=2, seed=1)
    noise = figures.NoiseConfig(pair_depolarizing=0.1, readout=0.05)
    found = figures.repeated(view, shots=1000, noise=noise)
    wanted = simulate.expectations(view.circuit, view.inputs[None], view.weights).numpy()[0]
    np.testing.assert_allclose(found.exact, wanted, atol=1e-9)
    spread = np.sqrt((1 - wanted**2) / 1000)
    np.testing.assert_allclose(found.sampled.std(axis=0), spread, rtol=0.15)
    np.testing.assert_allclose(found.sampled.mean(axis=0), wanted, atol=5 * spread.max() / 20)
    shrunk = noisy.expectations(view.circuit, view.inputs[None], view.weights, noise=noise)[0]
    np.testing.assert_allclose(found.noisy, shrunk)
    assert (np.abs(shrunk) < np.abs(wanted)).all()


def test_without_noise_there_is_no_noisy_estimate() -> None:
    found = figures.repeated(circuits.of_layout("product", qubits=2, layers=1), shots=10, noise=None)
    assert found.noisy is None and found.noisy_sampled is None


def test_the_noise_of_a_device_counts_what_it_would_run() -> None:
    """Controlled rotations are two CNOTs each, and a ring on a line needs swaps: more is lost than by logical gates."""
    pytest.importorskip("qiskit_ibm_runtime", reason="needs requirements.txt")
    assert "fez" in figures.devices()
    view = circuits.of_layout("qssl_ring", qubits=4, layers=2)
    noise = figures.on_device(view, "fez")
    assert noise.pair_gates > 2 * view.specs.two_qubit_gates
    found = figures.repeated(view, shots=100, noise=noise)
    assert found.noisy is not None
    np.testing.assert_array_equal(found.noisy, noise.values)
    kept = np.abs(found.noisy).sum() / np.abs(found.exact).sum()
    assert 0.85 < kept < 0.95
    with pytest.raises(InputError):
        figures.on_device(view, "nowhere")


def test_gradients_that_many_ask_for_at_once_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    def slow(build: Any, sizes: tuple[int, ...]) -> tuple[int, ...]:
        asked.append(sizes)
        time.sleep(0.05)
        return sizes

    monkeypatch.setattr(figures.figures_of_merit, "gradient_variance", slow)
    figures._variance.cache_clear()
    view = circuits.of_layout("dressed", qubits=2, layers=1)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: figures.plateaus(view, layers=1), range(8)))
    figures._variance.cache_clear()
    assert len(asked) == 2 and all(each == found[0] for each in found)  # by qubits, and by layers
