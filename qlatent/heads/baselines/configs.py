"""What the baselines can be told. Torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.errors import ConfigError
from qlatent.heads.config import HeadConfig, Seed
from qlatent.heads.dressed.configs import Shared

Dim = Annotated[
    int,
    Field(
        title="Latent dimension",
        description="Numbers in a latent vector.",
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
            f"dim={kept}: the vectors have only {width} dimensions.", remedy=f"Use at most {width}."
        )


@dataclass(frozen=True, config={"extra": "forbid"})
class IdentityConfig(HeadConfig):
    """The vectors themselves, uncompressed: the ceiling."""

    closed_form: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True
    seed: Seed = 0

    shared: ClassVar[bool] = False


@dataclass(frozen=True, config={"extra": "forbid"})
class PCAConfig(HeadConfig):
    """Principal axes of the training vectors."""

    closed_form: ClassVar[bool] = True
    useful_untrained: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True
    dim: Dim = 4
    whiten: Whiten = False
    shared: OneBasis = True
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_width(self.dim, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class WhitenedPCAConfig(PCAConfig):
    """Principal axes of the training vectors, each divided by the deviation along it."""

    whiten: Whiten = True


@dataclass(frozen=True, config={"extra": "forbid"})
class TruncationConfig(HeadConfig):
    """Some coordinates of the vectors, the others left out."""

    closed_form: ClassVar[bool] = True
    useful_untrained: ClassVar[bool] = True
    dim: Dim = 4
    which: Annotated[
        Literal["first", "random"],
        Field(title="Coordinates", description="The first ones, or some drawn by the seed."),
    ] = "first"
    seed: Seed = 0

    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_width(self.dim, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class RandomProjectionConfig(HeadConfig):
    """A Gaussian random projection, the same for all modalities of one width."""

    closed_form: ClassVar[bool] = True
    useful_untrained: ClassVar[bool] = True
    dim: Dim = 4
    seed: Seed = 0

    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_width(self.dim, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class MLPConfig(HeadConfig):
    """A hidden layer of as many weights as CLIP-ACQUA has at the same width and dimension."""

    dim: Dim = 4
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
