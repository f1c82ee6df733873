"""Contrastive objectives: pull the two views of an item together and push all others of the batch away.

The views are the item's image and text, two noisy copies of its vector, or the vectors of two augmented copies of its
image (`training/vectors/views.py`). Projected latents are normalised to unit length, so only directions count.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from qlatent import tensors
from qlatent.objectives.base import AbstractObjective, Similarity, Tensors, nearness


class NTXent(AbstractObjective):
    """NT-Xent (Chen et al. 2020, arXiv 2002.05709): cross-entropy of each view's partner among all 2n − 1 others.

    −log(exp(s⁺/τ) / Σ exp(s/τ)), s the cosine; the sum includes the partner and excludes the view itself.
    """

    projects = True

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        return {"total": self.between(latents["image"], latents["text"])}

    def between(self, first: Tensor, second: Tensor) -> Tensor:
        """The scalar loss for two views (n, k) of the same n items."""
        first, second = tensors.unit(first), tensors.unit(second)
        together = (first * second).sum(dim=1) / self.config.temperature  # (n,)
        views = torch.cat([first, second])
        others: Tensor = tensors.applied(_MeanLogSum, _mean_log_sum, views, self.config.temperature)
        return others - together.mean()

    def shares(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> Tensor:
        """The mean (n,) of the losses of an item's two views."""
        return self.shares_between(latents["image"], latents["text"])

    def shares_between(self, first: Tensor, second: Tensor) -> Tensor:
        """The mean (n,) of the losses of the two views (n, k) of each item."""
        first, second = tensors.unit(first), tensors.unit(second)
        together = (first * second).sum(dim=1) / self.config.temperature
        others = _log_sums(torch.cat([first, second]), self.config.temperature)
        return others.reshape(2, -1).mean(dim=0) - together


def _mean_log_sum(views: Tensor, temperature: float) -> Tensor:
    return _log_sums(views, temperature).mean()


def _log_sums(views: Tensor, temperature: float) -> Tensor:
    """log Σ_{j≠i} exp(v_i·v_j/τ) of each view (m,)."""
    itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
    table = ((views / temperature) @ views.T).masked_fill(itself, -torch.inf)
    return table.logsumexp(dim=1)


class _MeanLogSum(torch.autograd.Function):
    """Mean over views v_i (m, k) of log Σ_{j≠i} exp(v_i·v_j/τ), with the explicit gradient (P + Pᵀ)V / mτ.

    P is the row-wise softmax. Autograd passes over the (m, m) table eight times, which costs as much as the circuit;
    this works in place.
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
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        chances, views = ctx.saved_tensors
        if tensors.asked_again(gradient):
            plain = partial(_mean_log_sum, temperature=ctx.temperature)
            return tensors.pulled_back(plain, (views,), gradient)[0], None
        rows = views.T.contiguous()  # (k, m): few long rows multiply five times as fast as many short ones
        pulled = rows @ chances.T + rows @ chances
        return pulled.T * (gradient / (len(views) * ctx.temperature)), None


class Contrast(AbstractObjective):
    """CLIP's loss (Radford et al. 2021, arXiv 2103.00020): each image's text among all texts, and the reverse.

    Each direction is a term of its own; `total` is their mean.
    """

    projects = True

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        logits = self._logits(latents)
        own = torch.arange(len(logits), device=logits.device)
        parts = {"text_of_image": cross_entropy(logits, own), "image_of_text": cross_entropy(logits.T, own)}
        return {"total": torch.stack(list(parts.values())).mean(), **parts}

    def shares(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> Tensor:
        """The mean (n,) of the losses of an item's image and text."""
        return both_ways(self._logits(latents))

    def _logits(self, latents: Tensors) -> Tensor:
        image, text = (tensors.unit(latents[name]) for name in ("image", "text"))
        return image @ text.T / self.config.temperature  # (n, n)


def both_ways(logits: Tensor) -> Tensor:
    """The mean (n,) of the cross-entropies of row i and column i of logits (n, n), whose partners are i."""
    own = torch.arange(len(logits), device=logits.device)
    rows, columns = (cross_entropy(each, own, reduction="none") for each in (logits, logits.T))
    return (rows + columns) / 2
