"""Large training steps of the torch engine invert their steps: equal gradients with one state in memory."""

from __future__ import annotations

import pytest
import torch

from qlatent.circuits import layouts, simulate
from qlatent.circuits.engines import statevector
from tests.circuits.exported import ASYMMETRIC

CIRCUITS = [
    *(build(4, 3) for build in layouts.LAYOUTS.values()),
    layouts.dressed(8, 3),
    layouts.product(7, 2),
    layouts.qssl_all_to_all(7, 1),
    ASYMMETRIC,
]


def gradients(circuit, *, batch=5):
    generator = torch.Generator().manual_seed(0)
    x, w = (
        torch.randn(size, generator=generator, dtype=torch.float64, requires_grad=True)
        for size in ((batch, circuit.inputs), (circuit.weights,))
    )
    values = simulate.expectations(circuit, x, w, engine="torch")
    pull = torch.randn(values.shape, generator=generator, dtype=torch.float64)
    return values.detach(), *torch.autograd.grad((values * pull).sum(), [x, w])


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_gradients_are_those_of_autograd(circuit, monkeypatch):
    wanted = gradients(circuit)
    monkeypatch.setattr(statevector, "KEPT_BYTES", 0)
    for found, reference in zip(gradients(circuit), wanted, strict=True):
        torch.testing.assert_close(found, reference, atol=1e-10, rtol=0)


def kept(circuit, batch):
    """Bytes that autograd stores for the backward pass, counting each storage once."""
    storages = {}

    def pack(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x, w = torch.zeros(batch, circuit.inputs), torch.zeros(circuit.weights, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        simulate.expectations(circuit, x, w, engine="torch")
    return sum(storages.values())


@pytest.mark.parametrize("layout", ["qssl_ring", "dressed"])
def test_memory_does_not_grow_with_the_gates(layout, monkeypatch):
    build, batch = layouts.LAYOUTS[layout], 256
    assert kept(build(8, 8), batch) > 3 * kept(build(8, 2), batch)
    monkeypatch.setattr(statevector, "KEPT_BYTES", 0)
    assert kept(build(8, 8), batch) < 1.1 * kept(build(8, 2), batch)


def test_small_steps_keep_their_second_derivatives():
    circuit = layouts.dressed(2, 1)
    x, w = (
        torch.zeros(size, dtype=torch.float64, requires_grad=True) for size in ((1, 2), (circuit.weights,))
    )
    value = simulate.expectations(circuit, x, w, engine="torch").sum()
    (first,) = torch.autograd.grad(value, w, create_graph=True)
    assert torch.autograd.grad(first.sum(), w)[0].shape == w.shape


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize(
    "circuit", [layouts.dressed(3, 2), layouts.amplitude(3, 1), layouts.dressed(7, 1)], ids=lambda c: c.name
)
def test_large_steps_have_the_second_derivatives_of_small_ones(circuit, linear, monkeypatch):
    def product():
        generator = torch.Generator().manual_seed(0)
        x, w, along = (
            torch.randn(size, generator=generator, dtype=torch.float64, requires_grad=True)
            for size in ((2, circuit.inputs), (circuit.weights,), (circuit.weights,))
        )
        values = simulate.expectations(circuit, x, w, engine="torch")
        (slope,) = torch.autograd.grad((values if linear else values.square()).sum(), w, create_graph=True)
        return torch.autograd.grad((slope * along).sum(), [x, w])

    wanted = product()
    assert all(part.abs().max() > 1e-3 for part in wanted)
    monkeypatch.setattr(statevector, "KEPT_BYTES", 0)
    for found, reference in zip(product(), wanted, strict=True):
        torch.testing.assert_close(found, reference, atol=1e-10, rtol=0)
