"""The interface of a head, as used by training, services and the estimator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from qlatent.circuits.circuit import Circuit
from qlatent.errors import ConfigError, InputError
from qlatent.heads.config import Distance
from qlatent.heads.saturation import shares
from qlatent.registry import HEADS

Tensors = Mapping[str, Tensor]
FEW = 64  # latent dimensions up to which distances avoid the matrix product, which loses precision


class AbstractHead(nn.Module, ABC):
    """A trainable map (n, d) → (n, k) for each modality, and back."""

    config: Any  # a HeadConfig
    modalities: tuple[str, ...]
    input_dims: dict[str, int]
    normalise: str = "l2"  # normalisation of inputs in training; saved with the weights
    prepared: bool = False  # the weights are given, so `prepare` is skipped

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.modalities = tuple(config.modalities)

    @property
    def name(self) -> str:
        """The head's name in the registry, looked up by the class of its config."""
        target = f"{type(self.config).__module__}:{type(self.config).__name__}"
        return next(entry.name for entry in HEADS.values() if entry.config == target)

    @property
    def latent_dim(self) -> int:
        """The width k of the latent vectors."""
        return int(self.config.latent_dim)

    @property
    def distance(self) -> Distance:
        """The distance between latents; `similarity` is its negative."""
        found: Distance = self.config.distance
        return found

    @property
    def circuit(self) -> Circuit | None:
        """The head's circuit, or None for a classical head."""
        found: Circuit | None = self.config.circuit()
        return found

    @property
    def counted(self) -> list[nn.Parameter]:
        """The parameters that `parameter_count` counts as stored; all by default."""
        return list(self.parameters())

    @property
    def parameter_count(self) -> dict[str, int]:
        """The number of parameters: "stored", and "used", which can change the output."""
        stored = sum(parameter.numel() for parameter in self.counted)
        return {"stored": stored, "used": stored}

    @abstractmethod
    def encode(self, inputs: Tensors) -> dict[str, Tensor]:
        """Latents (n, k) of inputs (n, d) for any of the head's modalities; `InputError` for a wrong width."""

    def forward(self, inputs: Tensor | Tensors) -> Tensor | dict[str, Tensor]:
        """Latents (n, k) of inputs (n, d) as from `encode`; takes and returns one tensor if given a tensor."""
        if isinstance(inputs, Mapping):
            return self.encode(inputs)
        if len(self.modalities) > 1:
            raise InputError(
                "Got one tensor, expected one for each modality.",
                remedy=f"Pass a dict by {_names(self.modalities)}.",
            )
        return self.encode({self.modalities[0]: inputs})[self.modalities[0]]

    def circuit_inputs(self, inputs: Tensors) -> dict[str, Tensor] | None:
        """The circuit's inputs (n, circuit inputs) by modality for inputs (n, d), or None without a circuit."""
        return None

    def circuit_latents(self, expectations: Tensors) -> dict[str, Tensor]:
        """Latents (n, k) from the circuit's outputs (n, observables); the identity unless a layer follows."""
        return dict(expectations)

    @abstractmethod
    def decode(self, latents: Tensors) -> dict[str, Tensor]:
        """Reconstructions (n, d) of latents (n, k)."""

    def project(self, latents: Tensors) -> dict[str, Tensor]:
        """The input of a contrastive loss for latents (n, k): the latents themselves unless a head has a projection."""
        return dict(latents)

    @property
    def rows_wanted(self) -> int | None:
        """Number of training rows that `prepare` needs; None means all."""
        return 0

    def prepare(self, inputs: Tensors) -> None:
        """Fits data-dependent weights to the training rows before the first step; does nothing by default."""
        return

    def entering_tanh(self, inputs: Tensors) -> dict[str, Tensor]:
        """The pre-activations of tanh, by modality; empty if the head applies no tanh."""
        return {}

    @torch.no_grad()
    def saturation(self, inputs: Tensors) -> dict[str, float]:
        """Fraction of values with |tanh| > 0.99 by modality, at the current weights; their gradients vanish."""
        return shares(self.entering_tanh(inputs))

    def flat_remedy(self, factor: float) -> str:
        """Advice against a saturated tanh; pre-activations multiplied by `factor` would not saturate."""
        return "Normalise the vectors to unit length, or train the head with another input_scaling."

    def similarity(self, a: Tensor, b: Tensor) -> Tensor:
        """Similarity of two sets of latents, the negative Euclidean distance: (n, k), (m, k) → (n, m)."""
        mode = "donot_use_mm_for_euclid_dist" if a.shape[1] <= FEW else "use_mm_for_euclid_dist_if_necessary"
        return -torch.cdist(a, b, compute_mode=mode)

    def taken(self, inputs: Tensors) -> dict[str, Tensor]:
        """The checked inputs, cast to the dtype of the head's weights."""
        self.check_inputs(inputs)
        dtype = next(self.parameters()).dtype
        return {name: tensor.to(dtype) for name, tensor in inputs.items()}

    def check_inputs(self, inputs: Tensors) -> None:
        """Raises `InputError` for an unknown modality or a wrong shape."""
        for modality, tensor in inputs.items():
            if modality not in self.input_dims:
                raise InputError(
                    f"This head has no modality {modality!r}.",
                    remedy=f"It was made for {_names(self.modalities)}.",
                )
            width = self.input_dims[modality]
            if tensor.ndim != 2 or tensor.shape[1] != width:
                got = f"width {tensor.shape[1]}" if tensor.ndim == 2 else f"shape {tuple(tensor.shape)}"
                raise InputError(
                    f"The {modality} vectors: got {got}, expected {width} (an array (n, {width})).",
                    remedy=f"Reshape them to (n, {width}): tensor.reshape(-1, {width})."
                    if tensor.ndim > 2 and tensor.shape[-1] == width
                    else "Use the encoder that the head was trained on, or a head with that input width.",
                )


