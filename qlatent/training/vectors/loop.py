"""Train a head on stored vectors, yielding events. The loop does not touch the disk.

The batch order is a pure function of (seed, epoch), the views of a batch of (seed, epoch, batch) and the learning
rate of the epoch. A run therefore resumes from weights, optimizer state and step, and its losses equal those of an
unbroken run bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qlatent import spacing, tensors
from qlatent.training.core import events
from qlatent.training.core.adam import Adam
from qlatent.training.core.checkpoint import Checkpoint
from qlatent.training.core.configs import TrainingConfig
from qlatent.training.core.loop import Numbers, Work, batches_of, learning_rate, snapshot_steps
from qlatent.training.core.rows import batch_order
from qlatent.training.vectors import views
from qlatent.training.vectors.data import TrainingData
from qlatent.types import Arrays

Tensors = dict[str, Tensor]

EVALUATIONS = 100  # at most, in a run
JUDGED = 20_000  # held-out rows of an evaluation during training, evenly spaced; the final metrics are of all
CHUNK = 2048  # rows per batch without gradients


def train(
    head: Any, objective: Any, data: TrainingData, config: TrainingConfig, *, resume: Checkpoint | None = None
) -> Iterator[events.Event]:
    """Train `head` in place and yield the events of `Trainer`.

    `head` is an `AbstractHead`, `objective` an `AbstractObjective`.
    """
    trainer = Trainer(head, objective, data, config)
    if resume is not None:
        trainer.restore(resume)
    return trainer.run()


class Trainer(Work):
    """Trains one head with Adam on the batches that `config` and `data` determine."""

    def __init__(self, head: Any, objective: Any, data: TrainingData, config: TrainingConfig) -> None:
        self.head, self.objective, self.data, self.config = head, objective, data, config
        self.device = next(head.parameters()).device
        self._train, self._train_views = self._shared(data.train), self._shared(data.train_views)
        if not head.prepared:
            head.prepare(self._train)
        learns = any(parameter.requires_grad for parameter in head.parameters())
        own = objective.learned(head) if learns else None
        self.learner = head if own is None else _WithLoss(head, own)
        self.optimizer = Adam(self.learner.parameters(), weight_decay=config.weight_decay)
        self.batches = batches_of(data.train_pairs, config, fewest=objective.fewest)  # per epoch
        self.steps = self.batches * config.epochs if learns else 0  # closed-form heads need no steps
        self.step = 0
        self.checkpoint_every = config.checkpoint_every
        self._snapshots = frozenset(snapshot_steps(self.steps, count=config.snapshots))
        self._evaluate_every = self.batches * math.ceil(config.epochs / EVALUATIONS)

    @property
    def epochs(self) -> int:
        """The configured number of passes, even where nothing is trainable."""
        return int(self.config.epochs)

    def due(self) -> Iterator[events.Event]:
        """Evaluation and snapshot, each where due after this step."""
        if self.data.heldout_pairs and (self.step % self._evaluate_every == 0 or self.step == self.steps):
            found = self.evaluate(*self._judged)
            yield events.Evaluation(self.step, self.epoch, found)
        if self.step in self._snapshots:
            yield events.Snapshot(self.step, self.latents(self.data.probe))

    @cached_property
    def _judged(self) -> tuple[Arrays, Arrays]:
        """The held-out rows and their views that evaluations during training use."""
        taken = spacing.evenly(self.data.heldout_pairs, JUDGED)
        held, seen = self.data.heldout, self.data.heldout_views
        if len(taken) == self.data.heldout_pairs:
            return held, seen
        return {name: x[taken] for name, x in held.items()}, {name: x[taken] for name, x in seen.items()}

    def make_step(self) -> Numbers:
        """Make one step of Adam and return the losses of its batch before the update."""
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

    _order: Tensor | None = None  # of the current epoch

    def _two_views(self, rows: Tensor, place: views.Place) -> views.Copies | None:
        """Two different augmented views of each of these rows; None without augmented views."""
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

    def _shared(self, arrays: Arrays) -> Tensors:
        """Tensors on the device; on the CPU they are the arrays themselves, which may be large."""
        return {name: torch.from_numpy(each).to(self.device) for name, each in arrays.items()}

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

        Batches are as large as in training, since some losses compare the pairs of a batch. Noisy views are the same
        every time and `augmented` views (modality → (n, views, d)) are the first two, so that only the weights make a
        difference.
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

    @torch.no_grad()
    def shares(self, arrays: Arrays, latents: Arrays) -> NDArray[np.float32] | None:
        """Each row's own part (n,) of the loss under the present weights; None if the loss has none.

        `latents` are those of the arrays. Batches and noisy views are those of `evaluate`, so that the mean is its
        "total".
        """
        self.head.eval()
        size, parts = self.config.batch_size, []
        made = zip(self._chunks(arrays, size), self._chunks(latents, size), strict=True)
        for number, (inputs, found) in enumerate(made):
            place = (self.config.seed, views.EVALUATION, 0, number)
            part = views.shares(self.head, self.objective, inputs, place=place, latents=found)
            if part is None:
                return None
            parts.append(part)
        return torch.cat(parts).float().cpu().numpy()

    def _first_two(self, augmented: Arrays, rows: slice) -> views.Copies:
        first, second = (
            self._tensors({name: each[rows, number] for name, each in augmented.items()})
            for number in range(2)
        )
        return first, second


class _WithLoss(nn.Module):
    """A head and the learned parameter of its loss."""

    def __init__(self, head: nn.Module, own: nn.Parameter) -> None:
        super().__init__()
        self.head, self.own = head, own


def _numbers(losses: Tensors) -> Numbers:
    """Floats of scalar tensors, fetched together to synchronise with the device only once."""
    values = torch.stack([value.detach() for value in losses.values()]).tolist()
    return dict(zip(losses, values, strict=True))


def _pair_error(inputs: Tensors, latents: Tensors) -> Numbers:
    if not {"image", "text"} <= set(inputs) or inputs["image"].shape != inputs["text"].shape:
        return {}
    before = tensors.lengths(inputs["image"] - inputs["text"])
    after = tensors.lengths(latents["image"] - latents["text"])
    return {"pair_error": float((before - after).abs().mean())}
