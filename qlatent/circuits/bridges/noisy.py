"""Expectations on a noisy device, from the density matrix. Torch-free; PennyLane is loaded at the first call."""

from __future__ import annotations

from typing import Any

import numpy as np

from qlatent.circuits.circuit import Circuit
from qlatent.circuits.noise import NoiseConfig
from qlatent.errors import CircuitError

QUBIT_LIMIT = 10
"""A density matrix of 4^10 complex numbers is 16 MiB a sample; each qubit more takes four times that."""


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
