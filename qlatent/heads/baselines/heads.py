"""Baseline heads: linear maps in closed form, and an MLP.

Each linear map is stored as untrained weights, so it is saved, loaded and counted like any other head; `prepare` fits
PCA to the training rows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from qlatent.circuits import layouts
from qlatent.circuits.specs import weights_used
from qlatent.heads.base import AbstractHead, Tensors, input_dims, principal, seeded_linear


class LinearMap(nn.Module):
    """z = (x − mean) W with inverse x̂ = z V + mean; `weight` W (d, k), `back` V (k, d), `mean` (d,). Not trained."""

    def __init__(self, weight: Tensor, back: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.back = nn.Parameter(back, requires_grad=False)
        self.mean = nn.Parameter(torch.zeros(len(weight)), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) @ self.weight

    def inverse(self, z: Tensor) -> Tensor:
        """Reconstructions (n, d) of latents (n, k)."""
        return z @ self.back + self.mean


class MappedHead(AbstractHead):
    """A linear map for each modality, or one for all; subclasses define the map."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.input_dims = input_dims(config)
        parts = self.modalities[:1] if config.shared else self.modalities
        self.maps = nn.ModuleDict({name: self._map(self.input_dims[name]) for name in parts})

    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        inputs = self.taken(inputs)
        return {name: self._of(name)(x) for name, x in inputs.items()}

    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        return {name: self._of(name).inverse(z) for name, z in latents.items()}

    def _of(self, modality: str) -> Any:
        return self.maps[self.modalities[0] if self.config.shared else modality]

    def _map(self, width: int) -> LinearMap:
        """The map for vectors of this width, before `prepare`."""
        return LinearMap(torch.eye(width)[:, : self.config.dim], torch.eye(width)[: self.config.dim])


class IdentityHead(AbstractHead):
    """The vectors themselves."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.input_dims = input_dims(config)
        # every head needs at least one tensor, for its device and its file
        self.scale = nn.Parameter(torch.ones(()), requires_grad=False)

    @property
    def parameter_count(self) -> dict[str, int]:
        return {"stored": 0, "used": 0}

    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        inputs = self.taken(inputs)
        return {name: x * self.scale for name, x in inputs.items()}

    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        return dict(latents)


class PCAHead(MappedHead):
    """PCA of the training rows, of all modalities together or of each, optionally whitened."""

    @property
    def rows_wanted(self) -> int | None:
        return None

    @torch.no_grad()
    def prepare(self, inputs: Tensors) -> None:
        for name, part in self.maps.items():
            assert isinstance(part, LinearMap)
            rows = (
                torch.cat([inputs[each] for each in self.modalities]) if self.config.shared else inputs[name]
            )
            basis = principal(rows, self.config.dim)
            scale = (
                basis.deviations.clamp_min(1e-12) if self.config.whiten else torch.ones_like(basis.deviations)
            )
            part.weight.copy_((basis.axes / scale[:, None]).T)
            part.back.copy_(basis.axes * scale[:, None])
            part.mean.copy_(basis.mean)


class TruncationHead(MappedHead):
    """Coordinates 0 … k − 1 of the vectors, or k random ones from the seed, the same in all modalities."""

    def _map(self, width: int) -> LinearMap:
        kept = self.config.dim
        generator = torch.Generator().manual_seed(self.config.seed)
        chosen = (
            torch.randperm(width, generator=generator)
            if self.config.which == "random"
            else torch.arange(width)
        )
        picked = torch.eye(width)[chosen[:kept].sort().values]  # (k, d)
        return LinearMap(picked.T.contiguous(), picked)


class RandomProjectionHead(MappedHead):
    """z = xR/√k with R ~ N(0, 1), which preserves squared distances in expectation (Johnson & Lindenstrauss 1984)."""

    def _map(self, width: int) -> LinearMap:
        generator = torch.Generator().manual_seed(self.config.seed)
        weight = torch.randn((width, self.config.dim), generator=generator) / self.config.dim**0.5
        return LinearMap(weight, torch.linalg.pinv(weight))


class MLPHead(AbstractHead):
    """Linear → GELU → Linear in place of the dressed circuit, with a linear decoder, for each modality.

    The hidden width is chosen so that the number of weights is closest to CLIP-ACQUA's.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.input_dims = input_dims(config)
        parts = self.modalities[:1] if config.shared else self.modalities
        generator = torch.Generator().manual_seed(config.seed)
        encoders, decoders = {}, {}
        for name in parts:
            width, hidden = self.input_dims[name], hidden_width(self.input_dims[name], config)
            first = seeded_linear(width, hidden, generator=generator)
            second = seeded_linear(hidden, config.dim, generator=generator)
            encoders[name] = nn.Sequential(first, nn.GELU(), second)
            decoders[name] = seeded_linear(config.dim, width, generator=generator)
        self.encoders, self.decoders = nn.ModuleDict(encoders), nn.ModuleDict(decoders)

    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        inputs = self.taken(inputs)
        return {name: self._part(self.encoders, name)(x) for name, x in inputs.items()}

    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        return {name: self._part(self.decoders, name)(z) for name, z in latents.items()}

    def _part(self, parts: nn.ModuleDict, modality: str) -> nn.Module:
        return parts[self.modalities[0] if self.config.shared else modality]


def hidden_width(width: int, config: Any) -> int:
    """Hidden width h at which Linear(d, h) and Linear(h, k) have as many weights as Linear(d, k) and the circuit."""
    circuit = layouts.dressed(max(config.dim, 2), config.circuit_depth)
    angles = circuit.weights if config.parameters == "stored" else len(weights_used(circuit))
    wanted = (width + 1) * config.dim + angles
    return max(1, round((wanted - config.dim) / (width + 1 + config.dim)))
