"""What a training run says while it goes on. The loop yields these; whoever drives it writes them down."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.training.core.checkpoint import Checkpoint
from qlatent.types import Arrays

Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened after `step` steps."""

    step: int


@dataclass(frozen=True, slots=True)
class Start(Event):
    """Training begins, or goes on, after `step` steps."""

    steps: int
    epochs: int
    train_pairs: int
    heldout_pairs: int
    probe: int


@dataclass(frozen=True, slots=True)
class Step(Event):
    """Step number `step` (from 1) was made; `losses` are those of its batch, before the step."""

    epoch: int
    losses: Numbers


@dataclass(frozen=True, slots=True)
class Evaluation(Event):
    """The held-out rows after `step` steps: losses and `pair_error`."""

    epoch: int
    metrics: Numbers


@dataclass(frozen=True, slots=True)
class Snapshot(Event):
    """The latents (modality → (probe, k) float32) of the probe after `step` steps."""

    latents: Arrays


@dataclass(frozen=True, slots=True)
class CheckpointDue(Event):
    """Everything needed to go on after `step` steps; write it down now."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Stop(Event):
    """Asked to stop after `step` steps; the state was handed over just before."""


@dataclass(frozen=True, slots=True)
class Finish(Event):
    """All steps are made."""
