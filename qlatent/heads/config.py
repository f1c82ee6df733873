"""What every head's config has, and what it declares about its head. Torch-free.

Forms, the command line, comparisons and the kinds of training ask these declarations. A new head says what it can in
its config, and nothing else has to know it.
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
        description="One autoencoder each. With one modality only its reconstruction is trained.",
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
        description="If it differs from the others; 0: the same.",
        ge=0,
        le=65536,
    ),
]
CircuitWeights = Annotated[
    Literal["trained", "frozen"],
    Field(
        title="Circuit weights",
        description="frozen: drawn from −π to π by the seed and never trained, as a control.",
    ),
]
Seed = Annotated[
    int, Field(title="Seed", description="Decides the weights at the start.", ge=0, le=2**31 - 1)
]


@dataclass(frozen=True, config={"extra": "forbid"})
class HeadConfig:
    """The settings that all heads share, and the declarations of a head that has none of the special abilities."""

    closed_form: ClassVar[bool] = False
    """Computed from the training rows: no objective, no steps."""
    deterministic: ClassVar[bool] = False
    """The seed decides nothing."""
    useful_untrained: ClassVar[bool] = False
    """Can be searched with as it is drawn."""
    from_images: ClassVar[bool] = False
    """A backbone can be trained under it."""
    has_circuit: ClassVar[bool] = False
    """It is a `CircuitHeadConfig`."""
    control_settings: ClassVar[tuple[str, ...]] = ()
    """The settings that turn the head into a control of itself."""

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
        """The distance between latents that the head compares by."""
        return "euclidean"

    def circuit(self) -> Circuit | None:
        """The circuit inside, or None."""
        return None


@dataclass(frozen=True, config={"extra": "forbid"})
class CircuitHeadConfig(HeadConfig):
    """The same of a head with a circuit of `qubits` wires between its layers, one for each modality unless shared."""

    has_circuit: ClassVar[bool] = True
    control_settings: ClassVar[tuple[str, ...]] = ("entanglers", "circuit_weights")

    @abstractmethod
    def circuit(self) -> Circuit:
        """The circuit inside."""

    @abstractmethod
    def resized(self, qubits: int, layers: int) -> Circuit:
        """The same kind of circuit with so many qubits and layers."""

    @abstractmethod
    def circuit_tensor(self, modality: str) -> str:
        """The name of the stored tensor that holds the circuit's weights for a modality."""
