"""Behaviour specific to the compiled engine; test_simulate.py checks its results."""

from __future__ import annotations

import multiprocessing
import os

import numpy as np
import pytest
import torch

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit, Operation, constant, input_, weight
from qlatent.circuits.engines import compiled, statevector

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
    monkeypatch.setattr(compiled, "_WORTH_A_THREAD", 1)
    got = gradients(compiled.expectations, circuit, batch)
    for part, wanted in zip(got, gradients(statevector.expectations, circuit, batch), strict=True):
        torch.testing.assert_close(part, wanted, atol=1e-10, rtol=1e-10)


def test_a_second_backward_pass_is_that_of_torch() -> None:
    """A second backward pass equals the first with `retain_graph`, and raises without it."""
    circuit = layouts.qssl_ring(3, 1)
    x, w = torch.rand(4, 3, requires_grad=True), torch.rand(circuit.weights, requires_grad=True)
    total = compiled.expectations(circuit, x, w).sum()
    first = torch.autograd.grad(total, (x, w), retain_graph=True)
    second = torch.autograd.grad(total, (x, w))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(total, (x, w))


def products(engine: object, circuit: Circuit, *, linear: bool) -> list[torch.Tensor]:
    """Hessian times a vector of inputs and weights together, by two backward passes."""
    generator = torch.Generator().manual_seed(0)
    drawn = lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)  # noqa: E731
    x, w = drawn(3, circuit.inputs).requires_grad_(), drawn(circuit.weights).requires_grad_()
    values = engine(circuit, x, w)  # type: ignore[operator]
    loss = (values if linear else values.square()).sum()  # a linear loss has a constant gradient
    slopes = torch.autograd.grad(loss, (x, w), create_graph=True)
    along = sum((slope * drawn(*slope.shape)).sum() for slope in slopes)
    return list(torch.autograd.grad(along, (x, w)))


@pytest.mark.parametrize("circuit", CIRCUITS, ids=[circuit.name for circuit in CIRCUITS])
@pytest.mark.parametrize("linear", [True, False])
def test_second_derivatives_are_those_of_the_torch_engine(circuit: Circuit, linear: bool) -> None:
    wanted = products(statevector.expectations, circuit, linear=linear)
    assert all(part.abs().max() > 0.01 for part in wanted)
    for part, other in zip(products(compiled.expectations, circuit, linear=linear), wanted, strict=True):
        torch.testing.assert_close(part, other, atol=1e-10, rtol=1e-10)


RING = layouts.qssl_ring(3, 1)
X = torch.linspace(-1, 2, 6, dtype=torch.float64).reshape(2, 3)
W = torch.linspace(-2, 2, RING.weights, dtype=torch.float64)


def loss(w: torch.Tensor) -> torch.Tensor:
    return (compiled.expectations(RING, X, w) ** 3).sum()


def differences_of_gradients(step: float = 1e-5) -> torch.Tensor:
    """The Hessian of `loss` by central differences of first gradients."""
    rows = []
    for shift in torch.eye(len(W), dtype=torch.float64) * step:
        ends = [(W + sign * shift).requires_grad_() for sign in (1, -1)]
        high, low = (torch.autograd.grad(loss(end), end)[0] for end in ends)
        rows.append((high - low) / (2 * step))
    return torch.stack(rows)


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")  # torch.func's own
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    "hessian",
    [
        torch.autograd.functional.hessian,
        lambda f, w: torch.autograd.functional.hessian(f, w, vectorize=True),
        lambda f, w: torch.func.hessian(f)(w),
        lambda f, w: torch.func.jacrev(torch.func.jacrev(f))(w),
        lambda f, w: torch.func.jacrev(torch.func.grad(f))(w),
    ],
    ids=["functional", "vectorized", "func.hessian", "jacrev", "jacrev of grad"],
)
def test_every_way_to_a_hessian_gives_that_of_finite_differences(hessian: object) -> None:
    found = hessian(loss, W)  # type: ignore[operator]
    torch.testing.assert_close(found, differences_of_gradients(), atol=1e-7, rtol=1e-6)


def test_vmap_and_batched_gradients_are_the_single_ones_side_by_side() -> None:
    single = compiled.expectations(RING, X, W)
    mapped = torch.func.vmap(lambda row: compiled.expectations(RING, row[None], W)[0])(X)
    torch.testing.assert_close(mapped, single)
    w = W.clone().requires_grad_()
    values = compiled.expectations(RING, X, w)[0]
    pulls = torch.eye(3, dtype=torch.float64)
    together = torch.autograd.grad(values, w, pulls, is_grads_batched=True, retain_graph=True)[0]
    for pull, row in zip(pulls, together, strict=True):
        torch.testing.assert_close(row, torch.autograd.grad(values, w, pull, retain_graph=True)[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_computes_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child lacks the parent's threads; neither the engine nor torch may wait for them."""
    monkeypatch.setattr(compiled, "_WORTH_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    large = torch.rand(600, 600) @ torch.rand(600, 600)  # so that torch has started its threads
    wanted = gradients(compiled.expectations, RING, 200)
    parent, child = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=lambda: child.send(
            [part.detach().numpy() for part in gradients(compiled.expectations, RING, 200)]
            + [large.sin().numpy()]
        )
    )
    process.start()
    child.close()
    try:
        assert parent.poll(60), "the child hangs"
        *got, sines = parent.recv()
    finally:
        process.kill()
        process.join()
    for part, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(part, other.detach().numpy())
    np.testing.assert_allclose(sines, large.sin().numpy())


def test_inputs_need_not_be_contiguous() -> None:
    circuit = layouts.dressed(3, 1)
    x, w = torch.rand(3, 7).T, torch.rand(3)
    np.testing.assert_array_equal(
        compiled.expectations(circuit, x, w), compiled.expectations(circuit, x.contiguous(), w)
    )


def test_only_the_end_states_are_kept_for_training() -> None:
    """The memory of a step does not grow with the number of gates."""
    kept = []
    for depth in (1, 8):
        circuit = layouts.dressed(4, depth)
        x, w = torch.rand(64, 4, requires_grad=True), torch.rand(circuit.weights)
        saved = compiled.expectations(circuit, x, w).grad_fn.saved_tensors  # type: ignore[union-attr]
        kept.append([part.nbytes for part in saved[-2:]])
    assert kept[0] == kept[1]
