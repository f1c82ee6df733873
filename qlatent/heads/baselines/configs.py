"""What the baselines can be told. Torch-free; they share the keys of the heads that they stand beside."""

from __future__ import annotations

# closed_form: found in the training rows, so no objective and no steps; deterministic: the seed decides nothing
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.errors import ConfigError
from qlatent.heads.dressed.configs import InputDim, InputDimText, Modalities, Seed, Shared

Dim = Annotated[
    int,
    Field(
        title="Latent dimension",
        description="Called qubits, as in the quantum head it stands beside.",
        ge=1,
        le=65536,
    ),
]
OneBasis = Annotated[
    bool,
    Field(title="One basis for all modalities", description="Off: each modality has its own."),
]
Whiten = Annotated[
    bool,
    Field(title="Whiten", description="Divide by the deviation along each axis, so that all count alike."),
]


def check_width(kept: int, width: int) -> None:
    """Refuses more latent dimensions than the vectors have."""
    if kept > width:
        raise ConfigError(
            f"qubits={kept}: the vectors have only {width} dimensions.", remedy=f"Use at most {width}."
        )


@dataclass(frozen=True, config={"extra": "forbid"})
class IdentityConfig:
    """The vectors themselves, uncompressed: the ceiling."""

    closed_form: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True
    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    seed: Seed = 0

    shared: ClassVar[bool] = False


@dataclass(frozen=True, config={"extra": "forbid"})
class PCAConfig:
    """Principal axes of the training vectors."""

    closed_form: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True
    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: Dim = 4
    whiten: Whiten = False
    shared: OneBasis = True
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_width(self.qubits, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class WhitenedPCAConfig(PCAConfig):
    """Principal axes of the training vectors, each divided by the deviation along it."""

    whiten: Whiten = True


@dataclass(frozen=True, config={"extra": "forbid"})
class TruncationConfig:
    """Some coordinates of the vectors, the others left out."""

    closed_form: ClassVar[bool] = True
    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: Dim = 4
    which: Annotated[
        Literal["first", "random"],
        Field(title="Coordinates", description="The first ones, or some drawn by the seed."),
    ] = "first"
    seed: Seed = 0

    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_width(self.qubits, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class RandomProjectionConfig:
    """A Gaussian random projection, the same for all modalities of one width."""

    closed_form: ClassVar[bool] = True
    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: Dim = 4
    seed: Seed = 0

    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_width(self.qubits, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class MLPConfig:
    """A hidden layer of as many weights as CLIP-ACQUA has at the same width and dimension."""

    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: Dim = 4
    parameters: Annotated[
        Literal["stored", "used"],
        Field(
            title="Equal number of",
            description="stored: all weights of CLIP-ACQUA. used: those that can change what comes out.",
        ),
    ] = "stored"
    circuit_depth: Annotated[
        int, Field(title="Depth of the circuit it matches", description="Mari: 6.", ge=1, le=10)
    ] = 6
    shared: Shared = False
    seed: Seed = 0
