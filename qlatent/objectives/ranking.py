"""Ranking loss for retrieval: score an item's partner against all others of the batch."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from qlatent import tensors
from qlatent.errors import ConfigError, InputError
from qlatent.objectives.base import AbstractObjective, Similarity, Tensors, nearness
from qlatent.objectives.contrast import both_ways

PUBLISHED = 20.0  # scale of fidelities and cosines in the paper


class Ranking(AbstractObjective):
    """Cross-entropy over scaled similarities, first modality to second and the reverse; `total` is their mean.

    Kankeu et al. (arXiv 2501.04591) rank one relevant document and five hard negatives by 20·F or 20·cos; here the
    other items of the batch are the negatives, in `ranked` together with the hard ones. The gradient of
    20·F = 20·exp(log F) vanishes for distant states of many qubits, so the default logit is κ·log F / k.
    """

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        form = "negative" if self.config.logits == "own" else self.config.logits
        return self._losses(latents, similarity, form)

    def of(self, head: Any, inputs: Tensors, latents: Tensors) -> dict[str, Tensor]:
        """The loss terms with the similarity of `head`, which "own" refers to; `ConfigError` for a missing fidelity."""
        return self._losses(latents, head.similarity, self._form(head))

    def shares_of(self, head: Any, inputs: Tensors, latents: Tensors) -> Tensor:
        """The mean (n,) of the losses of an item as a query and as a document."""
        a, b = list(latents.values())[:2]
        return both_ways(self._logits(a, b, head.similarity, self._form(head)))

    def _form(self, head: Any) -> str:
        """The form of the logits; `ConfigError` if they need a fidelity that the head does not have."""
        own = "log_fidelity" if head.distance == "log_fidelity" else "negative"
        form: str = own if self.config.logits == "own" else self.config.logits
        if form in ("log_fidelity", "fidelity") and head.distance != "log_fidelity":
            raise ConfigError(
                f"logits={form!r}, but latents of this head are compared by {head.distance} distance.",
                remedy="Use logits='own' or 'cosine', or a head with similarity='fidelity'.",
            )
        return form

    def learned(self, head: Any) -> nn.Parameter | None:
        """The log of the scale of similarities, starting from `initial_scale`; None for the published forms."""
        initial = self.initial_scale(head)
        self._log_scale = None
        if initial is not None and self.config.learn_scale:
            device = next(head.parameters()).device
            self._log_scale = nn.Parameter(torch.tensor(math.log(initial), device=device))
        return self._log_scale

    _log_scale: nn.Parameter | None = None

    def ranked(self, head: Any, queries: Tensor, documents: Tensor, *, excluded: Tensor) -> Tensor:
        """The scalar cross-entropy of document i for query i, for latents (n, k) and (m, k), m ≥ n.

        `excluded` (n, m) bool marks documents that are not negatives of a query.
        """
        logits = self._logits(queries, documents, head.similarity, self._form(head))
        partner = torch.arange(len(queries), device=queries.device)
        return cross_entropy(logits.masked_fill(excluded, -torch.inf), partner)

    def initial_scale(self, head: Any) -> float | None:
        """Initial value of a learned scale: κ / k for log-fidelity, else 20; None for the published forms."""
        if self._form(head) in ("fidelity", "cosine"):
            return None
        return float(self.config.kappa) / head.latent_dim if self._form(head) == "log_fidelity" else PUBLISHED

    def _losses(self, latents: Tensors, similarity: Similarity, form: str) -> dict[str, Tensor]:
        if len(latents) < 2:
            raise InputError(
                f"Ranking needs two modalities; got {', '.join(latents) or 'none'}.",
                remedy="Use a dataset of pairs, for example images with texts.",
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
            return PUBLISHED * (tensors.unit(a) @ tensors.unit(b).T)
        if form == "fidelity":
            return PUBLISHED * similarity(a, b).exp()
        if self._log_scale is not None:
            return similarity(a, b) * self._log_scale.exp()
        return similarity(a, b) * (self.config.kappa / a.shape[1] if form == "log_fidelity" else PUBLISHED)
