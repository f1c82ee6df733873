"""Objectives that preserve the geometry of a batch: the distances between all its points, across modalities.

The modalities of a batch are stacked into one set of points, as in the all-pairs metrics beside every map.
Input distances are Euclidean; latent distances are the negative similarity of the head.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from qlatent.objectives.base import AbstractObjective, Similarity, Tensors, check_one_width, nearness

FEWEST = 3  # points; two have a single distance, so proportions are undefined


class GeometryObjective(AbstractObjective):
    """A loss on the distances (m, m) of all points of a batch in input and latent space; m is rows × modalities."""

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        after = torch.cat(list(latents.values()))
        if len(after) < FEWEST:  # a last batch of one row has no gradient
            return {"total": after.sum() * 0.0}
        return {"total": self._loss(*_distances(inputs, latents, similarity))}

    @abstractmethod
    def _loss(self, before: Tensor, after: Tensor) -> Tensor:
        """The scalar loss for input distances `before` and latent distances `after`, both (m, m)."""


def _distances(inputs: Tensors, latents: Tensors, similarity: Similarity) -> tuple[Tensor, Tensor]:
    """The distances (m, m) of all points before and after compression."""
    check_one_width({name: inputs[name] for name in latents})
    before = torch.cat([inputs[name] for name in latents])
    after = torch.cat(list(latents.values()))
    return -nearness(before, before), -similarity(after, after)


class DistanceCorrelation(GeometryObjective):
    """1 − Pearson's correlation of all pairwise distances in input and latent space: 0 at best, 2 at worst.

    Only proportions count, so the scale of the latent space is free. `focus` f weights pairs by exp(−f·d/mean d),
    near ones more than far ones. `follow="ranks"` replaces input distances by their ranks, which reduces the weight
    of far outliers and rewards the order of distances.
    """

    def _loss(self, before: Tensor, after: Tensor) -> Tensor:
        before, after = each_once(before), each_once(after)
        weight = torch.softmax(-self.config.focus * before / before.mean().clamp_min(1e-12), dim=0)
        if self.config.follow == "ranks":
            before = ranked(before) / len(before)
        before, after = (part - (weight * part).sum() for part in (before, after))
        spread = (weight * before.square()).sum() * (weight * after.square()).sum()
        return 1 - (weight * before * after).sum() / spread.clamp_min(1e-12).sqrt()


class Stress(GeometryObjective):
    """√(Σ(d − αδ)² / Σd²) over all pairs of a batch; d input, δ latent distances (Kruskal's stress, metric scaling).

    α is 1 or the least-squares factor Σdδ/Σδ², which makes the loss scale-invariant (Smelser et al. 2024,
    arXiv 2408.07724).
    """

    def _loss(self, before: Tensor, after: Tensor) -> Tensor:
        before, after = each_once(before), each_once(after)
        if self.config.scale == "fitted":
            after = after * ((before * after).sum() / after.square().sum().clamp_min(1e-12))
        share = (before - after).square().sum() / before.square().sum().clamp_min(1e-12)
        return (share + 1e-12).sqrt()  # the derivative of a square root at zero is infinite


class Neighbours(GeometryObjective):
    """Divergence KL(p‖q) between the neighbour distributions of each point in input and latent space, averaged.

    Input: p_ij ∝ exp(−d²_ij / σ²_i) with σ_i the distance to the k-th nearest neighbour in the batch (self-tuning,
    Zelnik-Manor & Perona 2004). Latent: q_ij ∝ 1 / (1 + (δ_ij/s)²), the kernel of t-SNE (van der Maaten & Hinton
    2008). It is the cross-entropy minus the entropy of p, so the optimum is 0.
    """

    def shares(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> Tensor:
        """The mean (n,) of the divergences around an item's points."""
        items = len(next(iter(latents.values())))
        if items * len(latents) < FEWEST:
            return torch.zeros(items, device=next(iter(latents.values())).device)
        found = self._divergences(*_distances(inputs, latents, similarity))
        return found.reshape(len(latents), items).mean(dim=0)

    def _loss(self, before: Tensor, after: Tensor) -> Tensor:
        return self._divergences(before, after).sum() / len(before)

    def _divergences(self, before: Tensor, after: Tensor) -> Tensor:
        """KL(p‖q) of each point (m,)."""
        itself = torch.eye(len(before), dtype=torch.bool, device=before.device)
        k = min(self.config.neighbours, len(before) - 1)
        width = before.masked_fill(itself, torch.inf).kthvalue(k, dim=1, keepdim=True).values
        near = (-(before / width.clamp_min(1e-6)).square()).masked_fill(itself, -torch.inf)
        heavy = (-torch.log1p((after / self.config.latent_scale).square())).masked_fill(itself, -torch.inf)
        wanted, got = torch.log_softmax(near, dim=1), torch.log_softmax(heavy, dim=1)  # (m, m)
        surplus = (wanted - got).masked_fill(itself, 0.0)
        return (wanted.exp() * surplus).sum(dim=1)


def each_once(distances: Tensor) -> Tensor:
    """The upper triangle (m(m−1)/2,) of distances (m, m)."""
    row, column = torch.triu_indices(len(distances), len(distances), offset=1, device=distances.device)
    return distances[row, column]


def ranked(values: Tensor) -> Tensor:
    """Ranks (n,) of `values` (n,), from 1; ties get their mean rank."""
    order = values.sort().values
    return 0.5 * (torch.searchsorted(order, values) + torch.searchsorted(order, values, right=True) + 1).to(
        values
    )
