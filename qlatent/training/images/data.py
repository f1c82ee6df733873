"""Choose training, held-out and probe images, by the same rules as for vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from qlatent.errors import InputError
from qlatent.training.core import splits
from qlatent.training.core.rows import (
    Labels,
    Mask,
    Rows,
    groups_of,
    heldout_mask,
    nobody,
    probe_positions,
    replace_rows,
)
from qlatent.training.images.configs import ImageTrainingConfig
from qlatent.training.images.probe import Labelled
from qlatent.types import Arrays

THUMBNAIL = 8  # side in pixels of the thumbnails that represent the input space beside a map


@dataclass(frozen=True)
class ImageData:
    """Images as bytes (n, 3, size, size) with their classes (n,) int64, −1 where unknown.

    `train`, `heldout` and `probe` are positions among these images; `rows` (n,) are their rows in the dataset and
    `groups` (n,) their groups. `apart`: whether the linear probe's inner split keeps groups whole too.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    rows: Rows
    train: Rows
    heldout: Rows
    drawn: Rows
    left_out: dict[str, int] = field(default_factory=dict)  # reason → images
    groups: Rows = field(default_factory=nobody)
    apart: bool = False

    @property
    def counts(self) -> dict[str, float]:
        """Numbers of images and groups in the training and held-out parts, and of groups in both."""
        rows = {"train_pairs": float(self.train_pairs), "heldout_pairs": float(self.heldout_pairs)}
        return rows | splits.sides(self.groups[self.train], self.groups[self.heldout])

    @property
    def train_pairs(self) -> int:
        """Number of training images."""
        return len(self.train)

    @property
    def heldout_pairs(self) -> int:
        """Number of held-out images."""
        return len(self.heldout)

    @property
    def probe_rows(self) -> Rows:
        """Dataset rows of the probe set."""
        return self.rows[self.drawn]

    @property
    def probe_heldout(self) -> Mask:
        """Which images of the probe set are held out, (probe,) bool."""
        return np.isin(self.drawn, self.heldout)

    @cached_property
    def probe(self) -> Arrays:
        """The input space of the probe set: images scaled to 8×8 pixels, (probe, 192) float32 in [0, 1]."""
        pixels = self.images[torch.from_numpy(self.drawn)].float() / 255
        small = torch.nn.functional.adaptive_avg_pool2d(pixels, THUMBNAIL)
        return {"image": small.flatten(1).numpy()}

    @property
    def probed_classes(self) -> tuple[str, ...]:
        """Classes of the linear probe: those with at least two training images and one held-out image."""
        learned, judged = (self._labels(part) for part in (self.train, self.heldout))
        names, counts = np.unique(learned, return_counts=True)
        shared = np.intersect1d(names[(counts > 1) & (names >= 0)], judged)
        return tuple(self.classes[each] for each in shared)

    @property
    def probes(self) -> tuple[Labelled, Labelled] | None:
        """Training and held-out images of `probed_classes`, with their indices as labels; None with fewer than two."""
        numbers = [self.classes.index(name) for name in self.probed_classes]
        if len(numbers) < 2:
            return None
        parts = (part[np.isin(self._labels(part), numbers)] for part in (self.train, self.heldout))
        found = [
            Labelled(
                self.images[torch.from_numpy(part)],
                torch.from_numpy(np.searchsorted(numbers, self._labels(part)).astype(np.int64)),
                self.groups[part] if self.apart else None,
            )
            for part in parts
        ]
        return found[0], found[1]

    def _labels(self, part: Rows) -> Rows:
        labels: Rows = self.labels[torch.from_numpy(part)].numpy()
        return labels


def from_images(
    images: Tensor, labels: Labels, rows: Sequence[int], config: ImageTrainingConfig
) -> ImageData:
    """Training data of images as bytes (n, 3, size, size), with their content, split and label in `labels`.

    With `config.unique_pairs`, repeated contents are left out and counted. Fewer training images than one batch
    raise `InputError`.
    """
    kept = np.arange(len(images))
    left_out: dict[str, int] = {}
    if config.unique_pairs:
        kept = np.sort(np.unique(labels.content, return_index=True)[1])
        if len(kept) < len(images):
            left_out["same content as an earlier row"] = len(images) - len(kept)
    known = replace_rows(labels, kept)
    away = heldout_mask(known, config)
    train, heldout = np.flatnonzero(~away), np.flatnonzero(away)
    if len(train) < config.batch_size:
        raise InputError(
            f"Got {len(train)} training and {len(heldout)} held-out images; a batch needs {config.batch_size}.",
            remedy=f"Set batch_size to {max(2, len(train))} or less, or bring more images.",
        )
    classes = tuple(sorted(set(known.label.tolist()) - {""}))
    numbers = {name: number for number, name in enumerate(classes)}
    return ImageData(
        images[torch.from_numpy(kept)],
        torch.tensor([numbers.get(name, -1) for name in known.label.tolist()], dtype=torch.int64),
        classes,
        np.asarray(rows, dtype=np.int64)[kept],
        train,
        heldout,
        probe_positions(known.label, config),
        left_out,
        groups_of(known),
        config.split_rule == "groups",
    )