def input_dims(config: Any) -> dict[str, int]:
    """The input width of each modality, from a head's config."""
    dims: dict[str, int] = config.input_dims
    if config.shared and len(set(dims.values())) > 1:
        raise ConfigError(
            f"shared=True: the modalities have different widths {dims}.",
            remedy="Use shared=False, or equal widths.",
        )
    return dims


@dataclass(frozen=True, slots=True)
class Basis:
    """Principal axes (k, d) as unit rows, the standard deviations (k,) along them, and the mean (d,) of the data."""

    axes: Tensor
    deviations: Tensor
    mean: Tensor


def principal(rows: Tensor, k: int) -> Basis:
    """First k principal axes of `rows` (n, d), each with a positive largest entry; `InputError` if k > min(d, n)."""
    count, width = rows.shape
    if k > min(count, width):
        raise InputError(
            f"{k} principal axes of {count} vectors of width {width} do not exist.",
            remedy=f"Use at most {min(count, width)} dimensions.",
        )
    exact = rows.double()
    mean = exact.mean(dim=0)
    _, sizes, axes = torch.linalg.svd(exact - mean, full_matrices=False)
    axes = axes[:k]
    signs = torch.sign(axes.gather(1, axes.abs().argmax(dim=1, keepdim=True)))
    deviations = sizes[:k] / max(count - 1, 1) ** 0.5
    return Basis((axes * signs).to(rows.dtype), deviations.to(rows.dtype), mean.to(rows.dtype))


def seeded_linear(width_in: int, width_out: int, *, generator: torch.Generator) -> nn.Linear:
    """A linear layer with torch's default initialisation, drawn from `generator` alone."""
    with torch.random.fork_rng(
        devices=[]
    ):  # skip_init would import sympy, which takes seconds in every worker
        layer = nn.Linear(width_in, width_out)
    bound = width_in**-0.5  # equals kaiming_uniform_(a=√5) of torch.nn.Linear
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)
    return layer


def _names(modalities: Iterable[str]) -> str:
    return " and ".join(repr(name) for name in modalities)
