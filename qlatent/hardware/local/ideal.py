"""Simulation without device noise: exact expectation values, or a finite number of shots, by our own engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.circuit import Circuit
from qlatent.circuits.measurements import measurements
from qlatent.hardware import readout
from qlatent.hardware.local.session import (
    AbstractSession,
    Part,
    Sizes,
    refuse_mitigation,
    refuse_no_shots,
    rng,
)
from qlatent.hardware.work import Work

Array = NDArray[np.float64]
_STATES = 2**21  # probabilities of a part, 16 MiB
_LARGEST_PART = 256


class Exact(AbstractSession):
    """The exact expectation values; shots are of no account."""

    def __init__(self, work: Work) -> None:
        refuse_mitigation("exact", work)
        self.work, self.part, self.shots = work, _part(work), 0

    def sizes(self) -> Sizes:
        return sizes(self.work, shots=0)

    def calibration(self) -> dict[str, Any]:
        return {}

    def measure(self, items: range) -> Part:
        from qlatent.circuits import simulate  # torch

        found = [
            simulate.expectations(circuit, angles, weights).numpy().astype(float)
            for circuit, angles, weights in batches(self.work, items)
        ]
        values = np.concatenate(found)
        return Part(values, np.zeros_like(values), values, np.zeros((len(values), 0), np.int64))


class Shots(AbstractSession):
    """Expectation values from outcomes that are drawn from the exact probabilities."""

    def __init__(self, work: Work, *, seed: int) -> None:
        refuse_mitigation("shots", work)
        refuse_no_shots("The device 'shots'", work)
        self.work, self.seed, self.part, self.shots = work, seed, _part(work), work.options.shots

    def sizes(self) -> Sizes:
        return sizes(self.work, shots=self.work.options.shots)

    def calibration(self) -> dict[str, Any]:
        return {}

    def measure(self, items: range) -> Part:
        generators = [rng(self.seed, self.work, item) for item in items]
        found, at = [], 0
        for circuit, angles, weights in batches(self.work, items):
            found.append(self._drawn(circuit, angles, weights, generators[at : at + len(angles)]))
            at += len(angles)
        return joined(found)

    def _drawn(
        self, circuit: Circuit, angles: Array, weights: Array, generators: list[np.random.Generator]
    ) -> Part:
        from qlatent.circuits.engines import compiled  # torch

        shots, signs = self.work.options.shots, readout.basis_signs(circuit.qubits)
        part = empty(len(angles), circuit, sampled=True)
        for each in measurements(circuit):
            chances = compiled.probabilities(each.circuit, angles, weights).astype(float)
            outcomes = drawn(chances, shots, generators)
            fill(
                part, each.numbers, readout.estimated(outcomes, signs, each.circuit.observables, shots=shots)
            )
        return part


def batches(work: Work, items: range) -> list[tuple[Circuit, Array, Array]]:
    """The circuits of these items, each with its angles (rows, inputs) and weights, in their order."""
    if not work.circuits:
        return [(work.circuit, work.angles[items.start : items.stop], work.weights)]
    return [(work.circuits[item], work.angles[item : item + 1], np.zeros(0)) for item in items]


def drawn(chances: Array, shots: int, generators: list[np.random.Generator]) -> Array:
    """Counts of `shots` outcomes with these probabilities (items, outcomes), one generator an item."""
    chances = np.clip(chances, 0, None)
    chances = chances / chances.sum(axis=1, keepdims=True)
    return np.stack(
        [each.multinomial(shots, row) for each, row in zip(generators, chances, strict=True)]
    ).astype(float)


def empty(items: int, circuit: Circuit, *, sampled: bool) -> Part:
    """A part to be filled measurement by measurement."""
    shape = (items, len(circuit.observables))
    values, errors, raw = (np.empty(shape) for _ in range(3))
    return Part(values, errors, raw, np.empty(shape if sampled else (items, 0), dtype=np.int64))


def fill(
    part: Part, numbers: tuple[int, ...], found: readout.Estimated, *, rows: range | None = None
) -> None:
    """Puts the results of one measurement into the columns of its observables, in all rows or in these."""
    every = range(len(part.raw)) if rows is None else rows
    at = np.ix_(np.array(every, dtype=int), np.array(numbers, dtype=int))
    part.expectations[at], part.errors[at], part.raw[at] = found.values, found.errors, found.raw
    if part.counts.shape[1]:
        part.counts[at] = found.counts


def joined(parts: list[Part]) -> Part:
    """Parts one after the other as one."""
    return Part(
        np.concatenate([each.expectations for each in parts]),
        np.concatenate([each.errors for each in parts]),
        np.concatenate([each.raw for each in parts]),
        np.concatenate([each.counts for each in parts]),
    )


def pair_sizes(circuit: Circuit) -> tuple[int, int]:
    """The number of two-qubit gates of a circuit, and their depth."""
    free = [0] * circuit.qubits
    pairs = [operation.wires for operation in circuit.elementary if len(operation.wires) > 1]
    for wires in pairs:
        layer = 1 + max(free[wire] for wire in wires)
        for wire in wires:
            free[wire] = layer
    return len(pairs), max(free)


def sizes(work: Work, *, shots: int) -> Sizes:
    """What a job of the logical circuits consists of."""
    circuits = work.circuits or (work.circuit,)
    pairs, depths = zip(*map(pair_sizes, circuits), strict=True)
    times = len(measurements(work.circuit)) if shots else 1
    return Sizes(
        circuits=len(circuits) * times,
        executions=len(work) * times * max(shots, 1),
        pair_gates=max(pairs),
        depth=max(depths),
        standard_error=shots**-0.5 if shots else 0.0,
    )


def _part(work: Work) -> int:
    return max(1, min(_LARGEST_PART, _STATES // 2**work.circuit.qubits))
