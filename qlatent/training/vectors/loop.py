"""The training loop. It yields events and touches no disk; everything it does follows from its arguments.

The order of batches is a pure function of (seed, epoch), the views of a batch one of (seed, epoch, batch) and the
learning rate one of the epoch, so weights, optimizer state and the step are all that a resumed run needs:
its losses equal those of an unbroken one bit for bit.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from qlatent import tensors
from qlatent.errors import InputError
from qlatent.training.core import events
from qlatent.training.core.adam import Adam
from qlatent.training.core.checkpoint import Checkpoint, put, take
from qlatent.training.core.configs import TrainingConfig
from qlatent.training.vectors import views
from qlatent.training.vectors.data import TrainingData, batch_order
from qlatent.types import Arrays

Tensors = dict[str, Tensor]
Numbers = dict[str, float]

EVALUATIONS = 100  # at most, in a run
CHUNK = 2048  # rows at a time where nothing is learned


def train(
    head: Any, objective: Any, data: TrainingData, config: TrainingConfig, *, resume: Checkpoint | None = None
) -> Iterator[events.Event]:
    """Train `head` in place and yield what happens: see `Trainer`.

    `head` is an `AbstractHead`, `objective` an `AbstractObjective`.
    """
    trainer = Trainer(head, objective, data, config)
    if resume is not None:
        trainer.restore(resume)
    return trainer.run()


class Work(ABC):
    """Something that is trained step by step: what every trainer does alike."""

    checkpoint_seconds = 10.0  # slow steps are saved by the clock; when is never visible in the results
    data: Any  # with train_pairs, heldout_pairs and probe_rows
    learner: nn.Module  # all that learns: what a checkpoint holds
    optimizer: Any  # its state belongs to a checkpoint
    batches: int  # steps an epoch
    steps: int
    step: int
    checkpoint_every: int  # steps

    @abstractmethod
    def make_step(self) -> Numbers:
        """One step; the losses of its batch before it."""

    @abstractmethod
    def due(self) -> Iterator[events.Event]:
        """What is to be looked at after this step."""

    @property
    def epochs(self) -> int:
        """Passes over the training rows in all, a last one that is not whole among them."""
        return math.ceil(self.steps / self.batches)

    @property
    def epoch(self) -> int:
        """The epoch (from 1) that the last step belongs to; 0 before the first."""
        return math.ceil(self.step / self.batches)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`; one of a longer run is an `InputError`."""
        if checkpoint.step > self.steps:
            raise InputError(
                f"The checkpoint was made after step {checkpoint.step}, but this run has {self.steps} steps.",
                remedy="Resume with the settings the run was started with.",
            )
        put(checkpoint, self.learner, self.optimizer)
        self.step = checkpoint.step

    def checkpoint(self) -> Checkpoint:
        """Everything needed to go on from here."""
        return take(self.step, self.learner, self.optimizer)

    def start(self) -> events.Start:
        """What is about to be trained, from where."""
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
    """The event, or an `InputError` if it holds a number that is not finite."""
    if isinstance(event, events.Snapshot):
        wrong = [f"latents of {name}" for name, z in event.latents.items() if not np.isfinite(z).all()]
    elif isinstance(event, events.Step | events.Evaluation):
        numbers = event.losses if isinstance(event, events.Step) else event.metrics
        wrong = [f"{name} is {value}" for name, value in numbers.items() if not math.isfinite(value)]
    else:
        return event
    if wrong:
        raise InputError(
            f"At step {event.step} the training left the finite numbers ({', '.join(wrong)}).",
            remedy="Bring the vectors to unit length (normalise=l2), or use a lower learning rate.",
        )
    return event


