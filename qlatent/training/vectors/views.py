"""Two views of each item, for losses that compare views.

Views are noisy copies of a vector (noise and dropout, no image augmentation), or precomputed vectors of two augmented
copies of the image. The views of a batch depend only on its place (seed, purpose, epoch, batch), so a resumed run
sees the same views.
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

TRAINING, EVALUATION = 3, 4  # streams 0 to 2 of a seed are the batch order, the split and the probe set


def losses(
    head: Any,
    objective: Any,
    inputs: Tensors,
    *,
    place: Place,
    latents: Tensors | None = None,
    copies: Copies | None = None,
) -> Tensors:
    """Scalar losses of a batch by name, of the vectors or of two views of each.

    `latents` (n, k) of the inputs save a forward pass where the loss uses them; `copies` are the augmented views. With
    noisy or augmented views, each modality is compared with itself: `total` is the mean over modalities, and several
    modalities are also reported separately. Missing augmented views raise `InputError`.
    """
    config = objective.config
    if config.augmented_views:
        if copies is None:
            raise InputError(
                "This loss compares augmented views of images, but got only vectors.",
                remedy="Encode augmented views first (`qlatent encode … --views 4`), or use views=noise.",
            )
    elif not config.noisy_views(inputs):
        return dict(objective.of(head, inputs, head.encode(inputs) if latents is None else latents))
    else:
        copies = pair(inputs, noise=config.view_noise, dropout=config.view_dropout, place=place)
    first, second = (head.project(head.encode(each)) for each in copies)
    parts = {name: objective.between(first[name], second[name]) for name in inputs}
    total = torch.stack(list(parts.values())).mean()
    return {"total": total, **(parts if len(parts) > 1 else {})}


def shares(head: Any, objective: Any, inputs: Tensors, *, place: Place, latents: Tensors) -> Tensor | None:
    """Each item's own part (n,) of the total of `losses`; None where `objective.config.has_shares` is false."""
    config = objective.config
    if not config.has_shares:
        return None
    if not config.noisy_views(inputs):
        found: Tensor | None = objective.shares_of(head, inputs, latents)
        return found
    copies = pair(inputs, noise=config.view_noise, dropout=config.view_dropout, place=place)
    first, second = (head.project(head.encode(each)) for each in copies)
    parts = [objective.shares_between(first[name], second[name]) for name in inputs]
    return torch.stack(parts).mean(dim=0)


def two_of(views: int, *, rows: int, place: Place) -> tuple[Numbers, Numbers]:
    """Indices (rows,) of two different views per row, from 0; all pairs are equally likely."""
    draw = np.random.default_rng(place)
    first = draw.integers(views, size=rows)
    return first, (first + draw.integers(1, views, size=rows)) % views


def pair(inputs: Tensors, *, noise: float, dropout: float, place: Place) -> Copies:
    """Two independent noisy copies of inputs (modality → (n, d)); see `noisy`."""
    generator = torch.Generator().manual_seed(
        int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0])
    )
    first, second = (
        {name: noisy(x, noise=noise, dropout=dropout, generator=generator) for name, x in inputs.items()}
        for _ in range(2)
    )
    return first, second


def noisy(vectors: Tensor, *, noise: float, dropout: float, generator: torch.Generator) -> Tensor:
    """A copy of vectors (n, d) with Gaussian noise and zeroed coordinates; the norm of each row is kept.

    The norm of the noise is about `noise` times that of the row for every d: its standard deviation in each coordinate
    is noise·‖x‖/√d. A coordinate is zero with probability `dropout`.
    """
    drawn = torch.randn(vectors.shape, generator=generator).to(vectors)
    kept = (torch.rand(vectors.shape, generator=generator) >= dropout).to(vectors.device)
    length = tensors.lengths(vectors)[:, None]  # (n, 1)
    moved = (vectors + drawn * (noise * length / vectors.shape[1] ** 0.5)) * kept
    return tensors.unit(moved) * length
