"""Events that a training loop yields; the caller of the loop writes them to the event log."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.training.core.checkpoint import Checkpoint
from qlatent.types import Arrays

Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class Event:
    """An event after `step` steps."""

    step: int


@dataclass(frozen=True, slots=True)
class Start(Event):
    """Training starts or resumes after `step` steps."""

    steps: int
    epochs: int
    train_pairs: int
    heldout_pairs: int
    probe: int


@dataclass(frozen=True, slots=True)
class Step(Event):
    """Step `step` (from 1) is done; `losses` are those of its batch before the update."""

    epoch: int
    losses: Numbers


@dataclass(frozen=True, slots=True)
class Evaluation(Event):
    """Losses and `pair_error` of the held-out rows after `step` steps."""

    epoch: int
    metrics: Numbers


@dataclass(frozen=True, slots=True)
class Snapshot(Event):
    """Latents of the probe set, modality → (probe, k) float32, after `step` steps."""

    latents: Arrays


@dataclass(frozen=True, slots=True)
class CheckpointDue(Event):
    """A checkpoint after `step` steps, to be saved now."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Stop(Event):
    """Training stopped on request after `step` steps; the preceding event is its checkpoint."""


@dataclass(frozen=True, slots=True)
class Finish(Event):
    """Training completed all steps."""
