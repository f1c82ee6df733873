"""The interface of an objective."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from qlatent.errors import InputError

Tensors = Mapping[str, Tensor]
Similarity = Callable[[Tensor, Tensor], Tensor]


def nearness(a: Tensor, b: Tensor) -> Tensor:
    """Negative Euclidean distances (n, m) of rows (n, k) and (m, k)."""
    mode = "donot_use_mm_for_euclid_dist" if a.shape[1] <= 64 else "use_mm_for_euclid_dist_if_necessary"
    return -torch.cdist(a, b, compute_mode=mode)  # the matrix-product form loses precision for close points


def check_one_width(inputs: Tensors) -> None:
    """Raises `InputError` unless all modalities (n, d) have the same width d, which distances between them need."""
    widths = {name: rows.shape[1] for name, rows in inputs.items()}
    if len(set(widths.values())) > 1:
        said = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise InputError(
            f"The distance between modalities needs vectors of one width; got {said}.",
            remedy="Use an encoder that maps all modalities into one space, or train on one modality.",
        )


class AbstractObjective(ABC):
    """A loss computed on a batch.

    `reconstructs`: whether the loss uses the decoders' output. `projects`: whether latents pass through the head's
    projection first (`AbstractHead.project`; most heads have none).
    """

    reconstructs = False
    projects = False

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        """Scalar tensors by name, including "total", for inputs (n, d) and latents (n, k) by modality.

        `reconstructions` holds the decoders' output if `reconstructs`, else nothing; `similarity` is the head's,
        (n, k), (m, k) → (n, m).
        """

    def shares(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> Tensor | None:
        """Each item's own part (n,) of the loss, whose mean is "total"; None if the loss is no mean over items.

        Takes what the loss itself takes. Where a loss compares the items of a batch, so do the parts.
        """
        return None

    def learned(self, head: Any) -> nn.Parameter | None:
        """A fresh parameter of the loss, trained together with the weights of `head`; None for most losses."""
        return None

    @property
    def fewest(self) -> int:
        """Smallest batch size for which the loss is defined; training drops a smaller last batch."""
        return int(self.config.fewest)

    def of(self, head: Any, inputs: Tensors, latents: Tensors) -> dict[str, Tensor]:
        """The loss terms for `head`, whose decoders and projection run only if the loss uses them."""
        return self(inputs, *self._seen(head, latents), head.similarity)

    def shares_of(self, head: Any, inputs: Tensors, latents: Tensors) -> Tensor | None:
        """The `shares` for `head`, as `of` has the loss terms."""
        return self.shares(inputs, *self._seen(head, latents), head.similarity)

    def _seen(self, head: Any, latents: Tensors) -> tuple[Tensors, Tensors]:
        """The latents and reconstructions that the loss takes."""
        rebuilt = head.decode(latents) if self.reconstructs else {}
        return (head.project(latents) if self.projects else latents), rebuilt
