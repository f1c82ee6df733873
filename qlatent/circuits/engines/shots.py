"""Estimate expectations from a finite number of shots, with parameter-shift gradients. On the CPU.

Expectations and gradients are averages over sampled outcomes, as in QSSL's runs with 100 shots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlatent import tensors
from qlatent.circuits.circuit import Circuit, Parameter
from qlatent.circuits.engines import compiled
from qlatent.circuits.engines.compiled_kernels import place_shots
from qlatent.circuits.engines.fused_program import z_signs
from qlatent.circuits.gates import Gate
from qlatent.circuits.measurements import measurements
from qlatent.errors import CircuitError

Evaluate = Callable[[Circuit, np.ndarray, np.ndarray], np.ndarray]
"""(circuit, inputs, weights) → (batch, observables)."""

_ROOT = np.sqrt(2)
TWO_TERMS = ((np.pi / 2, 0.5),)
FOUR_TERMS = ((np.pi / 2, (_ROOT + 1) / (4 * _ROOT)), (3 * np.pi / 2, -(_ROOT - 1) / (4 * _ROOT)))
"""Shifts s and factors c such that f'(θ) = Σ c·(f(θ + s) − f(θ − s))."""


def expectations(
    circuit: Circuit, inputs: Tensor, weights: Tensor, *, shots: int, generator: np.random.Generator
) -> Tensor:
    """Estimates (batch, observables) from `shots` outcomes each, for (batch, inputs) and (weights,), without checks.

    Differentiable once: two evaluations for each rotation and four for each controlled rotation, all with `shots`
    (Mitarai et al. 2018, arXiv 1803.00745; four terms: Anselmetti et al. 2021, arXiv 2104.05695). Words that
    cannot be measured simultaneously take separate measurements with `shots` each. The generator advances.
    """
    if shots < 1:
        raise CircuitError(f"{shots} shots were asked for.", remedy="Use 1 or more.")
    if tensors.transformed():
        raise CircuitError(
            "Shots cannot be drawn inside torch.func.", remedy="Use exact expectations there (shots=0)."
        )
    result: Tensor = _Estimates.apply(inputs, weights, circuit, sampler(shots, generator))
    return result


def sampler(shots: int, generator: np.random.Generator) -> Evaluate:
    """A function that estimates expectations from outcomes drawn from the exact probabilities."""

    def evaluate(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        values = np.empty((len(inputs), len(circuit.observables)))
        for each in measurements(circuit):
            chances = compiled.probabilities(each.circuit, inputs, weights).astype(float)
            signs = z_signs(circuit.qubits, each.circuit.observables)
            values[:, each.numbers] = averages(chances, signs, shots, generator)
        return values

    return evaluate


def averages(
    chances: np.ndarray, signs: np.ndarray, shots: int, generator: np.random.Generator
) -> np.ndarray:
    """Mean (batch, words) of `signs` (states, words) over `shots` outcomes with unnormalised `chances` (batch, states).

    numpy's multinomial draws a binomial for each state; with fewer shots than states it is faster to locate each shot
    in the cumulative sums.
    """
    if shots >= chances.shape[1]:
        counts = generator.multinomial(shots, chances / chances.sum(axis=1, keepdims=True))
        found: np.ndarray = counts @ signs / shots
        return found
    sums = np.zeros((len(chances), signs.shape[1]))
    place_shots(chances, generator.random((len(chances), shots)), signs, sums)
    return sums / shots


def shifted_gradients(
    evaluate: Evaluate, circuit: Circuit, inputs: np.ndarray, weights: np.ndarray, pulling: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of Σ pulling·values by the parameter-shift rule: (batch, inputs) and (weights,).

    An angle shared by several gates is shifted in one gate at a time, and the derivatives are summed.
    """
    apart = _apart(circuit)
    angles, shared = inputs[:, apart.columns], weights[apart.indices]
    of_inputs, of_weights = np.zeros(inputs.shape), np.zeros(weights.shape)

    def slope(rule: Sequence[tuple[float, float]], place: int, values: np.ndarray) -> np.ndarray:
        total = np.zeros(len(inputs))
        for shift, factor in rule:
            for sign in (1, -1):
                moved = values.copy()
                moved[..., place] += sign * shift
                pair = (moved, shared) if values is angles else (angles, moved)
                total += sign * factor * (evaluate(apart.circuit, *pair) * pulling).sum(axis=1)
        return total

    for place, column in enumerate(apart.columns):
        of_inputs[:, column] += slope(apart.input_rules[place], place, angles)
    for place, index in enumerate(apart.indices):
        of_weights[index] += slope(apart.weight_rules[place], place, shared).sum()
    return of_inputs, of_weights


class _Estimates(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, circuit: Circuit, evaluate: Evaluate) -> Tensor:
        ctx.save_for_backward(inputs, weights)
        ctx.circuit, ctx.evaluate = circuit, evaluate
        return torch.from_numpy(evaluate(circuit, inputs.numpy(), weights.numpy())).to(inputs.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        inputs, weights = ctx.saved_tensors
        if tensors.asked_again(gradient):
            raise CircuitError(
                "Estimates from shots have a first derivative alone, and none through create_graph=True or vmap.",
                remedy="Use exact expectations (shots=0) for second derivatives.",
            )
        arrays = (inputs.detach().numpy(), weights.detach().numpy(), gradient.numpy())
        of_inputs, of_weights = shifted_gradients(ctx.evaluate, ctx.circuit, *arrays)
        dtype = inputs.dtype
        return torch.from_numpy(of_inputs).to(dtype), torch.from_numpy(of_weights).to(dtype), None, None


@dataclass(frozen=True, eq=False)
class _Apart:
    """A circuit in which no two gates share an angle, with the origin of each angle."""

    circuit: Circuit
    columns: list[int]
    indices: list[int]
    input_rules: list[Sequence[tuple[float, float]]]
    weight_rules: list[Sequence[tuple[float, float]]]


@lru_cache(maxsize=64)
def _apart(circuit: Circuit) -> _Apart:
    origins: dict[str, list[int]] = {"input": [], "weight": []}
    rules: dict[str, list[Sequence[tuple[float, float]]]] = {"input": [], "weight": []}
    operations = []
    for operation in circuit.elementary:
        kind = operation.parameters[0].kind if operation.parameters else "constant"
        if kind != "constant":
            own = Parameter(kind, len(origins[kind]))
            origins[kind].append(operation.parameters[0].index)
            rules[kind].append(_rule(operation.definition))
            operation = replace(operation, parameters=(own,))
        operations.append(operation)
    apart = replace(circuit, operations=tuple(operations))
    return _Apart(apart, origins["input"], origins["weight"], rules["input"], rules["weight"])


def _rule(gate: Gate) -> Sequence[tuple[float, float]]:
    """The shift rule for the eigenvalue gaps of the gate's generator: only 1, or ½ and 1."""
    levels = np.linalg.eigvalsh(1j * gate.frequency * gate.sine)
    gaps = {round(abs(a - b), 6) for a in levels for b in levels} - {0}
    if gaps == {1}:
        return TWO_TERMS
    if gaps == {0.5, 1}:
        return FOUR_TERMS
    raise CircuitError(
        f"There is no parameter-shift rule here for {gate.name}, whose eigenvalues differ by {sorted(gaps)}.",
        remedy="Train with an exact engine.",
    )
