"""What training asks of an objective."""

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
    return -torch.cdist(a, b, compute_mode=mode)  # the product loses the digits of near points


def check_one_width(inputs: Tensors) -> None:
    """Refuses modalities (n, d) of different widths d, between which there is no distance, with an `InputError`."""
    widths = {name: rows.shape[1] for name, rows in inputs.items()}
    if len(set(widths.values())) > 1:
        said = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise InputError(
            f"The distance between modalities needs vectors of one width; got {said}.",
            remedy="Use an encoder that puts all into one space, or train on one modality.",
        )


class AbstractObjective(ABC):
    """A loss of a batch.

    `reconstructs` says whether it looks at the decoders' output at all, `projects` whether it sees latents
    through the head's projection (`AbstractHead.project`: most heads have none).
    """

    reconstructs = False
    projects = False

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        """Scalar tensors by name, "total" among them, of inputs (n, d) and latents (n, k) by modality.

        `reconstructions` are those of the decoders where `reconstructs`, else empty; `similarity` is the
        head's, (n, k), (m, k) → (n, m).
        """

    def learned(self, head: Any) -> nn.Parameter | None:
        """A number of the loss itself, begun anew, that is learned beside the weights of `head`; most have none."""
        return None

    @property
    def fewest(self) -> int:
        """Rows below which a batch says nothing; the loop leaves a smaller last batch out."""
        return int(self.config.fewest)

    def of(self, head: Any, inputs: Tensors, latents: Tensors) -> dict[str, Tensor]:
        """The same with what `head` makes of these latents; decoders run only where they are looked at,
        and a projection stands between latents and loss only where the loss asks for it.
        """
        rebuilt = head.decode(latents) if self.reconstructs else {}
        seen = head.project(latents) if self.projects else latents
        return self(inputs, seen, rebuilt, head.similarity)
