"""What the dressed heads can be told. Torch-free; forms, the command line and comparisons are drawn from these.

All heads share their keys, so that a comparison needs no renaming: for the classical ones `qubits` is the
latent dimension.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit

Modality = Literal["image", "text", "vector"]


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
    Field(title="Input width", description="Width of the vectors brought; CLIP ViT-B: 512.", ge=1, le=65536),
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
Qubits = Annotated[
    int,
    Field(title="Qubits", description="Also the latent dimension. The papers: 4.", ge=2, le=10),
]
LatentDim = Annotated[
    int,
    Field(
        title="Latent dimension",
        description="Called qubits, as in the quantum head it stands beside.",
        ge=2,
        le=10,
    ),
]
Hidden = Annotated[
    int,
    Field(
        title="Hidden width",
        description="A hidden ReLU layer of this width before and after; 0: single dense layers (paper).",
        ge=0,
        le=4096,
    ),
]
Shared = Annotated[
    bool,
    Field(
        title="One autoencoder for all modalities",
        description="Off: one each (paper). On needs equal widths.",
    ),
]
InputScaling = Annotated[
    Literal["tanh", "sigmoid", "none"],
    Field(
        title="Angle from the linear layer",
        description="tanh: tanh(Wx+b)·π/2 (Mari). sigmoid: sigmoid(Wx+b)·π (QSSL). none: Wx+b as radians.",
    ),
]
Entanglers = Annotated[
    bool, Field(title="Entanglers", description="Off: the CNOTs are left out, as a control.")
]
CircuitWeights = Annotated[
    Literal["trained", "frozen"],
    Field(
        title="Circuit weights",
        description="frozen: drawn from −π to π by the seed and never trained, as a control.",
    ),
]
BridgeStart = Annotated[
    Literal["random", "pca"],
    Field(
        title="Start of the first layer",
        description="pca: the principal axes of the training vectors. random: torch's default (paper).",
    ),
]
Seed = Annotated[
    int, Field(title="Seed", description="Decides the weights at the start.", ge=0, le=2**31 - 1)
]


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaConfig:
    """Dressed quantum circuits between linear layers; what CLIP-ACQUA leaves open follows Mari et al."""

    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: Qubits = 4
    depth: Annotated[
        int, Field(title="Depth", description="Layers of CNOTs and RY rotations. Mari: 6.", ge=1, le=10)
    ] = 6
    layer_order: Annotated[
        Literal["entangle_first", "rotate_first"],
        Field(title="Order in a layer", description="entangle_first: CNOTs, then RY(weight) (Mari)."),
    ] = "entangle_first"
    entanglers: Entanglers = True
    circuit_weights: CircuitWeights = "trained"
    input_scaling: InputScaling = "tanh"
    quantum_init: Annotated[
        float,
        Field(
            title="Spread of the first circuit weights",
            description="Standard deviation in radians. Mari: 0.01.",
            ge=0,
            le=10,
            allow_inf_nan=False,
        ),
    ] = 0.01
    latent: Annotated[
        Literal["expectation", "dense"],
        Field(
            title="What the latent is",
            description="expectation: z = ⟨Z⟩, in [−1, 1]. dense: one more linear layer after it.",
        ),
    ] = "expectation"
    hidden: Hidden = 0
    bridge_start: BridgeStart = "random"
    shared: Shared = False
    seed: Seed = 0

    def circuit(self) -> Circuit:
        """The circuit between the linear layers."""
        if not self.entanglers:
            return layouts.product(self.qubits, self.depth)
        return layouts.dressed(self.qubits, self.depth, order=self.layer_order)


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaFrozenConfig(AcquaConfig):
    """The same with a random circuit that is never trained: what do its weights matter?"""

    circuit_weights: CircuitWeights = "frozen"


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaSeparableConfig(AcquaConfig):
    """The same without entanglers: what does entanglement matter?"""

    entanglers: Entanglers = False


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaTwinConfig:
    """The classical twin: each circuit replaced by tanh(Linear) or a simpler function, everything else equal."""

    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: LatentDim = 4
    function: Annotated[
        Literal["tanh", "sin", "identity"],
        Field(
            title="In place of the circuit",
            description="tanh or sin of a linear layer of the angles; identity: the angles themselves.",
        ),
    ] = "tanh"
    input_scaling: InputScaling = "tanh"
    hidden: Hidden = 0
    bridge_start: BridgeStart = "random"
    shared: Shared = False
    seed: Seed = 0


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaLinearConfig:
    """The linear control: z = Wx+b, nothing between the linear layers."""

    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: LatentDim = 4
    hidden: Hidden = 0
    bridge_start: BridgeStart = "random"
    shared: Shared = False
    seed: Seed = 0


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaFourierConfig:
    """A classical surrogate: each circuit replaced by a linear layer over random Fourier features."""

    input_dim: InputDim = 512
    input_dim_text: InputDimText = 0
    modalities: Modalities = ("image", "text")
    qubits: LatentDim = 4
    features: Annotated[
        int,
        Field(title="Fourier features", description="Frequencies drawn by the seed.", ge=1, le=4096),
    ] = 16
    input_scaling: InputScaling = "tanh"
    hidden: Hidden = 0
    bridge_start: BridgeStart = "random"
    shared: Shared = False
    seed: Seed = 0
