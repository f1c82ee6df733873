"""What training asks of an objective."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]
Similarity = Callable[[Tensor, Tensor], Tensor]


def nearness(a: Tensor, b: Tensor) -> Tensor:
    """Negative Euclidean distances (n, m) of rows (n, k) and (m, k)."""
    mode = "donot_use_mm_for_euclid_dist" if a.shape[1] <= 64 else "use_mm_for_euclid_dist_if_necessary"
    return -torch.cdist(a, b, compute_mode=mode)  # the product loses the digits of near points


class AbstractObjective(ABC):
    """A loss of a batch; `reconstructs` says whether it looks at the decoders' output at all."""

    reconstructs = False

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

    def of(self, head: Any, inputs: Tensors, latents: Tensors) -> dict[str, Tensor]:
        """The same with what `head` makes of these latents; decoders run only where they are looked at."""
        rebuilt = head.decode(latents) if self.reconstructs else {}
        return self(inputs, latents, rebuilt, head.similarity)
