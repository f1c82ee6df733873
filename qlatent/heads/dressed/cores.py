"""Cores of a dressed head, between its linear layers: a circuit, its classical twins, or the identity."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from qlatent.circuits import simulate
from qlatent.heads.base import seeded_linear
from qlatent.heads.dressed.configs import AcquaConfig, AcquaFourierConfig, AcquaTwinConfig


class CircuitCore(nn.Module):
    """Angles → ⟨Z⟩ of each wire: (n, qubits) → (n, qubits), in [−1, 1] unless a dense layer follows."""

    def __init__(self, config: AcquaConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.circuit = config.circuit()
        start = torch.randn(self.circuit.weights, generator=generator) * config.quantum_init
        frozen = config.circuit_weights == "frozen"
        if frozen:
            start = start.uniform_(-math.pi, math.pi, generator=generator)
        self.weights = nn.Parameter(start, requires_grad=not frozen)
        self.scaling = config.input_scaling
        self.dense = (
            seeded_linear(config.qubits, config.qubits, generator=generator)
            if config.latent == "dense"
            else None
        )

    def forward(self, values: Tensor) -> Tensor:
        return self.latents(simulate.expectations(self.circuit, self.inputs(values), self.weights))

    def inputs(self, values: Tensor) -> Tensor:
        """Circuit angles in radians from the linear layer's outputs; same shape."""
        return angles(values, self.scaling)

    def latents(self, expectations: Tensor) -> Tensor:
        """The layer after the circuit: linear, or the identity."""
        return expectations if self.dense is None else self.dense(expectations)


class TwinCore(nn.Module):
    """tanh(Linear) or sin(Linear) of the circuit's angles, or the angles themselves.

    (n, k) → (n, k), in [−1, 1], or in radians for the angles.
    """

    def __init__(self, config: AcquaTwinConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.function = config.function
        if self.function != "identity":
            self.dense = seeded_linear(config.dim, config.dim, generator=generator)
        self.scaling = config.input_scaling

    def forward(self, values: Tensor) -> Tensor:
        found = angles(values, self.scaling)
        if self.function == "identity":
            return found
        return torch.tanh(self.dense(found)) if self.function == "tanh" else torch.sin(self.dense(found))


class FourierCore(nn.Module):
    """A linear layer over random Fourier features of the angles: (n, k) → (n, k).

    ⟨Z⟩ of a circuit that encodes every input once is a Fourier series with frequencies −1, 0, 1 in each input (Schuld
    et al. 2021, arXiv 2008.08605). These features are cosines and sines of ω·x with random ω and trained coefficients
    (Landman et al. 2022, arXiv 2210.13200).
    """

    frequencies: Tensor

    def __init__(self, config: AcquaFourierConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        drawn = torch.randint(-1, 2, (config.features, config.dim), generator=generator)
        drawn[:, 0][(drawn == 0).all(dim=1)] = 1  # ω = 0 would duplicate the bias
        self.register_buffer("frequencies", drawn.to(torch.get_default_dtype()))
        self.dense = seeded_linear(2 * config.features, config.dim, generator=generator)
        self.scaling = config.input_scaling

    def forward(self, values: Tensor) -> Tensor:
        phases = angles(values, self.scaling) @ self.frequencies.T  # (n, features)
        return self.dense(torch.cat([phases.cos(), phases.sin()], dim=1))


def angles(values: Tensor, scaling: str) -> Tensor:
    """Circuit angles in radians from the linear layer's outputs; same shape."""
    if scaling == "tanh":
        return torch.tanh(values) * (math.pi / 2)
    if scaling == "sigmoid":
        return torch.sigmoid(values) * math.pi
    return values


def make_core(config: Any, *, generator: torch.Generator) -> nn.Module:
    """The core for a head's config, with weights drawn from `generator`."""
    if isinstance(config, AcquaConfig):
        return CircuitCore(config, generator=generator)
    if isinstance(config, AcquaTwinConfig):
        return TwinCore(config, generator=generator)
    if isinstance(config, AcquaFourierConfig):
        return FourierCore(config, generator=generator)
    return nn.Identity()
