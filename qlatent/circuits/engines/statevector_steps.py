"""Torch operations for the steps of a program. States are rows: (batch, 2^qubits)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlatent import tensors
from qlatent.circuits.circuit import Operation
from qlatent.circuits.engines.fused_program import (
    Entries,
    FusedProgram,
    Layers,
    ProductStart,
    Single,
    dense,
    fixed_matrix,
    permutation,
    word_as_permutation,
)

DENSE_QUBITS = 6
"""Up to this many qubits a layer is one matrix on the whole state; above, two matrices on its halves are cheaper."""


class Constants:
    """Converts arrays of a fused program to tensors of one dtype on one device."""

    def __init__(self, dtype: torch.dtype, device: torch.device, *, real: bool) -> None:
        self.dtype, self.device, self.real = dtype, device, real

    def angles(self, array: np.ndarray) -> Tensor:
        """The array as a real tensor."""
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def amplitudes(self, array: np.ndarray) -> Tensor:
        """The array as a tensor of the states' dtype, real or complex."""
        if self.real:
            return self.angles(array.real)
        return torch.tensor(array, dtype=self.dtype.to_complex(), device=self.device)

    def indices(self, array: np.ndarray) -> Tensor:
        """The array as an integer tensor."""
        return torch.tensor(array, dtype=torch.int64, device=self.device)


class MatrixEntries:
    """Angles (...) → matrix entries (..., + the entries' own axes): constant + radius·cos(f·θ − phase)."""

    def __init__(self, entries: Entries, constants: Constants) -> None:
        self.complex = not constants.real
        self.added_axes = (1,) * entries.dims
        self.phase = constants.angles(-entries.phase)
        self.frequency = constants.angles(entries.frequency)
        unit, offset = (entries.radius == 1).all(), (entries.constant != 0).any()
        self.radius = None if unit else constants.angles(entries.radius)
        self.constant = constants.angles(entries.constant) if offset else None

    def __call__(self, angles: Tensor) -> Tensor:
        turned = angles.reshape(angles.shape + self.added_axes)
        values = torch.addcmul(self.phase, turned, self.frequency).cos()
        if self.radius is not None:
            values = values * self.radius
        if self.constant is not None:
            values = values + self.constant
        return torch.view_as_complex(values) if self.complex else values


class AmplitudeState:
    """Inputs (batch, 2^qubits) → normalised states with these amplitudes; NaN for a zero vector."""

    def __init__(self, constants: Constants) -> None:
        self.real, self.complex_dtype = constants.real, constants.dtype.to_complex()

    def __call__(self, inputs: Tensor) -> Tensor:
        state = tensors.unit(inputs, zeros=False)
        return state if self.real else state.to(self.complex_dtype)


class StartState:
    """Inputs (batch, inputs) → product state (batch, 2^qubits)."""

    def __init__(self, start: ProductStart, constants: Constants) -> None:
        self.entries = MatrixEntries(start.entries, constants)
        self.qubits = len(start.columns)
        self.columns = constants.indices(start.columns)
        self.in_order = list(start.columns) == list(range(self.qubits))

    def __call__(self, inputs: Tensor) -> Tensor:
        return kron_vectors(self.entries(self._angles(inputs)))

    def _angles(self, inputs: Tensor) -> Tensor:
        if inputs.shape[1] == 0:  # no wire depends on an input, so the angle is irrelevant
            return inputs.new_zeros(len(inputs), self.qubits)
        if self.in_order and inputs.shape[1] == self.qubits:
            return inputs
        return inputs[:, self.columns]


class DenseLayers:
    """Layers multiplied into one unitary (2^qubits, 2^qubits), then applied to the states."""

    def __init__(self, layers: Layers, program: FusedProgram, constants: Constants) -> None:
        self.entries = MatrixEntries(layers.entries, constants)
        self.indices = constants.indices(layers.indices)
        self.ordered = np.array_equal(layers.indices.ravel(), np.arange(layers.indices.size))
        fixed = np.stack([dense(operations, program.qubits).T for operations in layers.fixed])
        idle = np.array_equal(fixed, np.broadcast_to(np.eye(2**program.qubits), fixed.shape))
        self.fixed = None if idle else constants.amplitudes(fixed)  # (depth, 2^qubits, 2^qubits), for rows

    def __call__(self, state: Tensor, _inputs: Tensor, weights: Tensor) -> Tensor:
        return state @ self.unitary(weights)

    def unitary(self, weights: Tensor) -> Tensor:
        """The transposed product of all layers."""
        layers = kron_matrices(self.entries(layer_angles(weights, self.indices, ordered=self.ordered)))
        if self.fixed is not None:
            layers = torch.bmm(self.fixed, layers)
        return chain_product(layers)


