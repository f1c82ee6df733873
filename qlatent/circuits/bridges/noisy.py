"""Expectations on a noisy device, from the density matrix. Torch-free; PennyLane is loaded at the first call."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.circuits.circuit import Circuit
from qlatent.errors import CircuitError

QUBIT_LIMIT = 10
"""A density matrix of 4^10 complex numbers is 16 MiB a sample; each qubit more takes four times that."""

Probability = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config={"extra": "forbid"})
class NoiseConfig:
    """What happens to each wire of a gate right after it, and what readers of a bit get wrong.

    `depolarizing`: probability that X, Y or Z strikes, each equally likely, after a gate on one wire: ⟨Z⟩ shrinks by
    1 − 4p/3. `pair_depolarizing`: the same on each wire of a gate on two.
    `damping`: probability γ of falling from 1 to 0: ⟨Z⟩ becomes γ + (1 − γ)⟨Z⟩. It comes second.
    `readout`: probability that a measured bit is read as its opposite, 0 and 1 alike. Preparing amplitudes is
    taken to be perfect.
    """

    depolarizing: Annotated[
        Probability,
        Field(
            title="Depolarising", description="After a gate on one wire; today's devices: 0.0002 to 0.001."
        ),
    ] = 0.0
    pair_depolarizing: Annotated[
        Probability,
        Field(
            title="Depolarising, pairs",
            description="Per wire after a gate on two; today's devices: 0.001 to 0.01.",
        ),
    ] = 0.0
    damping: Annotated[
        Probability,
        Field(
            title="Amplitude damping", description="Per gate and wire; gate time over T1: 0.0001 to 0.005."
        ),
    ] = 0.0
    readout: Annotated[
        Probability,
        Field(title="Readout error", description="Per measured bit; today's devices: 0.005 to 0.03."),
    ] = 0.0


def expectations(circuit: Circuit, inputs: Any, weights: Any, *, noise: NoiseConfig) -> np.ndarray:
    """Expectation of each observable with noise: (batch, observables), float64.

    inputs (batch, inputs) and weights (weights,) in radians. More than 10 qubits are a `CircuitError`.
    """
    from qlatent.circuits.bridges import to_pennylane  # here, because PennyLane takes seconds to load

    if circuit.qubits > QUBIT_LIMIT:
        raise CircuitError(
            f"The density matrix of {circuit.qubits} qubits needs {4.0**circuit.qubits * 16 / 2**20:,.0f} MiB "
            f"a sample; the limit is {QUBIT_LIMIT} qubits.",
            remedy="Use fewer qubits, or look at finite shots without noise.",
        )
    exact = to_pennylane.expectations(circuit, inputs, weights, noise=noise)
    # a symmetric flip of a bit turns the sign of its letter: exact, whatever basis is measured
    return exact * np.array([(1 - 2 * noise.readout) ** len(word) for word in circuit.observables])
