"""The training loop that all trainers share, and the schedules of learning rate and snapshots.

The loop yields events and does not touch the disk.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import nn

from qlatent.errors import InputError
from qlatent.training.core import events
from qlatent.training.core.checkpoint import Checkpoint, put, take
from qlatent.training.core.configs import TrainingConfig

Numbers = dict[str, float]


class Work(ABC):
    """Base class of all trainers: runs the steps and yields their events."""

    checkpoint_seconds = 10.0  # limits the loss with slow steps; does not affect the results
    data: Any  # with train_pairs, heldout_pairs and probe_rows
    learner: nn.Module  # all trainable parts, saved in a checkpoint
    optimizer: Any  # its state is saved in a checkpoint
    batches: int  # steps per epoch
    steps: int
    step: int
    checkpoint_every: int  # steps

    @abstractmethod
    def make_step(self) -> Numbers:
        """Make one step and return the losses of its batch before the update."""

    @abstractmethod
    def due(self) -> Iterator[events.Event]:
        """Evaluations and snapshots that are due after this step."""

    @property
    def epochs(self) -> int:
        """Total number of passes over the training rows, counting an incomplete last pass."""
        return math.ceil(self.steps / self.batches)

    @property
    def epoch(self) -> int:
        """The epoch of the last step, from 1; 0 before the first step."""
        return math.ceil(self.step / self.batches)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from `checkpoint`; a checkpoint beyond the last step raises `InputError`."""
        if checkpoint.step > self.steps:
            raise InputError(
                f"The checkpoint was saved after step {checkpoint.step}, but this run has {self.steps} steps.",
                remedy="Resume with the settings of the original run.",
            )
        put(checkpoint, self.learner, self.optimizer)
        self.step = checkpoint.step

    def checkpoint(self) -> Checkpoint:
        """A checkpoint of the present state."""
        return take(self.step, self.learner, self.optimizer)

    def start(self) -> events.Start:
        """The start event, with the numbers of steps and rows."""
        counts = (self.data.train_pairs, self.data.heldout_pairs, len(self.data.probe_rows))
        return events.Start(self.step, self.steps, self.epochs, *counts)

    def run(
        self, *, should_stop: Callable[[], bool] = lambda: False, clock: Callable[[], float] = time.monotonic
    ) -> Iterator[events.Event]:
        """Work to the last step, or until `should_stop` (asked before every step) says so.

        A loss, a held-out figure or a latent that is not finite is an `InputError`, before it is kept.
        After each step come, where due and in this order, what `due` yields and `CheckpointDue`, so that whatever a
        checkpoint follows is already handed over. The first event is `Start`, the last one `Stop` or `Finish`.
        """
        yield self.start()
        yield from map(_finite, self.due())
        saved = clock()
        while self.step < self.steps:
            if should_stop():
                yield events.CheckpointDue(self.step, self.checkpoint())
                yield events.Stop(self.step)
                return
            losses = self.make_step()
            yield _finite(events.Step(self.step, self.epoch, losses))
            yield from map(_finite, self.due())
            overdue = clock() - saved >= self.checkpoint_seconds
            if overdue or self.step % self.checkpoint_every == 0 or self.step == self.steps:
                yield events.CheckpointDue(self.step, self.checkpoint())
                saved = clock()
        yield events.Finish(self.step)


def _finite(event: events.Event) -> events.Event:
    """Return the event, or raise `InputError` if it contains a number that is not finite."""
    if isinstance(event, events.Snapshot):
        wrong = [f"latents of {name}" for name, z in event.latents.items() if not np.isfinite(z).all()]
    elif isinstance(event, events.Step | events.Evaluation):
        numbers = event.losses if isinstance(event, events.Step) else event.metrics
        wrong = [f"{name} is {value}" for name, value in numbers.items() if not math.isfinite(value)]
    else:
        return event
    if wrong:
        raise InputError(
            f"Training diverged: values are not finite at step {event.step} ({', '.join(wrong)}).",
            remedy="Scale the vectors to unit length (normalise=l2), or use a lower learning rate.",
        )
    return event


def batches_of(rows: int, config: TrainingConfig, *, fewest: int = 1) -> int:
    """Batches per epoch; an incomplete last batch counts unless it has fewer rows than the loss needs.

    Fewer than `fewest` rows in total or per batch raise `InputError`.
    """
    if min(rows, config.batch_size) < fewest:
        raise InputError(
            f"Got {rows} rows in batches of {config.batch_size}; this loss compares rows and needs {fewest} per batch.",
            remedy="Use a larger batch size, or more rows.",
        )
    left = rows % config.batch_size
    return rows // config.batch_size + (left >= fewest if left else 0)


def learning_rate(config: TrainingConfig, step: int, *, batches: int) -> float:
    """The learning rate of step `step` (from 0) with `batches` steps per epoch."""
    if config.schedule == "step":
        return config.learning_rate * config.step_factor ** (step // batches // config.step_every)
    if config.schedule == "cosine":
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * step / (batches * config.epochs)))
    return config.learning_rate


def snapshot_steps(steps: int, *, count: int) -> list[int]:
    """`count` log-spaced steps from 0 (before training) to the last, ascending; all steps if there are fewer.

    Early steps are dense, because a latent space moves most at the start.
    """
    if count > steps:
        return list(range(steps + 1))
    resolution = count  # rounding merges the earliest steps; ask for more until `count` distinct ones remain
    while len(_log_spaced(steps, resolution + 1)) <= count:
        resolution += 1
    return _log_spaced(steps, resolution)


def _log_spaced(steps: int, resolution: int) -> list[int]:
    spaced = np.expm1(np.linspace(0.0, np.log1p(steps), resolution))
    return sorted({0, steps, *(round(float(step)) for step in spaced)})
