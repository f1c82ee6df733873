"""The statevector engine in torch: batched, differentiable, any device, float32 and float64.

States are rows (batch, 2^qubits), real where every gate is real. Small operations cost more than arithmetic
here, so the plan (plan.py) keeps their number low.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from qlatent.circuits.circuit import Circuit
from qlatent.circuits.plan import Plan, Single, Step, plan
from qlatent.circuits.torch_steps import (
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


def expectations(circuit: Circuit, inputs: Tensor, weights: Tensor) -> Tensor:
    """(batch, inputs), (weights,) → (batch, observables), of their dtype and device; nothing is checked."""
    program = _program(circuit, inputs.dtype, inputs.device)
    state = program.start(inputs)
    for step in program.steps:
        state = step(state, inputs, weights)
    return program.measure(state)


@lru_cache(maxsize=256)
def _program(circuit: Circuit, dtype: torch.dtype, device: torch.device) -> _Program:
    return _Program(plan(circuit), dtype, device, amplitudes=circuit.encoding == "amplitudes")


class _Program:
    """A plan with its numbers as tensors of one dtype on one device."""

    def __init__(self, plan: Plan, dtype: torch.dtype, device: torch.device, *, amplitudes: bool) -> None:
        constants = Constants(dtype, device, real=plan.real)
        self.start = AmplitudeState(constants) if amplitudes else StartState(plan.start, constants)
        self.steps = [_step(step, plan, constants) for step in plan.steps]
        self.measure = _measurement(plan, constants)


def _measurement(plan: Plan, constants: Constants) -> SignedProbabilities | PauliExpectations:
    if plan.signs is None:
        return PauliExpectations(plan, constants)
    return SignedProbabilities(plan.signs, constants)


def _step(step: Step, plan: Plan, constants: Constants) -> SingleGate | DenseLayers | HalvedLayers:
    if isinstance(step, Single):
        return SingleGate(step, plan, constants)
    layers = DenseLayers if plan.qubits <= DENSE_QUBITS else HalvedLayers
    return layers(step, plan, constants)
