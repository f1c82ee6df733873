"""Ranking for retrieval: the partner of an item against all others of the batch, by a similarity of latents."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from qlatent.errors import ConfigError, InputError
from qlatent.objectives.base import AbstractObjective, Similarity, Tensors, nearness

PUBLISHED = 20.0  # what the paper multiplies fidelities and cosines by


class Ranking(AbstractObjective):
    """Cross-entropy over scaled similarities, first modality to second and the reverse; `total` is their mean.

    Kankeu et al. (arXiv 2501.04591) rank one relevant and five hard negatives by 20·F or 20·cos; here the negatives
    are the other items of the batch. 20·F = 20·exp(log F) has no gradient left where states of many qubits are far
    apart, so log-fidelity is ranked as κ·log F / k unless told otherwise.
    """

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        form = "negative" if self.config.logits == "own" else self.config.logits
        return self._losses(latents, similarity, form)

    def of(self, head: Any, inputs: Tensors, latents: Tensors) -> dict[str, Tensor]:
        """The same with the similarity of `head`, which decides what "own" is; `ConfigError` if it has no fidelity."""
        own = "log_fidelity" if head.distance == "log_fidelity" else "negative"
        form = own if self.config.logits == "own" else self.config.logits
        if form in ("log_fidelity", "fidelity") and head.distance != "log_fidelity":
            raise ConfigError(
                f"logits={form!r}, but latents of this head are compared by {head.distance} distance.",
                remedy="Use logits='own' or 'cosine', or a head with similarity='fidelity'.",
            )
        return self._losses(latents, head.similarity, form)

    def _losses(self, latents: Tensors, similarity: Similarity, form: str) -> dict[str, Tensor]:
        if len(latents) < 2:
            raise InputError(
                f"Ranking needs two modalities; got {', '.join(latents) or 'none'}.",
                remedy="Bring pairs, for example images with their texts.",
            )
        (first, a), (second, b) = list(latents.items())[:2]
        logits = self._logits(a, b, similarity, form)  # (n, n)
        partner = torch.arange(len(a), device=a.device)
        parts = {
            f"{second}_of_{first}": cross_entropy(logits, partner),
            f"{first}_of_{second}": cross_entropy(logits.T, partner),
        }
        return {"total": torch.stack(list(parts.values())).mean(), **parts}

    def _logits(self, a: Tensor, b: Tensor, similarity: Similarity, form: str) -> Tensor:
        if form == "cosine":
            return PUBLISHED * (normalize(a, dim=1) @ normalize(b, dim=1).T)
        if form == "log_fidelity":
            return similarity(a, b) * (self.config.kappa / a.shape[1])
        return PUBLISHED * (similarity(a, b).exp() if form == "fidelity" else similarity(a, b))