class Trainer(Work):
    """One head on its way from step 0 to the last: Adam on the batches that `config` and `data` determine."""

    def __init__(self, head: Any, objective: Any, data: TrainingData, config: TrainingConfig) -> None:
        self.head, self.objective, self.data, self.config = head, objective, data, config
        self.device = next(head.parameters()).device
        self._train = self._tensors(data.train)
        # they may be many times as large as the rest: on the processor the arrays themselves
        self._train_views = {
            name: torch.from_numpy(each).to(self.device) for name, each in data.train_views.items()
        }
        if not head.prepared:
            head.prepare(self._train)
        learns = any(parameter.requires_grad for parameter in head.parameters())
        own = objective.learned(head) if learns else None
        self.learner = head if own is None else _WithLoss(head, own)
        self.optimizer = Adam(self.learner.parameters(), weight_decay=config.weight_decay)
        self.batches = batches_of(data.train_pairs, config, fewest=objective.fewest)  # an epoch
        self.steps = self.batches * config.epochs if learns else 0  # what is found needs no steps
        self.step = 0
        self.checkpoint_every = config.checkpoint_every
        self._snapshots = frozenset(snapshot_steps(self.steps, count=config.snapshots))
        self._evaluate_every = self.batches * math.ceil(config.epochs / EVALUATIONS)

    @property
    def epochs(self) -> int:
        """Passes that were asked for, also where nothing is left to learn."""
        return int(self.config.epochs)

    def due(self) -> Iterator[events.Event]:
        """What is to be looked at after this step."""
        if self.data.heldout_pairs and (self.step % self._evaluate_every == 0 or self.step == self.steps):
            found = self.evaluate(self.data.heldout, self.data.heldout_views)
            yield events.Evaluation(self.step, self.epoch, found)
        if self.step in self._snapshots:
            yield events.Snapshot(self.step, self.latents(self.data.probe))

    def make_step(self) -> Numbers:
        """One step of Adam; the losses of its batch before it."""
        epoch, batch = divmod(self.step, self.batches)
        if batch == 0 or self._order is None:
            order = batch_order(self.data.train_pairs, seed=self.config.seed, epoch=epoch)
            self._order = torch.from_numpy(order).to(self.device)
        rows = self._order[batch * self.config.batch_size : (batch + 1) * self.config.batch_size]
        inputs = {name: values[rows] for name, values in self._train.items()}
        self.head.train()
        place = (self.config.seed, views.TRAINING, epoch, batch)
        copies = self._two_views(rows, place)
        losses = views.losses(self.head, self.objective, inputs, place=place, copies=copies)
        self.optimizer.zero_grad()
        losses["total"].backward()
        self.optimizer.step(rate=learning_rate(self.config, self.step, batches=self.batches))
        self.step += 1
        return _numbers(losses)

    _order: Tensor | None = None  # of the epoch under way

    def _two_views(self, rows: Tensor, place: views.Place) -> views.Copies | None:
        """Two different augmented views of each of these rows, where there are any."""
        if not self._train_views:
            return None
        there = next(iter(self._train_views.values())).shape[1]
        numbers = (
            torch.from_numpy(each).to(self.device)
            for each in views.two_of(there, rows=len(rows), place=place)
        )
        first, second = ({name: x[rows, each] for name, x in self._train_views.items()} for each in numbers)
        return first, second

    def _tensors(self, arrays: Arrays) -> Tensors:
        return {name: torch.tensor(array, device=self.device) for name, array in arrays.items()}

    def _chunks(self, arrays: Arrays, size: int = CHUNK) -> Iterator[Tensors]:
        for start in range(0, len(next(iter(arrays.values()))), size):
            yield self._tensors({name: array[start : start + size] for name, array in arrays.items()})

    @torch.no_grad()
    def latents(self, arrays: Arrays) -> Arrays:
        """Latents (modality → (n, k) float32) of arrays (modality → (n, d)) under the present weights."""
        self.head.eval()
        parts = [self.head.encode(inputs) for inputs in self._chunks(arrays)]
        return {name: torch.cat([part[name] for part in parts]).float().cpu().numpy() for name in arrays}

    @torch.no_grad()
    def evaluate(self, arrays: Arrays, augmented: Arrays | None = None) -> Numbers:
        """Losses over all rows and `pair_error` (mean |d_x - d_z|) under the present weights.

        Batches are as large as in training, since some losses look at the pairs of a batch. Noisy views are
        the same every time, and of `augmented` ones (modality → (n, views, d)) it is the first two, so that only the
        weights make a difference.
        """
        self.head.eval()
        sums: Numbers = {}
        size = self.config.batch_size
        for number, inputs in enumerate(self._chunks(arrays, size)):
            place = (self.config.seed, views.EVALUATION, 0, number)
            latents = self.head.encode(inputs)
            copies = (
                self._first_two(augmented, slice(number * size, (number + 1) * size)) if augmented else None
            )
            found = views.losses(
                self.head, self.objective, inputs, place=place, latents=latents, copies=copies
            )
            losses = _numbers(found) | _pair_error(inputs, latents)
            count = len(next(iter(inputs.values())))
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value * count
        rows = len(next(iter(arrays.values())))
        return {name: value / rows for name, value in sums.items()}

    def _first_two(self, augmented: Arrays, rows: slice) -> views.Copies:
        first, second = (
            self._tensors({name: each[rows, number] for name, each in augmented.items()})
            for number in range(2)
        )
        return first, second


