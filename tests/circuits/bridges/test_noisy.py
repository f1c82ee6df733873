from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from qlatent.circuits.bridges import noisy
from qlatent.circuits.circuit import Circuit, Operation, PauliWord, input_
from qlatent.circuits.layouts import dressed, each_z
from qlatent.circuits.noise import NoiseConfig
from qlatent.errors import CircuitError
from tests.circuits.exported import AMPLITUDES, ASYMMETRIC, drawn, exact

X = np.linspace(-3, 3, 5)[:, None]
NONE = np.zeros(0)


def turned(observables: tuple[PauliWord, ...] = each_z(1), qubits: int = 1) -> Circuit:
    """RY(x) on wire 0: ⟨Z⟩ = cos x and ⟨X⟩ = sin x without noise."""
    return Circuit(qubits, (Operation("RY", (0,), (input_(0),)),), observables)


@pytest.mark.parametrize("circuit", [ASYMMETRIC, AMPLITUDES], ids=lambda circuit: circuit.name)
def test_without_noise_it_is_the_exact_value(circuit: Circuit) -> None:
    x, w = drawn(circuit)
    got = noisy.expectations(circuit, x, w, noise=NoiseConfig())
    np.testing.assert_allclose(got, exact(circuit, x, w), atol=1e-9)


def test_depolarising_shrinks_z_by_1_minus_4p_over_3() -> None:
    got = noisy.expectations(turned(), X, NONE, noise=NoiseConfig(depolarizing=0.06))
    np.testing.assert_allclose(got, np.cos(X) * (1 - 4 * 0.06 / 3), atol=1e-12)


def test_damping_pulls_z_to_plus_1_and_shrinks_x_by_a_root() -> None:
    circuit = turned(((("Z", 0),), (("X", 0),)))
    got = noisy.expectations(circuit, X, NONE, noise=NoiseConfig(damping=0.2))
    np.testing.assert_allclose(got[:, :1], 0.2 + 0.8 * np.cos(X), atol=1e-12)
    np.testing.assert_allclose(got[:, 1:], np.sqrt(0.8) * np.sin(X), atol=1e-12)


def test_a_flipped_reading_shrinks_each_letter_by_1_minus_2p() -> None:
    words: tuple[PauliWord, ...] = ((("Z", 0),), (("X", 0),), (("X", 0), ("Z", 1)))
    got = noisy.expectations(turned(words, qubits=2), X, NONE, noise=NoiseConfig(readout=0.1))
    wanted = np.concatenate([0.8 * np.cos(X), 0.8 * np.sin(X), 0.8**2 * np.sin(X)], axis=1)
    np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_noise_strikes_both_wires_of_a_gate_and_no_other() -> None:
    circuit = Circuit(3, (Operation("CNOT", (2, 0)),), each_z(3))
    got = noisy.expectations(circuit, np.zeros((1, 0)), NONE, noise=NoiseConfig(pair_depolarizing=0.3))
    np.testing.assert_allclose(got, [[0.6, 1.0, 0.6]], atol=1e-12)


def test_damping_comes_after_depolarising() -> None:
    circuit = Circuit(1, (Operation("X", (0,)),), each_z(1))
    noise = NoiseConfig(depolarizing=0.3, damping=0.5)
    got = noisy.expectations(circuit, np.zeros((1, 0)), NONE, noise=noise)
    np.testing.assert_allclose(got, [[0.5 - 0.5 * 0.6]], atol=1e-12)


def test_more_noise_leaves_less_signal() -> None:
    circuit = dressed(3, 2)
    x, w = drawn(circuit)
    sizes = [
        np.abs(noisy.expectations(circuit, x, w, noise=NoiseConfig(depolarizing=p))).mean()
        for p in (0.0, 0.05, 0.3)
    ]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("wrong", [{"depolarising": 0.1}, {"damping": 1.5}, {"readout": -0.1}])
def test_unknown_keys_and_impossible_probabilities_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        NoiseConfig(**wrong)


def test_too_many_qubits_for_a_density_matrix_are_refused() -> None:
    circuit = dressed(11, 1)
    with pytest.raises(CircuitError, match=r"11 qubits needs 64 MiB .* limit is 10 qubits"):
        noisy.expectations(circuit, np.zeros((1, 11)), np.zeros(11), noise=NoiseConfig())


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(CircuitError, match="not finite"):
        noisy.expectations(turned(), np.array([[np.nan]]), NONE, noise=NoiseConfig(damping=0.1))


def test_pairs_may_have_a_noise_of_their_own() -> None:
    circuit = Circuit(2, (Operation("X", (0,)), Operation("CNOT", (0, 1))), each_z(2))
    noise = NoiseConfig(depolarizing=0.15, pair_depolarizing=0.3)
    got = noisy.expectations(circuit, np.zeros((1, 0)), NONE, noise=noise)
    np.testing.assert_allclose(got, [[-0.8 * 0.6, -0.8 * 0.6]], atol=1e-12)
