"""The classical replacements of a circuit."""

from __future__ import annotations

import pytest
import torch

from qlatent.registry import HEADS, config_class, make_config, resolve


def core(name: str, **settings):
    made = resolve(HEADS[name].target)(make_config(config_class("head", name), {"qubits": 3, **settings}))
    return made.cores["image"]


VALUES = torch.tensor([[0.3, -1.2, 0.0], [2.0, 0.1, -0.4]])


def test_the_twins_are_the_functions_they_are_called() -> None:
    angles = torch.tanh(VALUES) * torch.pi / 2
    for name, function in (("tanh", torch.tanh), ("sin", torch.sin)):
        made = core("acqua_twin", function=name)
        torch.testing.assert_close(made(VALUES), function(made.dense(angles)))
    made = core("acqua_twin", function="identity")
    torch.testing.assert_close(made(VALUES), angles)
    assert not list(made.parameters())


def test_the_fourier_surrogate_is_a_series_in_the_angles() -> None:
    made = core("acqua_fourier", features=5)
    angles = (torch.tanh(VALUES) * torch.pi / 2).tolist()
    for row, got in zip(angles, made(VALUES).tolist(), strict=True):
        phases = [sum(w * x for w, x in zip(wave, row, strict=True)) for wave in made.frequencies.tolist()]
        features = torch.tensor(phases)
        wanted = made.dense(torch.cat([features.cos(), features.sin()])).tolist()
        assert got == pytest.approx(wanted, abs=1e-5)
    assert set(made.frequencies.unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert made.frequencies.abs().sum(dim=1).min() > 0


def test_without_entanglers_the_latents_of_one_wire_ignore_the_others() -> None:
    made = core("acqua_separable", depth=2)
    moved = VALUES.clone()
    moved[:, 0] += 0.5
    change = (made(moved) - made(VALUES)).abs()
    assert change[:, 0].min() > 0
    assert change[:, 1:].max() < 1e-6


def test_a_frozen_circuit_is_random_and_not_trained() -> None:
    made = core("acqua_frozen", seed=1)
    assert not made.weights.requires_grad
    assert made.weights.abs().max() > 1
    assert not torch.equal(made.weights, core("acqua_frozen", seed=2).weights)
