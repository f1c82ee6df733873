"""What a training run says while it goes on. The loop yields these; whoever drives it writes them down."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.training.checkpoint import Checkpoint
from qlatent.types import Arrays

Numbers = dict[str, float]


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


Event = Start | Step | Evaluation | Snapshot | CheckpointDue | Stop | Finish
