"""Settings of the baselines. Torch-free."""

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
        description="Number of dimensions of a latent vector.",
        ge=1,
        le=65536,
    ),
]
OneBasis = Annotated[
    bool,
    Field(
        title="One basis for all modalities",
        description="On: fit one PCA to all modalities. Off: one per modality.",
    ),
]
Whiten = Annotated[
    bool,
    Field(title="Whiten", description="Divide by the standard deviation along each axis."),
]


def check_width(kept: int, width: int) -> None:
    """Raises `ConfigError` if there are more latent dimensions than the vectors have."""
    if kept > width:
        raise ConfigError(
            f"dim={kept}: the vectors have only {width} dimensions.", remedy=f"Use at most {width}."
        )


@dataclass(frozen=True, config={"extra": "forbid"})
class IdentityConfig(HeadConfig):
    """The vectors themselves, uncompressed: the upper bound."""

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
    """Principal axes of the training vectors, whitened: divided by the standard deviation along each."""

    whiten: Whiten = True


@dataclass(frozen=True, config={"extra": "forbid"})
class TruncationConfig(HeadConfig):
    """A subset of the coordinates of the vectors."""

    closed_form: ClassVar[bool] = True
    useful_untrained: ClassVar[bool] = True
    dim: Dim = 4
    which: Annotated[
        Literal["first", "random"],
        Field(
            title="Coordinates", description="first: the first ones. random: a random subset from the seed."
        ),
    ] = "first"
    seed: Seed = 0

    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_width(self.dim, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class RandomProjectionConfig(HeadConfig):
    """A Gaussian random projection, equal for modalities of equal width."""

    closed_form: ClassVar[bool] = True
    useful_untrained: ClassVar[bool] = True
    dim: Dim = 4
    seed: Seed = 0

    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_width(self.dim, self.input_dim)


@dataclass(frozen=True, config={"extra": "forbid"})
class MLPConfig(HeadConfig):
    """An MLP with one hidden layer and as many weights as CLIP-ACQUA at the same width and dimension."""

    dim: Dim = 4
    parameters: Annotated[
        Literal["stored", "used"],
        Field(
            title="Parameters to match",
            description="stored: all weights of CLIP-ACQUA. used: those that can change the output.",
        ),
    ] = "stored"
    circuit_depth: Annotated[
        int,
        Field(
            title="Circuit depth to match",
            description="Depth of the CLIP-ACQUA circuit whose weights are counted. Mari: 6.",
            ge=1,
            le=10,
        ),
    ] = 6
    shared: Shared = False
    seed: Seed = 0
