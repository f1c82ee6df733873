"""Quantum-inspired projection heads and their classical counterparts.

Merge heads: u → Bloch states → pairwise merges → z = ⟨Z⟩ (n, k). Classical heads: u → (linear) → tanh or Bloch → z.
Latents compared by fidelity are always expectation values in [−1, 1], so `distance="log_fidelity"` of the metrics
and `similarity` here agree. Source: Kankeu et al., arXiv 2501.04591; heads/README.md lists the differences between
the paper and its authors' code.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from qlatent import tensors
from qlatent.circuits.merging import SIZES, Kind
from qlatent.errors import InputError
from qlatent.heads import saturation
from qlatent.heads.base import AbstractHead, Tensors, input_dims, seeded_linear
from qlatent.heads.projection import merging
from qlatent.heads.projection.fidelity import log_fidelity

INSIDE = 1e-6  # margin to ±1 when an encoding is inverted


class Merges(nn.Module):
    """All merges of a modality: u (n, d) → ⟨Z⟩ (n, k). `raw` (d − k, angles) starts from N(0, 1), as published."""

    def __init__(self, width: int, config: Any, *, generator: torch.Generator) -> None:
        super().__init__()
        self.kind: Kind = config.compression
        self.parameters_as: merging.Angles = config.merge_angles
        self.width, self.sizes = config.latent_dim, SIZES[self.kind, self.parameters_as]
        self.raw = nn.Parameter(torch.randn((width - self.width, self.sizes.stored), generator=generator))

    def forward(self, u: Tensor) -> Tensor:
        coefs = merging.coefficients(merging.angles(self.raw), self.kind, self.parameters_as)
        return merging.merged(*merging.bloch(u), coefs, self.width)


class GroupedLinear(nn.Module):
    """y_j = Σ_b w_(j+bk) u_(j+bk) + bias_j: (n, d) → (n, k) with d + k parameters. Eq. 5 of arXiv 2501.04591."""

    def __init__(self, width: int, outputs: int, *, generator: torch.Generator) -> None:
        super().__init__()
        bound = (outputs / width) ** 0.5  # 1/√(inputs per output), as in nn.Linear
        self.weight = nn.Parameter(torch.empty(width).uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound, generator=generator))

    def forward(self, u: Tensor) -> Tensor:
        width, outputs = len(self.weight), len(self.bias)
        blocks = pad(u * self.weight, (0, -width % outputs)).unflatten(1, (-1, outputs))  # (n, blocks, k)
        return blocks.sum(1) + self.bias


class ProjectionHead(AbstractHead):
    """BT, QBT, BEC, QBEC and their variants, selected by the config.

    One linear layer per modality reconstructs inputs. Only objectives that use reconstructions train it, and the paper
    does not count it, so `parameter_count` lists it separately as "decoder". Without compression, decoding inverts the
    encoding.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.input_dims = input_dims(config)
        generator = torch.Generator().manual_seed(config.seed)
        widths = {name: self.input_dims[name] for name in self.modalities[: 1 if config.shared else None]}
        if config.compression == "none":
            # every head needs at least one tensor, for its device and its file
            self.scale = nn.Parameter(torch.tensor(config.input_scale), requires_grad=False)
            return
        self.compressors = nn.ModuleDict(
            {name: _compressor(width, config, generator=generator) for name, width in widths.items()}
        )
        self.decoders = nn.ModuleDict(
            {
                name: seeded_linear(config.latent_dim, width, generator=generator)
                for name, width in widths.items()
            }
        )

    @property
    def merges(self) -> bool:
        """Whether qubits are merged."""
        return self.config.compression in ("merge", "merge_cnot")

    @property
    def counted(self) -> list[nn.Parameter]:
        return list(self.compressors.parameters()) if self.config.compression != "none" else []

    @property
    def parameter_count(self) -> dict[str, int]:
        """Parameters of the compression: "stored", "used" (affect the output) and "identifiable"; and "decoder".

        With k < d: 12(d − k), 7(d − k) and 5(d − k) for merges, k(d + 1) for a linear layer, d + k for a grouped one.
        "decoder" counts the linear layers for reconstruction.
        """
        stored = sum(parameter.numel() for parameter in self.counted)
        if self.config.compression == "none":
            return {"stored": 0, "used": 0, "identifiable": 0, "decoder": 0}
        decoder = sum(parameter.numel() for parameter in self.decoders.parameters())
        if not self.merges:
            return {"stored": stored, "used": stored, "identifiable": stored, "decoder": decoder}
        sizes = SIZES[self.config.compression, self.config.merge_angles]
        count = stored // sizes.stored
        return {
            "stored": stored,
            "used": count * sizes.used,
            "identifiable": count * sizes.identifiable,
            "decoder": decoder,
        }

    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        """Latents (n, k) in [−1, 1] of inputs (n, d); `InputError` for a wrong width, NaN or infinity."""
        inputs = self.taken(inputs)
        for name, rows in inputs.items():
            _check_finite(name, rows)
        return {name: self._latents(name, rows) for name, rows in inputs.items()}

    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        """Reconstructions (n, d) by a linear layer, or by inverting the encoding if there is no compression."""
        if self.config.compression == "none":
            return {name: self._undone(z) for name, z in latents.items()}
        return {name: self._part(self.decoders, name)(z) for name, z in latents.items()}

    def similarity(self, a: Tensor, b: Tensor) -> Tensor:
        """Log-fidelity ≤ 0 of the product states, or the cosine: (n, k), (m, k) → (n, m)."""
        if self.config.similarity == "fidelity":
            return log_fidelity(a, b)
        return tensors.unit(a) @ tensors.unit(b).T

    @property
    def rows_wanted(self) -> int | None:
        return saturation.LOOKED_AT

    def prepare(self, inputs: Tensors) -> None:
        """Warns if tanh saturates for more than 5 % of the values of up to 4096 training rows."""
        for said in saturation.measure(self, inputs)[1]:
            warnings.warn(said, stacklevel=2)

    @torch.no_grad()
    def entering_tanh(self, inputs: Tensors) -> dict[str, Tensor]:
        """The pre-activations of tanh: (n, d) for merges and without compression, else (n, k)."""
        return {name: self._scaled(name, rows) for name, rows in inputs.items()}

    def flat_remedy(self, factor: float) -> str:
        now = self.config.input_scale
        return f"Use input_scale={now * factor:.2g} or less (now {now:g}), or normalise the vectors to unit length."

    def _scaled(self, modality: str, rows: Tensor) -> Tensor:
        if self.config.unit_inputs:
            rows = tensors.unit(rows)
        if self.config.compression == "none":
            return rows * self.scale
        if not self.merges:
            rows = self._part(self.compressors, modality)(rows)
        return rows if self.config.input_scale == 1.0 else rows * self.config.input_scale

    def _latents(self, modality: str, rows: Tensor) -> Tensor:
        u = self._scaled(modality, rows)
        if self.merges:
            z: Tensor = self._part(self.compressors, modality)(u)
            return z
        return torch.tanh(u) if self.config.encoding == "tanh" else merging.bloch(u)[0]

    def _undone(self, z: Tensor) -> Tensor:
        inner = z if self.config.encoding == "tanh" else torch.asin(z.clamp(-1, 1)) * (-2 / math.pi)
        return torch.atanh(inner.clamp(INSIDE - 1, 1 - INSIDE)) / self.scale

    def _part(self, parts: nn.ModuleDict, modality: str) -> nn.Module:
        return parts[self.modalities[0] if self.config.shared else modality]


def _compressor(width: int, config: Any, *, generator: torch.Generator) -> nn.Module:
    if config.compression == "linear":
        return seeded_linear(width, config.latent_dim, generator=generator)
    if config.compression == "grouped":
        return GroupedLinear(width, config.latent_dim, generator=generator)
    return Merges(width, config, generator=generator)


def _check_finite(modality: str, rows: Tensor) -> None:
    if torch.isfinite(rows.sum()):  # a cheap check; tanh would map infinity to ±1
        return
    bad = torch.logical_not(torch.isfinite(rows).all(dim=1))
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} of {len(rows)} {modality} vectors hold NaN or infinite numbers; the first is row "
            f"{int(bad.nonzero()[0])}.",
            remedy="Drop these rows.",
        )
