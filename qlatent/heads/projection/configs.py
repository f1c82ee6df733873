"""Settings of the quantum-inspired projection heads. Torch-free.

The subclasses set the defaults of the heads named by Kankeu et al. (arXiv 2501.04591), and of the two combinations of
head and similarity that the paper did not run.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.errors import ConfigError
from qlatent.heads.config import Distance, HeadConfig, Seed

_FEWER = "Must be smaller than the input width. Paper: 768 → 384, 256, 128, 64."
Qubits = Annotated[
    int,
    Field(
        title="Qubits",
        description=f"Qubits left after merging, one latent dimension each. {_FEWER}",
        ge=1,
        le=65536,
    ),
]
Dim = Annotated[
    int,
    Field(title="Latent dimension", description=f"Dimensions of a latent vector. {_FEWER}", ge=1, le=65536),
]
Compression = Annotated[
    Literal["merge", "merge_cnot", "linear", "grouped"],
    Field(
        title="Compression",
        description="merge: pairwise merges with a controlled gate; merge_cnot: with a CNOT. linear: a dense layer; "
        "grouped: each input feeds one output (Eq. 5 of the paper).",
    ),
]
Encoding = Annotated[
    Literal["bloch", "tanh"],
    Field(
        title="Encoding",
        description="bloch: z = −sin((π/2)·tanh u), a state on the Bloch sphere. tanh: z = tanh u.",
    ),
]
Similarity = Annotated[
    Literal["fidelity", "cosine"],
    Field(
        title="Similarity",
        description="fidelity: log-fidelity of the product states. cosine: cosine of the latents.",
    ),
]
InputScale = Annotated[
    float,
    Field(
        title="Input scale",
        description="Factor before tanh. Paper: 1, for raw BERT vectors with entries of about 0.4; unit vectors of "
        "width d have entries of about 1/√d and need 0.4·√d.",
        gt=0,
        le=1e6,
        allow_inf_nan=False,
    ),
]
UnitInputs = Annotated[
    bool,
    Field(
        title="Normalise inputs",
        description="Normalise vectors to unit length inside the head, as QBFEC does and BFEC does not. Training "
        "normalises them by default.",
    ),
]
Shared = Annotated[
    bool,
    Field(
        title="One head for all modalities",
        description="On: queries and passages share one head (paper); needs equal widths. Off: one per modality.",
    ),
]
MergeAngles = Annotated[
    Literal["published", "reduced"],
    Field(
        title="Angles of a merge",
        description="published: 12 (8 with a CNOT), most without effect. reduced: the 5 (3) identifiable ones, for the "
        "same functions.",
    ),
]


@dataclass(frozen=True, config={"extra": "forbid"})
class ComparedConfig(HeadConfig):
    """Base config of all projection heads, which compare latents by `similarity`."""

    useful_untrained: ClassVar[bool] = True

    encoding: Encoding = "bloch"
    similarity: Similarity = "fidelity"
    input_scale: InputScale = 1.0
    unit_inputs: UnitInputs = False

    @property
    def distance(self) -> Distance:
        """The distance by which the head compares latents."""
        return "log_fidelity" if self.similarity == "fidelity" else "cosine"


@dataclass(frozen=True, config={"extra": "forbid"})
class CompressionConfig(ComparedConfig):
    """Base config of the projection heads that compress."""

    compression: Compression = "merge"
    merge_angles: MergeAngles = "published"
    shared: Shared = True
    seed: Seed = 0

    def __post_init__(self) -> None:
        _check_widths(self)
        if self.compression in ("merge", "merge_cnot") and self.encoding == "tanh":
            raise ConfigError(
                f"compression={self.compression!r} with encoding='tanh': merges act on qubits.",
                remedy="Use encoding='bloch', or compression='linear' or 'grouped'.",
            )


@dataclass(frozen=True, config={"extra": "forbid"})
class QBECConfig(CompressionConfig):
    """QBEC: Bloch encoding, pairwise merges of qubits, fidelity."""

    qubits: Qubits = 256


@dataclass(frozen=True, config={"extra": "forbid"})
class QBFECConfig(QBECConfig):
    """QBEC as its authors ran it on frozen vectors, which it normalises to unit length; BFEC does not."""

    unit_inputs: UnitInputs = True


@dataclass(frozen=True, config={"extra": "forbid"})
class BECConfig(CompressionConfig):
    """BEC, the paper's classical head: tanh of a dense linear layer, cosine."""

    dim: Dim = 256
    compression: Compression = "linear"
    encoding: Encoding = "tanh"
    similarity: Similarity = "cosine"


@dataclass(frozen=True, config={"extra": "forbid"})
class BFECConfig(BECConfig):
    """BEC on frozen vectors."""


@dataclass(frozen=True, config={"extra": "forbid"})
class LinearFidelityConfig(CompressionConfig):
    """A dense linear layer with Bloch encoding and fidelity: the effect of QBEC's similarity."""

    dim: Dim = 256
    compression: Compression = "linear"


@dataclass(frozen=True, config={"extra": "forbid"})
class MergeCosineConfig(QBECConfig):
    """Merges with cosine: the effect of QBEC's head."""

    similarity: Similarity = "cosine"


@dataclass(frozen=True, config={"extra": "forbid"})
class MergeCNOTConfig(QBECConfig):
    """QBEC with a CNOT in place of the general controlled gate, as in the paper's equations."""

    compression: Compression = "merge_cnot"


@dataclass(frozen=True, config={"extra": "forbid"})
class GroupedLinearConfig(BECConfig):
    """tanh of a linear layer in which each input feeds one output, cosine: as sparse as the merges."""

    compression: Compression = "grouped"


@dataclass(frozen=True, config={"extra": "forbid"})
class BTConfig(ComparedConfig):
    """BT: tanh of the vectors, cosine. Untrained."""

    closed_form: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True
    compression: ClassVar[str] = "none"
    shared: ClassVar[bool] = False
    encoding: Encoding = "tanh"
    similarity: Similarity = "cosine"
    seed: Seed = 0


@dataclass(frozen=True, config={"extra": "forbid"})
class QBTConfig(BTConfig):
    """QBT: Bloch encoding of the vectors, fidelity. Untrained."""

    encoding: Encoding = "bloch"
    similarity: Similarity = "fidelity"


def _check_widths(config: CompressionConfig) -> None:
    narrowest = min(config.input_dims.values())
    if config.latent_dim >= narrowest:
        asked = f"{config.width_key()}={config.latent_dim}"
        raise ConfigError(
            f"{asked}: the vectors have {narrowest} dimensions, so this compresses nothing.",
            remedy=f"Use 1 to {narrowest - 1}." if narrowest > 1 else "Use wider vectors.",
        )
