"""Adam against torch's optimizer, step by step."""

from __future__ import annotations

import pytest
import torch

from qlatent.training.core.adam import Adam
from tests.training.tiny_head import TinyHead


def gradients(model, *, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def test_weights_equal_those_of_torchs_optimizer_bit_for_bit():
    one, other = TinyHead(), TinyHead()
    own, reference = Adam(one.parameters()), torch.optim.Adam(other.parameters(), lr=0.0, fused=True)
    for number, rate in enumerate([0.1, 0.1, 0.05, 0.2, 0.0]):
        gradients(one, seed=number)
        gradients(other, seed=number)
        own.step(rate=rate)
        reference.param_groups[0]["lr"] = rate
        reference.step()
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    wanted = reference.state_dict()["state"]
    for name, value in own.state_dict().items():
        index, quantity = name.split(".")
        assert torch.equal(value, wanted[int(index)][quantity])


def test_parameters_without_a_gradient_stay_and_keep_their_own_count():
    model = TinyHead()
    optimizer = Adam(model.parameters())
    gradients(model, seed=0)
    first = next(model.parameters())
    first.grad = None
    before = first.detach().clone()
    optimizer.step(rate=0.1)
    assert torch.equal(first, before)
    assert optimizer.state_dict()["0.step"] == 0
    assert optimizer.state_dict()["1.step"] == 1


def test_frozen_parameters_are_ignored():
    model = TinyHead()
    next(model.parameters()).requires_grad_(False)
    assert len(Adam(model.parameters()).parameters) == len(list(model.parameters())) - 1


def test_zero_grad_forgets_the_gradients():
    model = TinyHead()
    gradients(model, seed=0)
    Adam(model.parameters()).zero_grad()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_state_of_another_model_is_refused():
    state = Adam(TinyHead(("text",)).parameters()).state_dict()
    with pytest.raises((KeyError, RuntimeError)):
        Adam(TinyHead().parameters()).load_state_dict(state)


def test_weight_decay_is_that_of_torchs_adam():
    one, other = TinyHead(), TinyHead()
    own = Adam(one.parameters(), weight_decay=0.1)
    reference = torch.optim.Adam(other.parameters(), lr=0.05, weight_decay=0.1, fused=True)
    for number in range(3):
        gradients(one, seed=number)
        gradients(other, seed=number)
        own.step(rate=0.05)
        reference.step()
    for a, b, start in zip(one.parameters(), other.parameters(), TinyHead().parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, start)
