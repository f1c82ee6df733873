"""The linear probe: accuracy of a linear classifier on frozen representations, in two protocols.

`as_published` follows Jaderberg et al. 2021 (code bjader/QSSL), who report the best of a hundred tests on the test
images. `honest` tests once.
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
GENERATOR, FOUND = "generator", "confusions"  # keys in a checkpoint, beside the layer's

Encode = Callable[[Tensor], Tensor]
"""A function from normalised images (n, 3, h, w) to frozen representations (n, W)."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images as bytes (n, 3, h, w), their classes (n,) int64 from 0, and groups (n,) that no split divides."""

    images: Tensor
    labels: Tensor
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Result of a linear probe: the reported `accuracy` in [0, 1] and the `epoch` (from 1) that it is from.

    `confusion` counts test images, (classes, classes): rows are classes, columns predictions. `test` has the test
    accuracy of each epoch, or the only one; `validation` has the accuracy on held-back training rows of each epoch,
    where there are any.
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
    """The published probe: train on augmented images, test after every epoch, report **the best of these tests**.

    The accuracy is biased upwards, since the epoch is chosen on the test images: use it only to compare with published
    numbers. `progress` gets the numbers of done and of all batches, and may raise an error to end the probe. `keep`
    gets a checkpoint after every epoch; the same call with one of them as `begin` continues to the same result.
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
        found.append(confusion(learner.layer, seen, test.labels))
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
    """The honest probe: train on representations computed once, and test once, after the last epoch.

    A share of the training rows of each class is held back, in whole groups. Its accuracies show whether the last epoch
    was a good point to stop; they do not choose the epoch.
    """
    config = config or ProbeConfig()
    _classes(train, test)
    layer, validation = fitted(encode, train, config, size=size)
    table = confusion(layer, _features(encode, test.images, size), test.labels)
    return ProbeResult(_accuracy(table), config.epochs, table, (_accuracy(table),), validation)


def fitted(
    encode: Encode, train: Labelled, config: ProbeConfig, *, size: int = 32
) -> tuple[nn.Linear, tuple[float, ...]]:
    """The layer of the honest probe after its last epoch, and its accuracy on the held-back rows after each epoch."""
    features, classes = _features(encode, train.images, size), int(train.labels.max()) + 1
    learned, kept = split(train.labels, config, groups=train.groups)
    learner, validation = _Learner((features.shape[1], classes), config), []
    for _ in range(config.epochs):
        learner.learn(features[learned].__getitem__, train.labels[learned])
        validation.append(_accuracy(confusion(learner.layer, features[kept], train.labels[kept])))
    return learner.layer, tuple(validation)


def _features(encode: Encode, images: Tensor, size: int) -> Tensor:
    """Representations (n, W) of images as bytes, in parts, because images as floats are four times as large."""
    return torch.cat([encode(plain(part, size=size)).detach() for part in images.split(PART)])


def split(
    labels: Tensor, config: ProbeConfig, *, groups: NDArray[np.int64] | None = None
) -> tuple[Tensor, Tensor]:
    """Row numbers to train on and to hold back, drawn by the seed: the share `validation` of each class, at least one.

    With `groups` that share rows, whole groups are held back, but none of a class that would lose all its rows.
    A class of one row raises `InputError`.
    """
    if groups is not None and 1 < len(np.unique(groups)) < len(groups):
        return _by_groups(labels, config, np.unique(groups, return_inverse=True)[1].astype(np.int64))
    generator = torch.Generator().manual_seed(config.seed + 1)
    learned, kept = [], []
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        if len(rows) < 2:
            raise InputError(
                f"Class {int(label)} has one training image; validation needs two or more.",
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
    """A linear layer with its optimizer and batch generator, trained epoch by epoch."""

    def __init__(self, sizes: tuple[int, int], config: ProbeConfig) -> None:
        """`sizes`: width of a representation, number of classes."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.layer = nn.Linear(*sizes)
        self.config, self.epoch = config, 0
        self.optimizer = Adam(self.layer.parameters(), weight_decay=config.weight_decay)
        self.generator = torch.Generator().manual_seed(config.seed)

    def learn(self, batch: Callable[[Tensor], Tensor], labels: Tensor) -> None:
        """Train one epoch; `batch` returns the features (b, W) of row numbers (b,)."""
        rate = self.config.learning_rate * 0.1 ** sum(self.epoch >= stair for stair in self.config.stairs)
        for rows in torch.randperm(len(labels), generator=self.generator).split(self.config.batch_size):
            loss = cross_entropy(self.layer(batch(rows)), labels[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step(rate=rate)
        self.epoch += 1

    def checkpoint(self, found: list[NDArray[np.int64]]) -> Checkpoint:
        """A checkpoint with the confusion matrices of all epochs so far."""
        taken = checkpoint.take(self.epoch, self.layer, self.optimizer)
        taken.model.update({GENERATOR: self.generator.get_state(), FOUND: torch.from_numpy(np.stack(found))})
        return taken

    def go_on(self, begin: Checkpoint) -> list[NDArray[np.int64]]:
        """Restore a checkpoint and return its confusion matrices."""
        model = dict(begin.model)
        self.generator.set_state(model.pop(GENERATOR))
        found: list[NDArray[np.int64]] = list(model.pop(FOUND).numpy())
        checkpoint.put(Checkpoint(begin.step, model, begin.optimizer), self.layer, self.optimizer)
        self.epoch = begin.step
        return found


@torch.no_grad()
def confusion(layer: nn.Linear, features: Tensor, labels: Tensor) -> NDArray[np.int64]:
    """Counts (classes, classes) of a layer's answers to features (n, W): rows are classes, columns answers."""
    classes = layer.out_features
    answers = layer(features).argmax(dim=1)
    return torch.bincount(labels * classes + answers, minlength=classes**2).view(classes, classes).numpy()


def _accuracy(table: NDArray[np.int64]) -> float:
    return float(np.trace(table) / table.sum())


def _classes(train: Labelled, test: Labelled) -> int:
    for name, part in (("training", train), ("test", test)):
        if not len(part.labels) or len(part.labels) != len(part.images):
            raise InputError(
                f"{len(part.images)} {name} images have {len(part.labels)} labels.",
                remedy="Pass at least one image, and one label per image.",
            )
    count = int(train.labels.max()) + 1
    unseen = sorted(set(test.labels.tolist()) - set(train.labels.tolist()))
    if unseen:
        raise InputError(
            f"The test images have classes that no training image has: {unseen}.", remedy="Leave them out."
        )
    return count
