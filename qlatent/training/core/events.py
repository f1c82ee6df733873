"""What a training run says while it goes on. The loop yields these; whoever drives it writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from qlatent.training.core.checkpoint import Checkpoint
from qlatent.types import Arrays

if TYPE_CHECKING:
    from qlatent.training.images.probe import ProbeResult

Numbers = dict[str, float]
Matrix = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Start:
    """Training begins, or goes on, after `step` steps."""

    step: int
    steps: int
    epochs: int
    train_pairs: int
    heldout_pairs: int
    probe: int


@dataclass(frozen=True, slots=True)
class Step:
    """Step number `step` (from 1) was made; `losses` are those of its batch, before the step."""

    step: int
    epoch: int
    losses: Numbers


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The held-out rows after `step` steps: losses and `pair_error`."""

    step: int
    epoch: int
    metrics: Numbers


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The latents (modality → (probe, k) float32) of the probe after `step` steps."""

    step: int
    latents: Arrays


@dataclass(frozen=True, slots=True)
class Probed:
    """The linear probe after `step` steps, on representations taken once."""

    step: int
    epoch: int
    result: ProbeResult


@dataclass(frozen=True, slots=True)
class Views:
    """Two views of the same m images after `step` steps: latents (m, k), and states (m, 2^W) of a circuit."""

    step: int
    latents: tuple[Matrix, Matrix]
    states: tuple[Matrix, Matrix] | None


@dataclass(frozen=True, slots=True)
class CheckpointDue:
    """Everything needed to go on after `step` steps; write it down now."""

    step: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Stop:
    """Asked to stop after `step` steps; the state was handed over just before."""

    step: int


@dataclass(frozen=True, slots=True)
class Finish:
    """All steps are made."""

    step: int


Event = Start | Step | Evaluation | Views | Snapshot | Probed | CheckpointDue | Stop | Finish
