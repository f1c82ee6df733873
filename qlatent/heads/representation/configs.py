"""Settings of QSSL's representation networks and their controls. Torch-free."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit
from qlatent.heads.config import CircuitHeadConfig, CircuitWeights, HeadConfig, Seed

Width = Annotated[
    int,
    Field(title="Qubits", description="W, equal to the latent dimension. Paper: 8.", ge=2, le=10),
]
TwinWidth = Annotated[
    int,
    Field(
        title="Latent dimension",
        description="W, the number of dimensions of a latent vector. Paper: 8.",
        ge=2,
        le=10,
    ),
]
Layers = Annotated[
    int,
    Field(
        title="Layers",
        description="Layers of the ring, each RY on every qubit and CRX around (paper: 2). The all-to-all circuit uses "
        "2·layers − 1 of its layers (paper: 3), so that both have 2·layers·qubits weights.",
        ge=1,
        le=10,
    ),
]
OneNetwork = Annotated[
    bool,
    Field(
        title="One network for all views",
        description="On: all modalities share the weights (paper). Off: one network per modality.",
    ),
]
SigmoidTemperature = Annotated[
    float,
    Field(
        title="Temperature of the sigmoid",
        description="Divides the input of π·sigmoid. Authors' code: 1.",
        gt=0,
        le=1000,
    ),
]
Squash = Annotated[
    bool,
    Field(
        title="Squash the inputs",
        description="On: apply π·sigmoid first, as before the circuit (authors' code). Off: use the linear layer's "
        "outputs.",
    ),
]
Ansatz = Annotated[
    Literal["ring", "all_to_all"],
    Field(
        title="Circuit",
        description="ring: RY, then CRX between ring neighbours. all_to_all: RY, then CNOT on every pair.",
    ),
]
Entangled = Annotated[
    bool,
    Field(
        title="Entanglers",
        description="Off: RX on the target in place of every CRX of the ring, with as many weights, as a control.",
    ),
]
Spread = Annotated[
    float,
    Field(
        title="Initial spread of circuit weights",
        description="Standard deviation in radians; 0: 1/√qubits (authors' code).",
        ge=0,
        le=10,
        allow_inf_nan=False,
    ),
]
Shots = Annotated[
    int,
    Field(
        title="Shots",
        description="Number of measurements per expectation, also for parameter-shift gradients (on the CPU). "
        "0: exact expectations. Paper: 100.",
        ge=0,
        le=1_000_000,
    ),
]
ShotsIn = Annotated[
    Literal["training", "always"],
    Field(
        title="Use of shots",
        description="training: evaluations, maps and saved heads use exact expectations. always: shots everywhere "
        "(paper).",
    ),
]


@dataclass(frozen=True, config={"extra": "forbid"})
class QSSLConfig(CircuitHeadConfig):
    """The quantum representation network of QSSL (Jaderberg et al. 2021) with its projection head."""

    from_images: ClassVar[bool] = True

    qubits: Width = 8
    layers: Layers = 2
    ansatz: Ansatz = "ring"
    entanglers: Entangled = True
    circuit_weights: CircuitWeights = "trained"
    circuit_spread: Spread = 0.0
    sigmoid_temperature: SigmoidTemperature = 1.0
    shots: Shots = 0
    shots_in: ShotsIn = "training"
    shared: OneNetwork = True
    seed: Seed = 0

    def circuit(self) -> Circuit:
        """The circuit between bridge and latent; every ansatz has 2·layers·qubits weights."""
        if not self.entanglers:
            return layouts.qssl_product(self.qubits, self.layers)
        if self.ansatz == "all_to_all":
            return layouts.qssl_all_to_all(self.qubits, 2 * self.layers - 1)
        return layouts.qssl_ring(self.qubits, self.layers)

    def resized(self, qubits: int, layers: int) -> Circuit:
        """The same circuit layout with other numbers of qubits and layers."""
        return replace(self, qubits=qubits, layers=layers).circuit()

    def circuit_tensor(self, modality: str) -> str:
        """The name of the stored tensor with the circuit weights of a modality."""
        return f"cores.{self.modalities[0] if self.shared else modality}.weights"


@dataclass(frozen=True, config={"extra": "forbid"})
class QSSLFrozenConfig(QSSLConfig):
    """QSSL with a random, untrained circuit: the effect of the circuit weights."""

    circuit_weights: CircuitWeights = "frozen"


@dataclass(frozen=True, config={"extra": "forbid"})
class QSSLSeparableConfig(QSSLConfig):
    """QSSL without entanglers, with as many weights: the effect of entanglement."""

    entanglers: Entangled = False


@dataclass(frozen=True, config={"extra": "forbid"})
class QSSLTwinConfig(HeadConfig):
    """The paper's classical twin: [Linear → LeakyReLU] × layers in place of the circuit."""

    from_images: ClassVar[bool] = True

    dim: TwinWidth = 8
    layers: Annotated[
        int,
        Field(title="Layers", description="Number of Linear and LeakyReLU layers. Paper: 2.", ge=1, le=10),
    ] = 2
    squash: Squash = True
    sigmoid_temperature: SigmoidTemperature = 1.0
    shared: OneNetwork = True
    seed: Seed = 0


@dataclass(frozen=True, config={"extra": "forbid"})
class QSSLLinearConfig(HeadConfig):
    """The linear control: one Linear(W, W) in place of the circuit."""

    from_images: ClassVar[bool] = True

    dim: TwinWidth = 8
    squash: Squash = True
    sigmoid_temperature: SigmoidTemperature = 1.0
    shared: OneNetwork = True
    seed: Seed = 0