class HalvedLayers:
    """Layers applied in order: fixed gates as a permutation, then the wires' matrices on halves of the state."""

    def __init__(self, layers: Layers, program: FusedProgram, constants: Constants) -> None:
        self.qubits = program.qubits
        self.entries = MatrixEntries(layers.entries, constants)
        self.indices = constants.indices(layers.indices)
        self.ordered = np.array_equal(layers.indices.ravel(), np.arange(layers.indices.size))
        self.fixed = [_fixed_step(operations, program, constants) for operations in layers.fixed]

    def __call__(self, state: Tensor, _inputs: Tensor, weights: Tensor) -> Tensor:
        matrices = self.entries(layer_angles(weights, self.indices, ordered=self.ordered))
        left, right = (kron_matrices(part) for part in matrices.tensor_split([self.qubits // 2], dim=1))
        shape = (len(state), left.shape[-1], right.shape[-1])
        for fixed, a, b in zip(self.fixed, left.unbind(), right.unbind(), strict=True):
            grid = fixed(state).reshape(shape)  # (batch, 2^(n/2), 2^(n - n/2))
            state = (a.mT @ (grid @ b)).reshape(state.shape)
        return state


class SingleGate:
    """A single gate, whose angle may differ between samples."""

    def __init__(self, single: Single, program: FusedProgram, constants: Constants) -> None:
        self.qubits, self.wires, self.angle = program.qubits, single.wires, single.angle
        self.entries = MatrixEntries(single.entries, constants)

    def __call__(self, state: Tensor, inputs: Tensor, weights: Tensor) -> Tensor:
        source = inputs[:, self.angle.index] if self.angle.kind == "input" else weights[self.angle.index]
        return apply_matrix(state, self.entries(source), self.wires, self.qubits)


def apply_matrix(state: Tensor, matrix: Tensor, wires: tuple[int, ...], qubits: int) -> Tensor:
    """States after applying a transposed gate matrix (s, s) or (batch, s, s) to some wires."""
    batch, size = len(state), 2 ** len(wires)
    axes, last = [wire + 1 for wire in wires], list(range(-len(wires), 0))
    grid = state.reshape(batch, *(2,) * qubits).movedim(axes, last)  # (batch, 2, …, 2), the gate's wires last
    mixed = grid.reshape(batch, 2**qubits // size, size) @ matrix
    return mixed.reshape(grid.shape).movedim(last, axes).reshape(state.shape)


def layer_angles(weights: Tensor, indices: Tensor, *, ordered: bool) -> Tensor:
    """The weight of each wire in each layer: (depth, qubits)."""
    if ordered and indices.numel() == len(weights):
        return weights.reshape(indices.shape)
    return (
        weights[indices]
        if len(weights)
        else torch.zeros(indices.shape, dtype=weights.dtype, device=weights.device)
    )


def kron_vectors(factors: Tensor) -> Tensor:
    """Kronecker product over wires (batch, wires, s) → (batch, s^wires), wire 0 the leftmost digit, joined in pairs."""
    batch, wires, size = factors.shape
    if wires == 1:
        return factors.reshape(batch, size)
    if wires % 2:
        most, last = factors.split([wires - 1, 1], dim=1)
        return (kron_vectors(most).unsqueeze(2) * last).reshape(batch, size**wires)
    first, second = factors.reshape(batch, wires // 2, 2, size).unbind(2)
    pairs = first.unsqueeze(3) * second.unsqueeze(2)  # (batch, wires/2, s, s)
    return kron_vectors(pairs.reshape(batch, wires // 2, size * size))


def kron_matrices(factors: Tensor) -> Tensor:
    """Kronecker product over wires (depth, wires, s, s) → (depth, s^wires, s^wires), wire 0 the leftmost digit."""
    depth, wires, size, _ = factors.shape
    if wires == 1:
        return factors.reshape(depth, size, size)
    if wires % 2:
        most, last = factors.split([wires - 1, 1], dim=1)
        return _kron(kron_matrices(most).unsqueeze(1), last).squeeze(1)
    first, second = factors.reshape(depth, wires // 2, 2, size, size).unbind(2)
    return kron_matrices(_kron(first, second))


def _kron(a: Tensor, b: Tensor) -> Tensor:
    """Kronecker product of the last two axes: (depth, k, r, r), (depth, k, s, s) → (depth, k, r·s, r·s)."""
    depth, count, r, s = *a.shape[:3], b.shape[3]
    product = a.reshape(depth, count, r, 1, r, 1) * b.reshape(depth, count, 1, s, 1, s)
    return product.reshape(depth, count, r * s, r * s)


def chain_product(matrices: Tensor) -> Tensor:
    """Product of all matrices, first one leftmost, (depth, s, s) → (s, s), in about log2(depth) operations."""
    depth, size, _ = matrices.shape
    if depth == 1:
        return matrices.reshape(size, size)
    if depth % 2:
        most, last = matrices.split([depth - 1, 1])
        return chain_product(most) @ last.reshape(size, size)
    left, right = matrices.reshape(depth // 2, 2, size, size).unbind(1)
    return chain_product(torch.bmm(left, right))


class FixedPermutation:
    """Fixed gates that permute basis states, with a factor each."""

    def __init__(self, source: np.ndarray, factor: np.ndarray, constants: Constants) -> None:
        self.source = constants.indices(source)
        self.inverse = constants.indices(np.argsort(source))
        self.factor = None if (factor == 1).all() else constants.amplitudes(factor)

    def __call__(self, state: Tensor) -> Tensor:
        moved: Tensor = tensors.applied(_Permuted, _permuted, state, self.source, self.inverse)
        return moved if self.factor is None else moved * self.factor


def _permuted(state: Tensor, source: Tensor, _inverse: Tensor) -> Tensor:
    return state.index_select(1, source)


class _Permuted(torch.autograd.Function):
    """Permutation of columns, whose gradient is the inverse permutation; torch would scatter-add into zeros."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, source: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(source, inverse)
        return state.index_select(1, source)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        source, inverse = ctx.saved_tensors
        return tensors.applied(_Permuted, _permuted, gradients[0], inverse, source), None, None


class FixedGates:
    """Fixed gates applied one by one."""

    def __init__(self, operations: Sequence[Operation], program: FusedProgram, constants: Constants) -> None:
        self.qubits = program.qubits
        self.gates = [(constants.amplitudes(fixed_matrix(op).T), op.wires) for op in operations]

    def __call__(self, state: Tensor) -> Tensor:
        for matrix, wires in self.gates:
            state = apply_matrix(state, matrix, wires, self.qubits)
        return state


class SignedProbabilities:
    """Expectations of Z words: |ψ|² times the eigenvalue ±1 of each basis state."""

    def __init__(self, signs: np.ndarray, constants: Constants) -> None:
        self.signs = constants.angles(signs)

    def __call__(self, state: Tensor) -> Tensor:
        if state.is_complex():
            parts = torch.view_as_real(state)
            return parts.square().sum(-1) @ self.signs
        return state.square() @ self.signs


class PauliExpectations:
    """Expectations ⟨ψ|P|ψ⟩ of arbitrary Pauli words."""

    def __init__(self, program: FusedProgram, constants: Constants) -> None:
        pairs = [word_as_permutation(program.qubits, word) for word in program.observables]
        self.words = [(constants.indices(source), constants.amplitudes(factor)) for source, factor in pairs]

    def __call__(self, state: Tensor) -> Tensor:
        values = [(state.conj() * (factor * state[:, source])).sum(1) for source, factor in self.words]
        stacked = torch.stack(values, dim=1)  # (batch, observables)
        return stacked.real if stacked.is_complex() else stacked


def _fixed_step(
    operations: Sequence[Operation], program: FusedProgram, constants: Constants
) -> FixedPermutation | FixedGates:
    if (moved := permutation(operations, program.qubits)) is None:
        return FixedGates(operations, program, constants)
    return FixedPermutation(*moved, constants)
