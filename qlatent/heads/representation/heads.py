"""QSSL's representation network, its classical twin and their controls, each with a projection head.

Linear(d, W) → π·sigmoid → core → z (n, W); the core is a circuit or what stands in its place. A contrastive
loss sees Linear → BatchNorm → ReLU → Linear of z; z itself is the representation.
Source: Jaderberg et al. 2021, Quantum self-supervised learning (arXiv 2103.14653, code bjader/QSSL).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qlatent.circuits import simulate
from qlatent.circuits.analysis import state_derivatives
from qlatent.circuits.specs import weights_used
from qlatent.errors import InputError
from qlatent.heads.base import AbstractHead, Tensors, input_dims, seeded_linear
from qlatent.heads.representation.configs import QSSLConfig, QSSLTwinConfig

SLOPE = 0.01  # of LeakyReLU below zero, torch's default


class RepresentationHead(AbstractHead):
    """One network for all modalities (or one each): bridge, core, and a linear decoder of z.

    NT-Xent trains bridge, core and projection; the paper has no decoder, and this one learns only under
    objectives that look at reconstructions. Linear layers of heads with equal seed and sizes start equal
    whatever the core is.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.input_dims = input_dims(config)
        parts = self.modalities[:1] if config.shared else self.modalities
        generator = torch.Generator().manual_seed(config.seed)
        width = config.latent_dim
        self.bridges, self.decoders, self.projections, self.cores = (nn.ModuleDict() for _ in range(4))
        for name in parts:
            d = self.input_dims[name]
            self.bridges[name] = seeded_linear(d, width, generator=generator)
            self.decoders[name] = seeded_linear(width, d, generator=generator)
            self.projections[name] = projection_head(width, generator=generator)
        for name in parts:  # last, since cores take different numbers of draws
            self.cores[name] = make_core(config, generator=generator)

    @property
    def parameter_count(self) -> dict[str, int]:
        """The projection head is stored, but it changes neither latents nor reconstructions."""
        stored = sum(parameter.numel() for parameter in self.parameters())
        unused = sum(parameter.numel() for parameter in self.projections.parameters())
        if self.circuit is not None:
            unused += (self.circuit.weights - len(weights_used(self.circuit))) * len(self.cores)
        return {"stored": stored, "used": stored - unused}

    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        inputs = self.taken(inputs)
        return {
            name: self._of(self.cores, name)(self._of(self.bridges, name)(x)) for name, x in inputs.items()
        }

    def circuit_inputs(self, inputs: Tensors) -> dict[str, Tensor] | None:
        """The squashed angles (n, W) in radians."""
        if self.circuit is None:
            return None
        inputs = self.taken(inputs)
        return {
            name: self._of(self.cores, name).squash(self._of(self.bridges, name)(x))
            for name, x in inputs.items()
        }

    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        return {name: self._of(self.decoders, name)(z) for name, z in latents.items()}

    def project(self, latents: Tensors) -> dict[str, Tensor]:
        """What the loss sees, (n, W) for z (n, W); each modality has the statistics of its own batch (code).

        In training a batch of one is an `InputError`: its variance is zero.
        """
        if self.training and any(len(z) < 2 for z in latents.values()):
            raise InputError(
                "A batch of one row cannot be normalised; the projection head needs two or more in training.",
                remedy="Use a batch size of 2 or more.",
            )
        return {name: self._of(self.projections, name)(z) for name, z in latents.items()}

    @torch.no_grad()
    def states(self, inputs: Tensors) -> dict[str, NDArray[np.complex128]]:
        """End states (n, 2^W) of the circuit for inputs (n, d); an `InputError` where there is no circuit."""
        angles = self.circuit_inputs(inputs)
        if self.circuit is None or angles is None:
            raise InputError("This head has no circuit, so no states.", remedy="Use a quantum head.")
        found = {}
        for name, fed in angles.items():
            weights = self._of(self.cores, name).weights.double().cpu().numpy()
            found[name] = state_derivatives.end_states(self.circuit, fed.double().cpu().numpy(), weights)
        return found

    def _of(self, parts: nn.ModuleDict, modality: str) -> Any:
        return parts[self.modalities[0] if self.config.shared else modality]


class Squash(nn.Module):
    """π·sigmoid(x / temperature), angles in (0, π); same shape."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, values: Tensor) -> Tensor:
        return torch.sigmoid(values / self.temperature) * math.pi


class MeasuredCore(nn.Module):
    """⟨Z⟩ of each wire of the circuit at the squashed values: (n, W) → (n, W), exact or from shots.

    What shots give follows from the seed and from how many batches were drawn before. That count is kept with
    the weights, so a resumed run draws what an unbroken one would have drawn.
    """

    drawn: Tensor

    def __init__(self, config: QSSLConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.circuit = config.circuit()
        self.squash = Squash(config.sigmoid_temperature)
        frozen = config.circuit_weights == "frozen"
        start = torch.randn(self.circuit.weights, generator=generator)
        start *= config.circuit_spread or config.qubits**-0.5
        if frozen:
            start = start.uniform_(-math.pi, math.pi, generator=generator)
        self.weights = nn.Parameter(start, requires_grad=not frozen)
        self.register_buffer("drawn", torch.zeros((), dtype=torch.int64))
        self.stream = int(torch.randint(2**31, (), generator=generator))  # each core of a head has its own

    def forward(self, values: Tensor) -> Tensor:
        angles = self.squash(values)
        shots = self.config.shots
        if not shots or (self.config.shots_in == "training" and not self.training):
            return simulate.expectations(self.circuit, angles, self.weights)
        return simulate.estimates(
            self.circuit, angles, self.weights, shots=shots, generator=self._next_generator()
        )

    def _next_generator(self) -> np.random.Generator:
        """Of the batch; outside training always the next one's, so that looking changes nothing."""
        place = (self.config.seed, self.stream, int(self.drawn), int(self.training))
        if self.training:
            self.drawn += 1
        return np.random.default_rng(place)


def make_core(config: Any, *, generator: torch.Generator) -> nn.Module:
    """The core that a head's config asks for."""
    if isinstance(config, QSSLConfig):
        return MeasuredCore(config, generator=generator)
    width = config.latent_dim
    layers: list[nn.Module] = [Squash(config.sigmoid_temperature)] if config.squash else []
    if not isinstance(config, QSSLTwinConfig):
        return nn.Sequential(*layers, seeded_linear(width, width, generator=generator))
    for _ in range(config.layers):
        layers += [seeded_linear(width, width, generator=generator), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


def projection_head(width: int, *, generator: torch.Generator) -> nn.Sequential:
    """Linear(W, W, bias=False) → BatchNorm → ReLU → Linear(W, W), with torch's default start."""
    first = seeded_linear(width, width, generator=generator)
    first.register_parameter("bias", None)  # BatchNorm takes the mean away again
    return nn.Sequential(
        first, nn.BatchNorm1d(width), nn.ReLU(), seeded_linear(width, width, generator=generator)
    )
