"""The statevector engine in torch: batched, differentiable, any device, float32 and float64.

States are rows (batch, 2^qubits), real if every gate is real. Overhead per operation dominates arithmetic here, so the
fused program (`fused_program.py`) minimises the number of operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlatent import tensors
from qlatent.circuits.circuit import Circuit
from qlatent.circuits.engines.fused_program import Entries, FusedProgram, Layers, Single, Step, fused
from qlatent.circuits.engines.statevector_steps import (
    DENSE_QUBITS,
    AmplitudeState,
    Constants,
    DenseLayers,
    HalvedLayers,
    PauliExpectations,
    SignedProbabilities,
    SingleGate,
    StartState,
)

KEPT_BYTES = 2**28
"""Bytes of stored states above which a training step recomputes states by inverting its steps."""


def expectations(circuit: Circuit, inputs: Tensor, weights: Tensor) -> Tensor:
    """Expectations without checks: (batch, inputs), (weights,) → (batch, observables), same dtype and device."""
    program = _program(circuit, inputs.dtype, inputs.device)
    state = program.start(inputs)
    if torch.is_grad_enabled() and program.kept_bytes(len(inputs)) > KEPT_BYTES and not tensors.transformed():
        program = _program(circuit, inputs.dtype, inputs.device, single_layers=True)
        reversed_: Tensor = _Reversed.apply(state, inputs, weights, program)
        return program.measure(reversed_)
    return program.measure(_stepped(program, state, inputs, weights))


def _stepped(program: _Program, state: Tensor, inputs: Tensor, weights: Tensor) -> Tensor:
    for step in program.steps:
        state = step(state, inputs, weights)
    return state


class _Reversed(torch.autograd.Function):
    """All steps, storing only the final state; the backward pass inverts the steps one by one.

    A step is linear and unitary in the state, so its vector-Jacobian product is the inverse step. This takes about
    twice the time. For higher derivatives all states are stored.
    """

    @staticmethod
    def forward(ctx: Any, state: Tensor, inputs: Tensor, weights: Tensor, program: _Program) -> Tensor:
        start, state = state, _stepped(program, state, inputs, weights)
        ctx.save_for_backward(start, state.detach(), inputs, weights)
        ctx.program = program
        return state

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        start, state, inputs, weights = ctx.saved_tensors
        if tensors.asked_again(gradient):
            again = tensors.pulled_back(partial(_stepped, ctx.program), (start, inputs, weights), gradient)
            return again[0], again[1], again[2], None
        angles = [inputs.detach().requires_grad_(), weights.detach().requires_grad_()]
        sums = [torch.zeros_like(each) for each in angles]
        for step in reversed(ctx.program.steps):
            with torch.enable_grad():
                anywhere = torch.zeros_like(state).requires_grad_()
                (state,) = torch.autograd.grad(step(anywhere, inputs, weights), anywhere, state)
                before = state.requires_grad_()
                after = step(before, *angles)
            gradient, *parts = torch.autograd.grad(after, [before, *angles], gradient, allow_unused=True)
            state = before.detach()
            for total, part in zip(sums, parts, strict=True):
                total += 0 if part is None else part
        return gradient, sums[0], sums[1], None


@lru_cache(maxsize=256)
def _program(
    circuit: Circuit, dtype: torch.dtype, device: torch.device, *, single_layers: bool = False
) -> _Program:
    found = fused(circuit)
    if single_layers and found.qubits > DENSE_QUBITS:
        found = replace(found, steps=tuple(part for step in found.steps for part in _layers(step)))
    return _Program(found, dtype, device, amplitudes=circuit.encoding == "amplitudes")


def _layers(step: Step) -> Iterator[Step]:
    """The layers of a run as separate steps."""
    if isinstance(step, Single):
        yield step
        return
    numbers = (step.entries.constant, step.entries.radius, step.entries.phase, step.entries.frequency)
    constant, radius, phase, frequency = np.broadcast_arrays(*numbers)
    for number, fixed in enumerate(step.fixed):
        here = slice(number, number + 1)
        entries = Entries(constant[here], radius[here], phase[here], frequency[here], step.entries.dims)
        yield Layers(entries, step.indices[here], (fixed,))


class _Program:
    """A fused program as tensors of one dtype on one device."""

    def __init__(
        self, program: FusedProgram, dtype: torch.dtype, device: torch.device, *, amplitudes: bool
    ) -> None:
        constants = Constants(dtype, device, real=program.real)
        self.start = AmplitudeState(constants) if amplitudes else StartState(program.start, constants)
        self.steps = [_step(step, program, constants) for step in program.steps]
        self.measure = _measurement(program, constants)
        dense = program.qubits <= DENSE_QUBITS
        states = sum(1 if isinstance(step, Single) or dense else len(step.fixed) for step in program.steps)
        self.bytes_per_sample = states * 2**program.qubits * dtype.itemsize * (1 if program.real else 2)

    def kept_bytes(self, batch: int) -> int:
        """Lower bound of the bytes of states that autograd would store for a batch."""
        return batch * self.bytes_per_sample


def _measurement(program: FusedProgram, constants: Constants) -> SignedProbabilities | PauliExpectations:
    if program.signs is None:
        return PauliExpectations(program, constants)
    return SignedProbabilities(program.signs, constants)


def _step(step: Step, program: FusedProgram, constants: Constants) -> SingleGate | DenseLayers | HalvedLayers:
    if isinstance(step, Single):
        return SingleGate(step, program, constants)
    layers = DenseLayers if program.qubits <= DENSE_QUBITS else HalvedLayers
    return layers(step, program, constants)