class _WithLoss(nn.Module):
    """A head, and the number that its loss learns."""

    def __init__(self, head: nn.Module, own: nn.Parameter) -> None:
        super().__init__()
        self.head, self.own = head, own


def batches_of(rows: int, config: TrainingConfig, *, fewest: int = 1) -> int:
    """Batches an epoch: a last one that is not full counts, unless it has fewer rows than the loss needs.

    Fewer rows than that altogether, or a smaller batch size, are an `InputError`.
    """
    if min(rows, config.batch_size) < fewest:
        raise InputError(
            f"{rows} rows in batches of {config.batch_size}: this loss compares rows and needs {fewest} at a time.",
            remedy="Use a larger batch size, or more rows.",
        )
    left = rows % config.batch_size
    return rows // config.batch_size + (left >= fewest if left else 0)


def _numbers(losses: Tensors) -> Numbers:
    """Plain floats of scalar tensors, fetched together: one wait for the device."""
    values = torch.stack([value.detach() for value in losses.values()]).tolist()
    return dict(zip(losses, values, strict=True))


def _pair_error(inputs: Tensors, latents: Tensors) -> Numbers:
    if not {"image", "text"} <= set(inputs) or inputs["image"].shape != inputs["text"].shape:
        return {}
    before = tensors.lengths(inputs["image"] - inputs["text"])
    after = tensors.lengths(latents["image"] - latents["text"])
    return {"pair_error": float((before - after).abs().mean())}


def learning_rate(config: TrainingConfig, step: int, *, batches: int) -> float:
    """The learning rate of step number `step` (from 0) with `batches` steps an epoch: a pure function."""
    if config.schedule == "step":
        return config.learning_rate * config.step_factor ** (step // batches // config.step_every)
    if config.schedule == "cosine":
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * step / (batches * config.epochs)))
    return config.learning_rate


def snapshot_steps(steps: int, *, count: int) -> list[int]:
    """`count` log-spaced steps from 0 (before training) to the last, ascending; all steps if fewer.

    Early steps are dense, because that is when a latent space moves most.
    """
    if count > steps:
        return list(range(steps + 1))
    resolution = count  # rounding merges the earliest; ask for more until as many as wanted remain
    while len(_log_spaced(steps, resolution + 1)) <= count:
        resolution += 1
    return _log_spaced(steps, resolution)


def _log_spaced(steps: int, resolution: int) -> list[int]:
    spaced = np.expm1(np.linspace(0.0, np.log1p(steps), resolution))
    return sorted({0, steps, *(round(float(step)) for step in spaced)})
