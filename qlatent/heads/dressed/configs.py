"""Settings of the dressed heads. Torch-free; forms, command-line options and comparisons are generated from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit
from qlatent.heads.config import CircuitHeadConfig, CircuitWeights, HeadConfig, Seed

Qubits = Annotated[
    int,
    Field(
        title="Qubits", description="Number of qubits, equal to the latent dimension. Papers: 4.", ge=2, le=10
    ),
]
LatentDim = Annotated[
    int,
    Field(
        title="Latent dimension",
        description="Number of dimensions of a latent vector. Papers: 4.",
        ge=2,
        le=10,
    ),
]
Hidden = Annotated[
    int,
    Field(
        title="Hidden width",
        description="Width of a hidden ReLU layer in encoder and decoder; 0: single dense layers (paper).",
        ge=0,
        le=4096,
    ),
]
Shared = Annotated[
    bool,
    Field(
        title="One autoencoder for all modalities",
        description="Share one autoencoder; needs equal widths. Off: one per modality (paper).",
    ),
]
InputScaling = Annotated[
    Literal["tanh", "sigmoid", "none"],
    Field(
        title="Input scaling",
        description="tanh: tanh(Wx+b)·π/2 (Mari). sigmoid: sigmoid(Wx+b)·π (QSSL). none: Wx+b as radians.",
    ),
]
Entanglers = Annotated[
    bool, Field(title="Entanglers", description="Off: a circuit without CNOTs, as a control.")
]
BridgeStart = Annotated[
    Literal["random", "pca"],
    Field(
        title="Initialisation of the first layer",
        description="pca: principal axes of the training vectors. random: torch's default (paper).",
    ),
]


class DenseLayers:
    """Mixin for the configs of dressed heads: the dense layers around the core."""

    hidden: int

    @property
    def widest_layer(self) -> int:
        """The width of the widest hidden layer; 0 without one."""
        return self.hidden


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaConfig(DenseLayers, CircuitHeadConfig):
    """CLIP-ACQUA: dressed quantum circuits between linear layers; unpublished details follow Mari et al."""

    qubits: Qubits = 4
    depth: Annotated[
        int,
        Field(title="Depth", description="Number of layers of CNOTs and RY rotations. Mari: 6.", ge=1, le=10),
    ] = 6
    layer_order: Annotated[
        Literal["entangle_first", "rotate_first"],
        Field(
            title="Order in a layer",
            description="entangle_first: CNOTs, then RY(weight) (Mari). rotate_first: the reverse.",
        ),
    ] = "entangle_first"
    entanglers: Entanglers = True
    circuit_weights: CircuitWeights = "trained"
    input_scaling: InputScaling = "tanh"
    quantum_init: Annotated[
        float,
        Field(
            title="Initial spread of circuit weights",
            description="Standard deviation in radians. Mari: 0.01.",
            ge=0,
            le=10,
            allow_inf_nan=False,
        ),
    ] = 0.01
    latent: Annotated[
        Literal["expectation", "dense"],
        Field(
            title="Latent",
            description="expectation: z = ⟨Z⟩, in [−1, 1]. dense: a linear layer of ⟨Z⟩.",
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

    def resized(self, qubits: int, layers: int) -> Circuit:
        """The same circuit layout with other numbers of qubits and layers."""
        return replace(self, qubits=qubits, depth=layers).circuit()

    def circuit_tensor(self, modality: str) -> str:
        """The name of the stored tensor with the circuit weights of a modality."""
        return f"cores.{self.modalities[0] if self.shared else modality}.weights"


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaFrozenConfig(AcquaConfig):
    """CLIP-ACQUA with a random, untrained circuit: the effect of the circuit weights."""

    circuit_weights: CircuitWeights = "frozen"


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaSeparableConfig(AcquaConfig):
    """CLIP-ACQUA without entanglers: the effect of entanglement."""

    entanglers: Entanglers = False


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaTwinConfig(DenseLayers, HeadConfig):
    """The classical twin: each circuit replaced by tanh(Linear) or a simpler function, all else equal."""

    dim: LatentDim = 4
    function: Annotated[
        Literal["tanh", "sin", "identity"],
        Field(
            title="Function in place of the circuit",
            description="tanh or sin of a linear layer of the angles; identity: the angles themselves.",
        ),
    ] = "tanh"
    input_scaling: InputScaling = "tanh"
    hidden: Hidden = 0
    bridge_start: BridgeStart = "random"
    shared: Shared = False
    seed: Seed = 0


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaLinearConfig(DenseLayers, HeadConfig):
    """The linear control: z = Wx+b, without a core."""

    input_scaling: ClassVar[str] = "none"
    dim: LatentDim = 4
    hidden: Hidden = 0
    bridge_start: BridgeStart = "random"
    shared: Shared = False
    seed: Seed = 0


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaFourierConfig(DenseLayers, HeadConfig):
    """Classical surrogate: each circuit replaced by a linear layer over random Fourier features."""

    dim: LatentDim = 4
    features: Annotated[
        int,
        Field(
            title="Fourier features",
            description="Number of random frequencies, drawn from the seed.",
            ge=1,
            le=4096,
        ),
    ] = 16
    input_scaling: InputScaling = "tanh"
    hidden: Hidden = 0
    bridge_start: BridgeStart = "random"
    shared: Shared = False
    seed: Seed = 0
