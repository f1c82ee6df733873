"""Contrastive objectives: the two views of an item belong together, all others of the batch apart.

The views are the item's image and its text, two noisy copies of one vector, or the vectors of two augmented copies
of its image (`training/views.py`). Only directions count: what the head projects latents to is brought to unit length.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
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
        first, second = normalize(first, dim=1), normalize(second, dim=1)
        together = (first * second).sum(dim=1) / self.config.temperature  # (n,)
        others: Tensor = _MeanLogSum.apply(torch.cat([first, second]), self.config.temperature)
        return others - together.mean()


class _MeanLogSum(torch.autograd.Function):
    """Mean over views v_i (m, k) of log Σ_{j≠i} exp(v_i·v_j/τ), with its gradient (P + Pᵀ)V / mτ by hand.

    P is the softmax of each row. Autograd passes over the (m, m) table eight times, which cost as much as the
    circuit; this does it in place.
    """

    @staticmethod
    def forward(ctx: Any, views: Tensor, temperature: float) -> Tensor:
        table = (views / temperature) @ views.T
        table.fill_diagonal_(-torch.inf)
        most = table.amax(dim=1, keepdim=True)
        table.sub_(most).exp_()
        sums = table.sum(dim=1, keepdim=True)
        ctx.save_for_backward(table.div_(sums), views)
        ctx.temperature = temperature
        return (most + sums.log()).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        chances, views = ctx.saved_tensors
        rows = views.T.contiguous()  # (k, m): long rows multiply five times as fast as many short ones
        pulled = rows @ chances.T + rows @ chances
        return pulled.T * (gradient / (len(views) * ctx.temperature)), None


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
