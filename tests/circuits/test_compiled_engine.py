"""What is particular to the compiled engine; that it is right is in test_simulate.py."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlatent.circuits import compiled_engine, layouts, torch_engine
from qlatent.circuits.circuit import Circuit, Operation, constant, input_, weight

OPENING = Circuit(
    3,
    (
        *(Operation("RX", (wire,), (input_(wire),)) for wire in range(3)),
        Operation("RY", (0,), (weight(0),)),
        Operation("RZ", (0,), (constant(0.4),)),
        Operation("RX", (0,), (weight(1),)),
        Operation("RZ", (1,), (weight(0),)),  # a weight of two wires
        Operation("CNOT", (0, 1)),
        Operation("RY", (1,), (weight(2),)),
        Operation("RY", (2,), (weight(1),)),  # still a factor of its own
        Operation("CRX", (2, 0), (weight(3),)),
    ),
    ((("Z", 0),), (("X", 1), ("Y", 2))),
    name="opening",
)  # rotations of factors before, between and beside entanglers
CIRCUITS = [
    layouts.dressed(5, 3), layouts.qssl_ring(5, 2), layouts.dressed(10, 2), layouts.amplitude(5, 2), OPENING,
    layouts.dressed(4, 2, order="rotate_first"),
]  # fmt: skip


def gradients(engine: object, circuit: Circuit, batch: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, w, pulling = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((batch, circuit.inputs), (circuit.weights,), (batch, len(circuit.observables)))
    )
    x.requires_grad_(), w.requires_grad_()
    values = engine(circuit, x, w)  # type: ignore[operator]
    return [values, *torch.autograd.grad(values, (x, w), pulling)]


@pytest.mark.parametrize("circuit", CIRCUITS, ids=[circuit.name for circuit in CIRCUITS])
@pytest.mark.parametrize("batch", [1, 8, 9, 500])
@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_change_nothing(
    circuit: Circuit, batch: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(compiled_engine, "_WORTH_A_THREAD", 1)
    got = gradients(compiled_engine.expectations, circuit, batch)
    for part, wanted in zip(got, gradients(torch_engine.expectations, circuit, batch), strict=True):
        torch.testing.assert_close(part, wanted, atol=1e-10, rtol=1e-10)


def test_the_backward_pass_can_be_taken_twice() -> None:
    circuit = layouts.qssl_ring(3, 1)
    x, w = torch.rand(4, 3, requires_grad=True), torch.rand(circuit.weights, requires_grad=True)
    total = compiled_engine.expectations(circuit, x, w).square().sum()
    first = torch.autograd.grad(total, (x, w), retain_graph=True)
    second = torch.autograd.grad(total, (x, w))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_second_derivative_is_refused_instead_of_wrong() -> None:
    circuit = layouts.dressed(2, 1)
    x, w = torch.rand(1, 2, requires_grad=True), torch.rand(2)
    (slope,) = torch.autograd.grad(
        compiled_engine.expectations(circuit, x, w).square().sum(), x, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.square().sum().backward()


def test_inputs_need_not_be_contiguous() -> None:
    circuit = layouts.dressed(3, 1)
    x, w = torch.rand(3, 7).T, torch.rand(3)
    np.testing.assert_array_equal(
        compiled_engine.expectations(circuit, x, w), compiled_engine.expectations(circuit, x.contiguous(), w)
    )


def test_only_the_end_states_are_kept_for_training() -> None:
    """The memory of a step does not grow with the number of gates."""
    kept = []
    for depth in (1, 8):
        circuit = layouts.dressed(4, depth)
        x, w = torch.rand(64, 4, requires_grad=True), torch.rand(circuit.weights)
        room = compiled_engine.expectations(circuit, x, w).grad_fn.room  # type: ignore[union-attr]
        kept.append([part.nbytes for part in room])
    assert kept[0] == kept[1]
