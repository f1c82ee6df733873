"""Train a backbone and a head on images, yielding events. The loop does not touch the disk.

The batch order is a pure function of (seed, epoch) and the views of a batch a pure function of (seed, step), so a
resumed run sees the same batches as an unbroken one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlatent.objectives.contrast import NTXent
from qlatent.training.core import events
from qlatent.training.core.loop import Numbers, Work, snapshot_steps
from qlatent.training.core.rows import batch_order
from qlatent.training.images import events as image_events
from qlatent.training.images import probe
from qlatent.training.images.augmentation import plain, view
from qlatent.training.images.configs import ImageTrainingConfig, ProbeConfig
from qlatent.training.images.data import ImageData
from qlatent.training.images.network import ImageNetwork, ImageStep, resnet18
from qlatent.types import Arrays

TRAINING, EVALUATION, WATCHED = 5, 6, 7  # streams of a seed; smaller numbers belong to training on vectors
JUDGED = 1024  # held-out images in an evaluation of the loss
PAIRS = 128  # images whose two views are compared


class ImageTrainer(Work):
    """Trains ResNet-18 and a head with NT-Xent on two augmented views of each image."""

    checkpoint_seconds = 60.0

    def __init__(self, head: Any, objective: NTXent, data: ImageData, config: ImageTrainingConfig) -> None:
        self.head, self.objective, self.data, self.config = head, objective, data, config
        self.network = ImageNetwork(resnet18(seed=config.seed), head).to(next(head.parameters()).device)
        self._take_step = ImageStep(self.network, objective, weight_decay=config.weight_decay)
        self.learner, self.optimizer = self.network, self._take_step.optimizer
        self.batches = data.train_pairs // config.batch_size  # per epoch; an incomplete last batch is dropped
        self.steps, self.step = config.steps, 0
        self.checkpoint_every = config.checkpoint_every
        self._labelled = data.probes
        self._snapshots = frozenset(snapshot_steps(self.steps, count=config.snapshots))
        self._probed = frozenset(config.probed_at)

    def make_step(self) -> Numbers:
        """Make one step on two views of a batch and return its loss before the update."""
        epoch, batch = divmod(self.step, self.batches)
        order = batch_order(self.data.train_pairs, seed=self.config.seed, epoch=epoch)
        size = self.config.batch_size
        rows = self.data.train[order[batch * size : (batch + 1) * size]]
        first, second = self._views(rows, TRAINING, self.step)
        loss = self._take_step(first, second, rate=self.config.learning_rate)
        self.step += 1
        return {"total": loss}

    def due(self) -> Iterator[events.Event]:
        """Views, probe-set latents, held-out loss and linear probe, each where due after this step."""
        if self.step in self._snapshots:
            yield self._two_views()
            yield events.Snapshot(self.step, self.latents(self.data.drawn))
        if self.step in self._probed:
            if self.data.heldout_pairs > 1:
                yield events.Evaluation(self.step, self.epoch, self.evaluate())
            if self._labelled is not None:
                yield image_events.Probed(self.step, self.epoch, self.probe())

    def latents(self, positions: np.ndarray) -> Arrays:
        """Latents of these images without augmentation."""
        images = plain(self.data.images[torch.from_numpy(positions)], size=self.config.size)
        return {self.network.modality: self.network.represent(images).numpy()}

    @torch.no_grad()
    def evaluate(self) -> Numbers:
        """NT-Xent of held-out images, with the same views every time and the batch size of training."""
        size = min(self.config.batch_size, len(self.data.heldout))
        sums, count = 0.0, 0
        for number in range(max(1, JUDGED // size)):
            rows = self.data.heldout[number * size : (number + 1) * size]
            if len(rows) < size:
                break
            seen = [self.network.represent(each) for each in self._views(rows, EVALUATION, number)]
            self.network.eval()
            sums += float(self.objective.between(*(self.network.project(each) for each in seen))) * size
            count += size
        return {"total": sums / count}

    def probe(self) -> probe.ProbeResult:
        """The linear probe on representations computed once; fewer than two classes raise an error."""
        assert self._labelled is not None
        train, test = self._labelled
        config = ProbeConfig(seed=self.config.seed)
        return probe.honest(self.network.represent, train, test, config, size=self.config.size)

    @property
    def watched(self) -> np.ndarray:
        """Positions of the images whose two views are compared, held-out images first."""
        data = self.data
        away = data.probe_heldout
        return np.concatenate([data.drawn[away], data.drawn[~away]])[:PAIRS]

    def watched_views(self) -> tuple[Tensor, Tensor]:
        """Two views of each watched image, normalised (m, 3, size, size), the same throughout the run."""
        return self._views(self.watched, WATCHED, 0)

    def _two_views(self) -> image_events.Views:
        first, second = self.watched_views()
        latents = (self.network.represent(first).numpy(), self.network.represent(second).numpy())
        if self.head.circuit is None:
            return image_events.Views(self.step, latents, None)
        return image_events.Views(
            self.step, latents, (self.network.states(first), self.network.states(second))
        )

    def _views(self, rows: np.ndarray, stream: int, number: int) -> tuple[Tensor, Tensor]:
        state = np.random.SeedSequence((self.config.seed, stream, number)).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(state[0] >> 1))
        images = self.data.images[torch.from_numpy(rows)]
        views = self.config.views
        return view(images, views, generator=generator), view(images, views, generator=generator)
