"""Contrastive objectives: the two views of an item belong together, all others of the batch apart.

The views are the item's image and its text, or two noisy copies of one vector (`training/views.py`). Only
directions count: what the head projects latents to is brought to unit length.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from qlatent.objectives.base import AbstractObjective, Similarity, Tensors, nearness


class NTXent(AbstractObjective):
    """NT-Xent (Chen et al. 2020, arXiv 2002.05709): cross-entropy of each view's partner among all 2n − 1 others.

    −log(exp(s⁺/τ) / Σ exp(s/τ)), s the cosine; the sum holds the partner and leaves the view itself out.
    """

    projects = True

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        return {"total": self.between(latents["image"], latents["text"])}

    def between(self, first: Tensor, second: Tensor) -> Tensor:
        """The loss, a scalar, of two views (n, k) of the same n items."""
        views = normalize(torch.cat([first, second]), dim=1)  # (2n, k)
        logits = views @ views.T / self.config.temperature
        itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
        partner = torch.arange(len(views), device=views.device).roll(len(first))
        return cross_entropy(logits.masked_fill(itself, -torch.inf), partner)


class Contrast(AbstractObjective):
    """CLIP's loss (Radford et al. 2021, arXiv 2103.00020): each image's text among all texts, and the reverse.

    Both directions are logged apart; `total` is their mean.
    """

    projects = True

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        image, text = (normalize(latents[name], dim=1) for name in ("image", "text"))
        logits = image @ text.T / self.config.temperature  # (n, n)
        own = torch.arange(len(image), device=image.device)
        parts = {"text_of_image": cross_entropy(logits, own), "image_of_text": cross_entropy(logits.T, own)}
        return {"total": torch.stack(list(parts.values())).mean(), **parts}
