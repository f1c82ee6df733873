"""Two views of each item for losses that compare views.

They are noisy copies of its vector (noise and dropout, not an augmentation of an image), or the vectors of two
augmented copies of its image, encoded before. Which ones a batch gets follows from its place (seed, purpose, epoch,
batch) alone, so a resumed run sees the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qlatent import tensors
from qlatent.errors import InputError

Tensors = dict[str, Tensor]
Copies = tuple[Tensors, Tensors]
Place = tuple[int, ...]
Numbers = NDArray[np.int64]

TRAINING, EVALUATION = 3, 4  # the streams 0 to 2 of a seed are the batch order, the split and the probe


def losses(
    head: Any,
    objective: Any,
    inputs: Tensors,
    *,
    place: Place,
    latents: Tensors | None = None,
    copies: Copies | None = None,
) -> Tensors:
    """The losses of a batch by name, scalars: of the vectors, or of two views of each.

    `latents` (n, k) of the inputs are taken where they are known and of use; `copies` are the augmented views. With
    noisy or augmented views each modality is compared with itself: `total` is the mean over modalities, and where
    there are several they are logged apart. Augmented views that were not given are an `InputError`.
    """
    config = objective.config
    if config.augmented_views:
        if copies is None:
            raise InputError(
                "This loss compares augmented views of images, and there are only vectors here.",
                remedy="Train where they are encoded (`qlatent encode … --views 4`), or use views=noise.",
            )
    elif not config.noisy_views(inputs):
        return dict(objective.of(head, inputs, head.encode(inputs) if latents is None else latents))
    else:
        copies = pair(inputs, noise=config.view_noise, dropout=config.view_dropout, place=place)
    first, second = (head.project(head.encode(each)) for each in copies)
    parts = {name: objective.between(first[name], second[name]) for name in inputs}
    total = torch.stack(list(parts.values())).mean()
    return {"total": total, **(parts if len(parts) > 1 else {})}


def two_of(views: int, *, rows: int, place: Place) -> tuple[Numbers, Numbers]:
    """Two different ones of so many views for each row, (rows,) from 0 on; all pairs are equally likely."""
    draw = np.random.default_rng(place)
    first = draw.integers(views, size=rows)
    return first, (first + draw.integers(1, views, size=rows)) % views


def pair(inputs: Tensors, *, noise: float, dropout: float, place: Place) -> Copies:
    """Two noisy copies of inputs (modality → (n, d)), drawn apart; see `noisy`."""
    generator = torch.Generator().manual_seed(
        int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0])
    )
    first, second = (
        {name: noisy(x, noise=noise, dropout=dropout, generator=generator) for name, x in inputs.items()}
        for _ in range(2)
    )
    return first, second


def noisy(vectors: Tensor, *, noise: float, dropout: float, generator: torch.Generator) -> Tensor:
    """A copy of vectors (n, d) with Gaussian noise and zeroed coordinates, each row as long as it was.

    The noise of a row is about `noise` times as long as the row, whatever d is: its standard deviation in each
    coordinate is noise·‖x‖/√d. A coordinate is zero with probability `dropout`.
    """
    drawn = torch.randn(vectors.shape, generator=generator).to(vectors)
    kept = (torch.rand(vectors.shape, generator=generator) >= dropout).to(vectors.device)
    length = tensors.lengths(vectors)[:, None]  # (n, 1)
    moved = (vectors + drawn * (noise * length / vectors.shape[1] ** 0.5)) * kept
    return tensors.unit(moved) * length
