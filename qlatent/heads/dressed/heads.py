"""CLIP-ACQUA and its classical controls: one autoencoder per modality, with a small core at the latent.

Linear(d, k) → angles → core → z (n, k) → Linear(k, d); the core is a circuit or its classical replacement.
Sources: Rivas & Zhao, SC22 poster (CLIP-ACQUA); Mari et al. 2020, arXiv 1912.08278 (dressed circuits).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from qlatent.errors import ConfigError
from qlatent.heads.base import AbstractHead, Tensors, input_dims, principal, seeded_linear
from qlatent.heads.dressed.cores import make_core

SPREAD = 0.5  # standard deviation along the first axis after PCA initialisation, before any tanh


class DressedHead(AbstractHead):
    """One autoencoder per modality, or a shared one, whose latent is the core's output.

    The seed determines all weights. Heads with equal seed and sizes start from equal linear layers, whatever the core.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        if config.bridge_start == "pca" and config.hidden:
            raise ConfigError(
                f"bridge_start='pca' with hidden={config.hidden}: principal axes initialise a single layer.",
                remedy="Use hidden=0, or bridge_start='random'.",
            )
        self.input_dims = input_dims(config)
        parts = self.modalities[:1] if config.shared else self.modalities
        generator = torch.Generator().manual_seed(config.seed)
        widths = [self.input_dims[name] for name in parts]
        encoders = [_dense(width, config.latent_dim, config.hidden, generator=generator) for width in widths]
        decoders = [_dense(config.latent_dim, width, config.hidden, generator=generator) for width in widths]
        cores = [make_core(config, generator=generator) for _ in parts]
        self.encoders = nn.ModuleDict(dict(zip(parts, encoders, strict=True)))
        self.cores = nn.ModuleDict(dict(zip(parts, cores, strict=True)))
        self.decoders = nn.ModuleDict(dict(zip(parts, decoders, strict=True)))

    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        inputs = self.taken(inputs)
        return {name: self._core_of(name)(self._part(self.encoders, name)(x)) for name, x in inputs.items()}

    def circuit_inputs(self, inputs: Tensors) -> dict[str, Tensor] | None:
        """The circuit angles (n, qubits) in radians from the linear layer's outputs."""
        if self.circuit is None:
            return None
        inputs = self.taken(inputs)
        return {
            name: self._core_of(name).inputs(self._part(self.encoders, name)(x)) for name, x in inputs.items()
        }

    def circuit_latents(self, expectations: Tensors) -> dict[str, Tensor]:
        """Latents (n, k) from ⟨Z⟩ (n, qubits): the identity or a linear layer."""
        return {name: self._core_of(name).latents(z) for name, z in expectations.items()}

    def entering_tanh(self, inputs: Tensors) -> dict[str, Tensor]:
        """The linear layer's outputs (n, k) if the angles are a tanh of them."""
        if self.config.input_scaling != "tanh":
            return {}
        return {name: self._part(self.encoders, name)(x) for name, x in inputs.items()}

    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        return {name: self._part(self.decoders, name)(z) for name, z in latents.items()}

    @property
    def rows_wanted(self) -> int | None:
        return None if self.config.bridge_start == "pca" else 0

    @torch.no_grad()
    def prepare(self, inputs: Tensors) -> None:
        """With `bridge_start="pca"`, sets every first layer to the principal axes of the rows of all modalities."""
        if self.config.bridge_start != "pca":
            return
        basis = principal(torch.cat([inputs[name] for name in self.modalities]), self.config.latent_dim)
        weight = basis.axes * (SPREAD / basis.deviations[0].clamp_min(1e-12))
        for layer in self.encoders.values():
            assert isinstance(layer, nn.Linear)
            layer.weight.copy_(weight)
            layer.bias.copy_(-(weight @ basis.mean))

    def _core_of(self, modality: str) -> Any:
        return self._part(self.cores, modality)

    def _part(self, parts: nn.ModuleDict, modality: str) -> nn.Module:
        return parts[self.modalities[0] if self.config.shared else modality]


def _dense(width_in: int, width_out: int, hidden: int, *, generator: torch.Generator) -> nn.Module:
    """The paper's single dense layer, or two with a ReLU in between if `hidden` > 0."""
    if not hidden:
        return seeded_linear(width_in, width_out, generator=generator)
    first = seeded_linear(width_in, hidden, generator=generator)
    return nn.Sequential(first, nn.ReLU(), seeded_linear(hidden, width_out, generator=generator))
