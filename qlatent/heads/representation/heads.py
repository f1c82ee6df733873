"""QSSL's representation network, its classical twin and their controls, each with a projection head.

Linear(d, W) → π·sigmoid → core → z (n, W); the core is a circuit or its classical replacement. z is the
representation; a contrastive loss takes its projection Linear → BatchNorm → ReLU → Linear.
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

SLOPE = 0.01  # negative slope of LeakyReLU, torch's default


class RepresentationHead(AbstractHead):
    """Bridge, core, projection and a linear decoder of z, shared by all modalities or one set for each.

    NT-Xent trains bridge, core and projection. The paper has no decoder; this one is trained only by objectives that
    use reconstructions. Heads with equal seed and sizes start from equal linear layers, whatever the core.
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
        for name in parts:  # last, because cores draw different amounts of random numbers
            self.cores[name] = make_core(config, generator=generator)

    @property
    def parameter_count(self) -> dict[str, int]:
        """Parameters "stored" and "used"; the projection head affects neither latents nor reconstructions."""
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
        """Input (n, W) of a contrastive loss for z (n, W); batch statistics are per modality (authors' code).

        Raises `InputError` for a batch of one row in training, whose variance is zero.
        """
        if self.training and any(len(z) < 2 for z in latents.values()):
            raise InputError(
                "A batch of one row cannot be normalised; the projection head needs two or more in training.",
                remedy="Use a batch size of 2 or more.",
            )
        return {name: self._of(self.projections, name)(z) for name, z in latents.items()}

    @torch.no_grad()
    def states(self, inputs: Tensors) -> dict[str, NDArray[np.complex128]]:
        """Final states (n, 2^W) of the circuit for inputs (n, d); `InputError` for a head without a circuit."""
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
    """π·sigmoid(x / temperature): angles in (0, π), same shape."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, values: Tensor) -> Tensor:
        return torch.sigmoid(values / self.temperature) * math.pi


class MeasuredCore(nn.Module):
    """⟨Z⟩ of each wire of the circuit at the squashed values: (n, W) → (n, W), exact or estimated from shots.

    Shot noise is determined by the seed and the number of batches drawn so far. That number is saved with the weights,
    so a resumed run draws the same shots as an uninterrupted one.
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
        self.stream = int(
            torch.randint(2**31, (), generator=generator)
        )  # a separate stream for each core of a head

    def forward(self, values: Tensor) -> Tensor:
        angles = self.squash(values)
        shots = self.config.shots
        if not shots or (self.config.shots_in == "training" and not self.training):
            return simulate.expectations(self.circuit, angles, self.weights)
        return simulate.estimates(
            self.circuit, angles, self.weights, shots=shots, generator=self._next_generator()
        )

    def _next_generator(self) -> np.random.Generator:
        """The random generator of this batch; outside training the counter stays, so evaluation has no side effect."""
        place = (self.config.seed, self.stream, int(self.drawn), int(self.training))
        if self.training:
            self.drawn += 1
        return np.random.default_rng(place)


def make_core(config: Any, *, generator: torch.Generator) -> nn.Module:
    """The core for a head's config, with weights drawn from `generator`."""
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
    """Linear(W, W, bias=False) → BatchNorm → ReLU → Linear(W, W), with torch's default initialisation."""
    first = seeded_linear(width, width, generator=generator)
    first.register_parameter("bias", None)  # BatchNorm subtracts the mean
    return nn.Sequential(
        first, nn.BatchNorm1d(width), nn.ReLU(), seeded_linear(width, width, generator=generator)
    )
