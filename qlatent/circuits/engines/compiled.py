"""The compiled engine: plane rotations in numba with adjoint gradients, on the CPU, float32 and float64.

It works on blocks of samples that fit into the cache, spread over as many threads as torch uses. A training step
stores one state per sample, independent of the number of gates.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlatent import lengths, tensors
from qlatent.circuits.circuit import Circuit
from qlatent.circuits.engines import compiled_kernels as kernels
from qlatent.circuits.engines import statevector
from qlatent.circuits.engines.rotations import WEIGHT, Rotations, rotations

_BLOCK_BYTES = 256 * 1024  # a state and its adjoint, twice this, fit into a core's L2 cache
_LANES = (8, 16, 32, 64, 128)
_WIDE_ENOUGH = 32  # with fewer lanes, overhead per plane costs more than cache misses
_WORTH_A_THREAD = 1 << 18  # minimum row operations per thread; less work finishes before a thread starts


def expectations(circuit: Circuit, inputs: Tensor, weights: Tensor) -> Tensor:
    """Expectations on the CPU, without checks: (batch, inputs), (weights,) → (batch, observables), same dtype."""
    program = _program(circuit, inputs.dtype)
    if program.given:
        inputs = tensors.unit(inputs, zeros=False)
    if tensors.transformed():
        return statevector.expectations(circuit, inputs, weights)
    result: Tensor = _Expectations.apply(inputs, weights, program)
    return result


def probabilities(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probabilities of basis states, without checks: (batch, inputs), (weights,) → (batch, 2^qubits)."""
    program = _program(circuit, torch.float64 if inputs.dtype == np.float64 else torch.float32)
    if program.given:
        inputs = lengths.unit(inputs)
    lanes = program.lanes(len(inputs))
    room = program.room(-(-len(inputs) // lanes), lanes)
    program.run(inputs, weights, lanes, room)
    squares = np.square(room[1][:, program.rotations.where])  # (blocks, rows, lanes)
    squares = squares.reshape(len(squares), -1, 2**circuit.qubits, lanes).sum(axis=1)
    return squares.transpose(0, 2, 1).reshape(-1, 2**circuit.qubits)[: len(inputs)]


class _Program:
    """The rotations of a circuit as kernel arguments of one dtype."""

    def __init__(self, circuit: Circuit, dtype: type[np.floating[Any]]) -> None:
        self.circuit, self.dtype, self.given = circuit, dtype, circuit.encoding == "amplitudes"
        self.rotations = rotations(circuit)
        self._write(self.rotations)

    def _write(self, rotations: Rotations) -> None:
        dtype = self.dtype
        start = rotations.start
        numbers = (start.constant, start.cosine, start.sine)
        self.start = (*(part.astype(dtype) for part in numbers), start.slots)
        self.body = (
            rotations.opening,
            rotations.planes,
            rotations.first,
            rotations.source,
            rotations.index,
            rotations.signs.astype(dtype),
            rotations.partners,
            rotations.diagonal,
            not rotations.real,
            rotations.slot_column,
            rotations.slot_frequency.astype(dtype),
        )
        self.weighted = np.flatnonzero(rotations.source == WEIGHT)
        self.weight = rotations.index[self.weighted]
        self.frequency = rotations.frequency[self.weighted]

    def shared(self, weights: np.ndarray) -> np.ndarray:
        """Cosines and sines (2, instructions) of the angles shared by all samples."""
        angles = self.rotations.constant.copy()
        angles[self.weighted] = self.frequency * weights[self.weight]
        shared = np.empty((2, len(angles)), self.dtype)
        with np.errstate(invalid="ignore"):  # the caller checks the result for NaN
            shared[0], shared[1] = np.cos(angles), np.sin(angles)
        return shared

    @property
    def effort(self) -> int:
        """Number of row operations per sample."""
        return 2 * len(self.rotations.planes) + len(self.rotations.signs) * self.rotations.rows

    def room(self, blocks: int, lanes: int) -> tuple[np.ndarray, np.ndarray]:
        """Buffers for the angles and final states of `blocks` blocks."""
        slots = np.empty((2, blocks, len(self.rotations.slot_column), lanes), self.dtype)
        return slots, np.empty((blocks, self.rotations.rows, lanes), self.dtype)

    def lanes(self, batch: int) -> int:
        """Number of samples per block: small enough for the cache, and for each thread to get a block."""
        row = self.rotations.rows * np.dtype(self.dtype).itemsize
        fitting = max([n for n in _LANES if n <= _WIDE_ENOUGH or n * row <= _BLOCK_BYTES])
        share = -(-batch // torch.get_num_threads())
        return min(fitting, next((n for n in _LANES if n >= share), fitting))

    def run(
        self,
        inputs: np.ndarray,
        weights: np.ndarray,
        lanes: int,
        room: tuple[np.ndarray, np.ndarray] | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Expectations (batch, observables), and the shared cosines and sines; final states are left in `room`."""
        inputs, shared = np.ascontiguousarray(inputs), self.shared(weights)
        values = np.empty((len(inputs), len(self.rotations.signs)), self.dtype)

        def work(begin: int, end: int) -> None:
            slots, states = self.room(1, lanes) if room is None else room
            kernels.forward(
                self.body, self.start, self.given, inputs, shared, slots, states, values, begin, end
            )

        _share_out(work, -(-len(inputs) // lanes), lanes * self.effort)
        return values, shared


class _Expectations(torch.autograd.Function):
    """Expectations with adjoint gradients; for higher derivatives the torch engine computes the gradients."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, program: _Program) -> Tensor:
        lanes = program.lanes(len(inputs))
        room = program.room(-(-len(inputs) // lanes), lanes) if any(ctx.needs_input_grad) else None
        values, shared = program.run(inputs.detach().numpy(), weights.detach().numpy(), lanes, room)
        ctx.program = program
        if room is not None:
            # saved tensors are freed with the graph, so torch reports a second backward pass
            ctx.save_for_backward(inputs, weights, *map(torch.from_numpy, (shared, *room)))
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        inputs, weights, *kept = ctx.saved_tensors
        if tensors.asked_again(gradient):
            plain = partial(statevector.expectations, ctx.program.circuit)
            of_inputs, of_weights = tensors.pulled_back(plain, (inputs, weights), gradient)
            return of_inputs, of_weights, None
        return *_adjoint(ctx.program, inputs, weights, [part.numpy() for part in kept], gradient), None


def _adjoint(
    program: _Program, inputs: Tensor, weights: Tensor, kept: list[np.ndarray], gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients by inputs and weights from the buffers of the forward pass."""
    shared, slots, states = kept
    gradients = np.ascontiguousarray(gradient.numpy())
    of_inputs = np.zeros(inputs.shape, program.dtype)
    turned: dict[int, np.ndarray] = {}

    def work(begin: int, end: int) -> None:
        parts = (program.body, program.start, program.given, shared, slots, states)
        turned[begin] = kernels.backward(*parts, gradients, of_inputs, begin, end)

    _share_out(work, len(states), states.shape[2] * program.effort)
    summed = np.sum(
        [turned[begin] for begin in sorted(turned)], axis=0
    )  # in a fixed order, for reproducible bits
    slopes = program.frequency * summed[program.weighted]
    of_weights = np.bincount(program.weight, slopes, minlength=len(weights))
    return torch.from_numpy(of_inputs), torch.from_numpy(of_weights.astype(program.dtype))


def _share_out(work: Callable[[int, int], None], blocks: int, effort: int) -> None:
    """Runs `work` on blocks 0…`blocks` with `effort` row operations each, in torch's number of threads if faster."""
    threads = min(torch.get_num_threads(), blocks, 1 + blocks * effort // _WORTH_A_THREAD)
    if threads <= 1:
        work(0, blocks)
        return
    edges = [blocks * number // threads for number in range(threads + 1)]
    others = [_pool().submit(work, *edge) for edge in pairwise(edges[1:])]
    work(edges[0], edges[1])
    for other in others:
        other.result()


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="circuits")


if hasattr(os, "register_at_fork"):  # a forked child inherits the pool without its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


@lru_cache(maxsize=64)
def _program(circuit: Circuit, dtype: torch.dtype) -> _Program:
    numbers = np.float32 if dtype == torch.float32 else np.float64
    return _Program(circuit, numbers)
