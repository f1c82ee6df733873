"""Shared fixtures of the export tests: circuits that reveal a wrong order, and seeded values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from qlatent.circuits import simulate
from qlatent.circuits.circuit import Circuit, Operation, Parameter, constant, input_, weight
from qlatent.circuits.layouts import LAYOUTS

TURN = ((0.6, 0.8j), (0.8j, 0.6))
SHUFFLE = ((0, 1, 0, 0), (0, 0, 1j, 0), (0, 0, 0, 1), (1, 0, 0, 0))
"""A two-qubit unitary that is not symmetric in its wires."""

ASYMMETRIC = Circuit(
    3,
    (
        Operation("RY", (0,), (input_(0),)),
        Operation("H", (2,)),
        Operation("RX", (2,), (input_(1),)),
        Operation("RZ", (2,), (constant(0.4),)),
        Operation("CNOT", (0, 2)),
        Operation("CRZ", (2, 0), (weight(1),)),
        Operation("Y", (1,)),
        Operation("CRY", (1, 0), (weight(0),)),
        Operation("SWAP", (2, 1)),
        Operation("S", (1,)),
        Operation("RX", (1,), (input_(0),)),  # the same input again, after entangling
        Operation("Rot", (0,), (weight(2), input_(1), constant(-1.1))),
        Operation("T", (0,)),
        Operation("RXX", (2, 0), (weight(3),)),
        Operation("RYY", (0, 1), (input_(2),)),
        Operation("RZZ", (1, 2), (weight(4),)),
        Operation("CZ", (1, 2)),
        Operation("CRX", (2, 1), (input_(1),)),
        Operation("Phase", (2,), (weight(5),)),
        Operation("Unitary", (2, 0), matrix=SHUFFLE),
        Operation("X", (0,)),
        Operation("H", (0,)),
        Operation("Unitary", (1,), matrix=TURN),
        Operation("RZ", (0,), (weight(1),)),  # the same weight again
        Operation("RX", (0,), (weight(0),)),
        Operation("Z", (2,)),
    ),
    (
        (("Z", 0),),
        (("Z", 1),),
        (("Z", 2),),
        (("X", 0), ("Y", 2)),
        (("Y", 1),),
        (("Z", 2), ("X", 1), ("Z", 0)),
    ),
    name="asymmetric",
)
"""A circuit with every gate, unordered wires, repeated inputs and weights, and all kinds of observables."""

AMPLITUDES = Circuit(
    3,
    (
        Operation("RY", (1,), (weight(0),)),
        Operation("CNOT", (2, 0)),
        Operation("RX", (0,), (weight(1),)),
    ),
    ((("Z", 0),), (("Z", 1),), (("Z", 2),), (("X", 2), ("Z", 1))),
    name="amplitudes",
    encoding="amplitudes",
)

CIRCUITS = [*(layout(4, 2) for layout in LAYOUTS.values()), ASYMMETRIC, AMPLITUDES]


def drawn(circuit: Circuit, *, batch: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-4, 4, (batch, circuit.inputs)), rng.uniform(-4, 4, circuit.weights)


def exact(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Expectations (batch, observables) from our simulator in float64."""
    return simulate.expectations(circuit, torch.tensor(inputs), torch.tensor(weights)).numpy()


def bound(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> Circuit:
    """The circuit with the angles of one sample as constants, so that it can be truncated anywhere."""
    values = {"input": inputs, "weight": weights}

    def fixed(parameter: Parameter) -> Parameter:
        return (
            parameter if parameter.kind == "constant" else constant(values[parameter.kind][parameter.index])
        )

    operations = (
        replace(operation, parameters=tuple(map(fixed, operation.parameters)))
        for operation in circuit.operations
    )
    return replace(circuit, operations=tuple(operations))
