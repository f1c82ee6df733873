"""Base classes of the head configs: shared settings, and declarations of a head's capabilities. Torch-free.

Forms, the command line, comparisons and the kinds of training read these declarations. A new head declares its
capabilities in its config only.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from qlatent.circuits.circuit import Circuit

Modality = Literal["image", "text", "vector"]
Distance = Literal["euclidean", "cosine", "log_fidelity"]


def _distinct(modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
    if len(set(modalities)) != len(modalities):
        raise ValueError("each modality may be named once")
    return modalities


Modalities = Annotated[
    tuple[Modality, ...],
    AfterValidator(_distinct),
    Field(
        title="Modalities",
        description="One autoencoder per modality. A single modality trains reconstruction only.",
        min_length=1,
        max_length=3,
    ),
]
InputDim = Annotated[
    int,
    Field(title="Input width", description="Width of the input vectors; CLIP ViT-B: 512.", ge=1, le=65536),
]
InputDimText = Annotated[
    int,
    Field(
        title="Input width of texts",
        description="Width of the text vectors; 0: as the others.",
        ge=0,
        le=65536,
    ),
]
CircuitWeights = Annotated[
    Literal["trained", "frozen"],
    Field(
        title="Circuit weights",
        description="trained, or frozen: uniform in (−π, π) from the seed and not trained, as a control.",
    ),
]
Seed = Annotated[int, Field(title="Seed", description="Seed of the initial weights.", ge=0, le=2**31 - 1)]


@dataclass(frozen=True, config={"extra": "forbid"})
class HeadConfig:
    """Settings shared by all heads, and declarations of a head without special capabilities."""

    closed_form: ClassVar[bool] = False
    """Fitted to the training rows in closed form, without objective and steps."""
    deterministic: ClassVar[bool] = False
    """Independent of the seed."""
    useful_untrained: ClassVar[bool] = False
    """Usable for search without training."""
    from_images: ClassVar[bool] = False
    """Can be trained together with an image backbone."""
    has_circuit: ClassVar[bool] = False
    """Whether this is a `CircuitHeadConfig`."""
    control_settings: ClassVar[tuple[str, ...]] = ()
    """Settings that turn the head into a control."""

    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")

    @classmethod
    def width_key(cls) -> str:
        """The setting that holds the width of the latent: "qubits", "dim", or "" for a head that keeps the width."""
        names = {field.name for field in dataclasses.fields(cls)}
        return next((key for key in ("qubits", "dim") if key in names), "")

    @property
    def latent_dim(self) -> int:
        """The width k of the latent vectors."""
        key = self.width_key()
        return int(getattr(self, key)) if key else max(self.input_dims.values())

    @property
    def input_dims(self) -> dict[str, int]:
        """The width of the input vectors of each modality."""
        text = self.input_dim_text or self.input_dim
        return {name: text if name == "text" else self.input_dim for name in self.modalities}

    @property
    def widest_layer(self) -> int:
        """The width of the widest hidden layer; 0 without one."""
        return 0

    @property
    def distance(self) -> Distance:
        """The distance by which the head compares latents."""
        return "euclidean"

    def circuit(self) -> Circuit | None:
        """The head's circuit, or None."""
        return None


@dataclass(frozen=True, config={"extra": "forbid"})
class CircuitHeadConfig(HeadConfig):
    """Config of a head with a circuit of `qubits` wires between its layers, one per modality unless shared."""

    has_circuit: ClassVar[bool] = True
    control_settings: ClassVar[tuple[str, ...]] = ("entanglers", "circuit_weights")

    @abstractmethod
    def circuit(self) -> Circuit:
        """The head's circuit."""

    @abstractmethod
    def resized(self, qubits: int, layers: int) -> Circuit:
        """The same circuit layout with other numbers of qubits and layers."""

    @abstractmethod
    def circuit_tensor(self, modality: str) -> str:
        """The name of the stored tensor with the circuit weights of a modality."""
