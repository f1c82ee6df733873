"""Expectations under noise from the density matrix. Torch-free; the first call imports PennyLane."""

from __future__ import annotations

from typing import Any

import numpy as np

from qlatent.circuits.circuit import Circuit
from qlatent.circuits.noise import NoiseConfig
from qlatent.errors import CircuitError

QUBIT_LIMIT = 10
"""A density matrix of 4^10 complex numbers is 16 MiB per sample; each further qubit multiplies this by four."""


def expectations(circuit: Circuit, inputs: Any, weights: Any, *, noise: NoiseConfig) -> np.ndarray:
    """Expectations with noise (batch, observables) float64, for inputs (batch, inputs) and weights (weights,).

    Angles are in radians. Raises `CircuitError` for more than 10 qubits.
    """
    from qlatent.circuits.bridges import to_pennylane  # slow import: seconds

    if circuit.qubits > QUBIT_LIMIT:
        raise CircuitError(
            f"The density matrix of {circuit.qubits} qubits needs {4.0**circuit.qubits * 16 / 2**20:,.0f} MiB "
            f"a sample; the limit is {QUBIT_LIMIT} qubits.",
            remedy="Use fewer qubits, or finite shots without noise.",
        )
    exact = to_pennylane.expectations(circuit, inputs, weights, noise=noise)
    # a symmetric bit flip scales each letter by 1 − 2p, exactly and in any basis
    return exact * np.array([(1 - 2 * noise.readout) ** len(word) for word in circuit.observables])
