"""The linear probe: how well a linear layer on frozen representations tells classes apart, in two protocols.

`as_published` repeats what Jaderberg et al. 2021 (code bjader/QSSL) did, which takes the best of a hundred looks
at the test images. `honest` looks at them once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from qlatent.errors import InputError
from qlatent.training.core import checkpoint, splits
from qlatent.training.core.adam import Adam
from qlatent.training.core.checkpoint import Checkpoint
from qlatent.training.images.augmentation import plain, view
from qlatent.training.images.configs import PROBE_CODE, AugmentationConfig, ProbeConfig
from qlatent.types import Progress

PART = 4096  # images as floats at a time
GENERATOR, FOUND = "generator", "confusions"  # in a checkpoint, beside the layer

Encode = Callable[[Tensor], Tensor]
"""Frozen representations (n, W) of normalised images (n, 3, h, w)."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images in bytes (n, 3, h, w), their classes (n,) int64, from 0 on, and what is never divided, (n,)."""

    images: Tensor
    labels: Tensor
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`accuracy` is the reported share, `epoch` (from 1) where it was taken.

    `confusion` counts test images, (classes, classes): row the class, column the answer. `test` are the
    accuracies of all looks at the test images, one an epoch, or the only one; `validation` those on training
    rows kept apart, one an epoch, where there are any.
    """

    accuracy: float
    epoch: int
    confusion: NDArray[np.int64]
    test: tuple[float, ...]
    validation: tuple[float, ...] = ()


def as_published(
    encode: Encode,
    train: Labelled,
    test: Labelled,
    config: ProbeConfig | None = None,
    *,
    augmentation: AugmentationConfig = PROBE_CODE,
    progress: Progress = lambda done, total: None,
    begin: Checkpoint | None = None,
    keep: Callable[[Checkpoint], None] = lambda checkpoint: None,
) -> ProbeResult:
    """Trained on augmented images, tested after every epoch, **the best of these tests** reported.

    Its accuracy is biased upwards, since the epoch is chosen on the images it is measured on: use it to compare
    with published numbers only. `progress` gets batches done and all of them, and may end it by an error. `keep`
    gets a checkpoint after every epoch; with one of them as `begin` the same call goes on to the same result.
    """
    config = config or ProbeConfig()
    classes = _classes(train, test)
    seen = _features(encode, test.images, augmentation.size)
    learner = _Learner((seen.shape[1], classes), config)
    found: list[NDArray[np.int64]] = [] if begin is None else learner.go_on(begin)
    batches = -(-len(train.labels) // config.batch_size)
    count, total = learner.epoch * batches, config.epochs * batches

    def batch(rows: Tensor) -> Tensor:
        nonlocal count
        progress(count, total)
        count += 1
        return encode(view(train.images[rows], augmentation, generator=learner.generator)).detach()

    while learner.epoch < config.epochs:
        learner.learn(batch, train.labels)
        found.append(_confusion(learner.layer, seen, test.labels, classes))
        keep(learner.checkpoint(found))
    accuracies = tuple(_accuracy(each) for each in found)
    best = int(np.argmax(accuracies))
    return ProbeResult(accuracies[best], best + 1, found[best], accuracies)


def honest(
    encode: Encode,
    train: Labelled,
    test: Labelled,
    config: ProbeConfig | None = None,
    *,
    size: int = 32,
) -> ProbeResult:
    """Trained on representations taken once, and tested once, after the last epoch.

    A share of the training rows is kept apart, the same of each class and by whole groups; its accuracies show whether
    the last epoch was a good one to stop at, and choose nothing.
    """
    config = config or ProbeConfig()
    classes = _classes(train, test)
    features, seen = (_features(encode, each.images, size) for each in (train, test))
    learned, kept = split(train.labels, config, groups=train.groups)
    learner, validation = _Learner((seen.shape[1], classes), config), []
    for _ in range(config.epochs):
        learner.learn(features[learned].__getitem__, train.labels[learned])
        validation.append(_accuracy(_confusion(learner.layer, features[kept], train.labels[kept], classes)))
    table = _confusion(learner.layer, seen, test.labels, classes)
    return ProbeResult(_accuracy(table), config.epochs, table, (_accuracy(table),), tuple(validation))


def _features(encode: Encode, images: Tensor, size: int) -> Tensor:
    """Representations (n, W) of images in bytes, some at a time: as floats they are four times as large."""
    return torch.cat([encode(plain(part, size=size)).detach() for part in images.split(PART)])


def split(
    labels: Tensor, config: ProbeConfig, *, groups: NDArray[np.int64] | None = None
) -> tuple[Tensor, Tensor]:
    """Row numbers to learn from and to keep apart, by the seed: `validation` of each class, at least one row.

    Where `groups` tie some rows, whole groups are kept apart, and none of a class that would lose all its rows.
    A class of one row is an `InputError`.
    """
    if groups is not None and 1 < len(np.unique(groups)) < len(groups):
        return _by_groups(labels, config, np.unique(groups, return_inverse=True)[1].astype(np.int64))
    generator = torch.Generator().manual_seed(config.seed + 1)
    learned, kept = [], []
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        if len(rows) < 2:
            raise InputError(
                f"Class {int(label)} has one training image; two are needed to keep one apart.",
                remedy="Add images of it, or leave it out.",
            )
        rows = rows[torch.randperm(len(rows), generator=generator)]
        count = min(max(1, round(config.validation * len(rows))), len(rows) - 1)
        kept.append(rows[:count])
        learned.append(rows[count:])
    return torch.cat(learned).sort().values, torch.cat(kept).sort().values


def _by_groups(labels: Tensor, config: ProbeConfig, groups: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    names = labels.numpy()
    generator = np.random.default_rng((config.seed, 1))
    away = splits.held_out(groups, names.astype(np.str_), share=config.validation, generator=generator)
    whole = set(names[away].tolist()) - set(names[~away].tolist())
    away &= ~np.isin(groups, groups[np.isin(names, list(whole))])
    return torch.from_numpy(np.flatnonzero(~away)), torch.from_numpy(np.flatnonzero(away))


class _Learner:
    """A linear layer with its optimizer and the generator of its batches; learns an epoch at a time."""

    def __init__(self, sizes: tuple[int, int], config: ProbeConfig) -> None:
        """`sizes`: numbers in a representation, classes."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.layer = nn.Linear(*sizes)
        self.config, self.epoch = config, 0
        self.optimizer = Adam(self.layer.parameters(), weight_decay=config.weight_decay)
        self.generator = torch.Generator().manual_seed(config.seed)

    def learn(self, batch: Callable[[Tensor], Tensor], labels: Tensor) -> None:
        """One epoch; `batch` gives the features (b, W) of row numbers (b,)."""
        rate = self.config.learning_rate * 0.1 ** sum(self.epoch >= stair for stair in self.config.stairs)
        for rows in torch.randperm(len(labels), generator=self.generator).split(self.config.batch_size):
            loss = cross_entropy(self.layer(batch(rows)), labels[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step(rate=rate)
        self.epoch += 1

    def checkpoint(self, found: list[NDArray[np.int64]]) -> Checkpoint:
        """What it takes to go on, with the confusion after each epoch so far."""
        taken = checkpoint.take(self.epoch, self.layer, self.optimizer)
        taken.model.update({GENERATOR: self.generator.get_state(), FOUND: torch.from_numpy(np.stack(found))})
        return taken

    def go_on(self, begin: Checkpoint) -> list[NDArray[np.int64]]:
        """Take over a checkpoint; the confusions that it holds."""
        model = dict(begin.model)
        self.generator.set_state(model.pop(GENERATOR))
        found: list[NDArray[np.int64]] = list(model.pop(FOUND).numpy())
        checkpoint.put(Checkpoint(begin.step, model, begin.optimizer), self.layer, self.optimizer)
        self.epoch = begin.step
        return found


@torch.no_grad()
def _confusion(layer: nn.Linear, features: Tensor, labels: Tensor, classes: int) -> NDArray[np.int64]:
    answers = layer(features).argmax(dim=1)
    return torch.bincount(labels * classes + answers, minlength=classes**2).view(classes, classes).numpy()


def _accuracy(table: NDArray[np.int64]) -> float:
    return float(np.trace(table) / table.sum())


def _classes(train: Labelled, test: Labelled) -> int:
    for name, part in (("training", train), ("test", test)):
        if not len(part.labels) or len(part.labels) != len(part.images):
            raise InputError(
                f"{len(part.images)} {name} images have {len(part.labels)} labels.",
                remedy="Pass one label for each image, and one image at least.",
            )
    count = int(train.labels.max()) + 1
    unseen = sorted(set(test.labels.tolist()) - set(train.labels.tolist()))
    if unseen:
        raise InputError(
            f"The test images have classes that no training image has: {unseen}.", remedy="Leave them out."
        )
    return count
