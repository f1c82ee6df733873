"""CLIP-ACQUA and its classical controls: one autoencoder a modality with a small core in the middle.

Linear(d, n) → angles → core → z (n, k) → Linear(k, d); the core is a circuit, tanh(Linear) or nothing.
Sources: Rivas & Zhao, SC22 poster (CLIP-ACQUA); Mari et al. 2020, arXiv 1912.08278 (dressed circuits).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from qlatent.circuits import simulate
from qlatent.circuits.circuit import Circuit
from qlatent.heads.base import AbstractHead, Tensors, input_dims, seeded_linear
from qlatent.heads.configs import AcquaConfig, AcquaLinearConfig, AcquaTwinConfig


class DressedHead(AbstractHead):
    """Two autoencoders (or one, or a shared one) whose latent is the core's output.

    The seed decides all weights; linear layers of heads with equal seed and sizes are equal whatever the
    core is.
    """

    def __init__(self, config: AcquaConfig | AcquaTwinConfig | AcquaLinearConfig) -> None:
        super().__init__(config)
        self.input_dims = input_dims(config)
        parts = self.modalities[:1] if config.shared else self.modalities
        generator = torch.Generator().manual_seed(config.seed)
        widths = [self.input_dims[name] for name in parts]
        encoders = [_dense(width, config.qubits, config.hidden, generator=generator) for width in widths]
        decoders = [_dense(config.qubits, width, config.hidden, generator=generator) for width in widths]
        cores = [_core(config, generator=generator) for _ in parts]
        self.encoders = nn.ModuleDict(dict(zip(parts, encoders, strict=True)))
        self.cores = nn.ModuleDict(dict(zip(parts, cores, strict=True)))
        self.decoders = nn.ModuleDict(dict(zip(parts, decoders, strict=True)))

    @property
    def latent_dim(self) -> int:
        return int(self.config.qubits)

    @property
    def circuit(self) -> Circuit | None:
        core = next(iter(self.cores.values()))
        return core.circuit if isinstance(core, CircuitCore) else None

    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        self.check_inputs(inputs)
        return {name: self._core_of(name)(self._part(self.encoders, name)(x)) for name, x in inputs.items()}

    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        return {name: self._part(self.decoders, name)(z) for name, z in latents.items()}

    def similarity(self, a: Tensor, b: Tensor) -> Tensor:
        """Negative Euclidean distance, the distance that the loss is about: (n, k), (m, k) → (n, m)."""
        return -torch.cdist(a, b)

    def _core_of(self, modality: str) -> nn.Module:
        return self._part(self.cores, modality)

    def _part(self, parts: nn.ModuleDict, modality: str) -> nn.Module:
        return parts[self.modalities[0] if self.config.shared else modality]


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
        z = simulate.expectations(self.circuit, angles(values, self.scaling), self.weights)
        return z if self.dense is None else self.dense(z)


class TanhCore(nn.Module):
    """tanh(Linear) in place of the circuit, fed the same angles: (n, k) → (n, k) in [−1, 1]."""

    def __init__(self, config: AcquaTwinConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.dense = seeded_linear(config.qubits, config.qubits, generator=generator)
        self.scaling = config.input_scaling

    def forward(self, values: Tensor) -> Tensor:
        return torch.tanh(self.dense(angles(values, self.scaling)))


def angles(values: Tensor, scaling: str) -> Tensor:
    """The angles in radians that the linear layer's values stand for; same shape."""
    if scaling == "tanh":
        return torch.tanh(values) * (math.pi / 2)
    if scaling == "sigmoid":
        return torch.sigmoid(values) * math.pi
    return values


def _core(config: Any, *, generator: torch.Generator) -> nn.Module:
    if isinstance(config, AcquaConfig):
        return CircuitCore(config, generator=generator)
    if isinstance(config, AcquaTwinConfig):
        return TanhCore(config, generator=generator)
    return nn.Identity()


def _dense(width_in: int, width_out: int, hidden: int, *, generator: torch.Generator) -> nn.Module:
    """The single dense layer of the paper, or two with a ReLU between them."""
    if not hidden:
        return seeded_linear(width_in, width_out, generator=generator)
    first = seeded_linear(width_in, hidden, generator=generator)
    return nn.Sequential(first, nn.ReLU(), seeded_linear(hidden, width_out, generator=generator))
