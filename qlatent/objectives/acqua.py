"""The loss of CLIP-ACQUA (Rivas & Zhao, SC22 poster): reconstruction errors and the image–text distance."""

from __future__ import annotations

import torch
from torch import Tensor

from qlatent import tensors
from qlatent.objectives.base import AbstractObjective, Similarity, Tensors, check_one_width, nearness


class AcquaObjective(AbstractObjective):
    """α_i‖x_i−x̂_i‖₁ + α_t‖x_t−x̂_t‖₁ + α_d|d_x − ‖z_i−z_t‖₂|, averaged over the batch.

    Takes inputs (n, d), latents (n, k) and reconstructions (n, d) by modality. Returns scalar tensors: the
    unweighted `reconstruction_image`, `reconstruction_text` and `pair_distance`, and their α-weighted sum `total`.
    A term whose modality is missing is omitted; the pair distance needs image and text.
    """

    reconstructs = True

    def __call__(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> dict[str, Tensor]:
        parts = {
            f"reconstruction_{name}": self._reconstruction(inputs[name], reconstruction)
            for name, reconstruction in reconstructions.items()
        }
        alphas = [getattr(self.config, f"alpha_{name}") for name in reconstructions]
        if "image" in latents and "text" in latents:
            parts["pair_distance"] = self._pair_distance(inputs, latents)
            alphas.append(self.config.alpha_distance)
        terms = [part * alpha for part, alpha in zip(parts.values(), alphas, strict=True)]
        return {"total": torch.stack(terms).sum(), **parts}

    def shares(
        self, inputs: Tensors, latents: Tensors, reconstructions: Tensors, similarity: Similarity = nearness
    ) -> Tensor:
        """Each item's own errors, weighted as in the loss; of all pairs the mean of those that it is in."""
        terms = [
            getattr(self.config, f"alpha_{name}") * self._errors(inputs[name], reconstruction)
            for name, reconstruction in reconstructions.items()
        ]
        if "image" in latents and "text" in latents:
            change = self._pair_change(inputs, latents)
            if self.config.pairs == "all":
                change = (change.mean(dim=0) + change.mean(dim=1)) / 2
            terms.append(self.config.alpha_distance * change)
        return torch.stack(terms).sum(dim=0)

    def _errors(self, wanted: Tensor, got: Tensor) -> Tensor:
        """L1 errors (n,), summed or averaged over dimensions."""
        errors = (got - wanted).abs()
        return errors.mean(dim=1) if self.config.reduction == "mean" else errors.sum(dim=1)

    def _reconstruction(self, wanted: Tensor, got: Tensor) -> Tensor:
        """L1 error, summed or averaged over dimensions, then averaged over the batch."""
        rows = 1 if self.config.reduction == "mean" else len(wanted)
        error = torch.nn.functional.l1_loss(got, wanted, reduction=self.config.reduction)
        return error if rows == 1 else error / rows

    def _pair_distance(self, inputs: Tensors, latents: Tensors) -> Tensor:
        """Mean |d_x − d_z| over the chosen pairs; the gradient of a norm at zero is defined as zero."""
        return self._pair_change(inputs, latents).mean()

    def _pair_change(self, inputs: Tensors, latents: Tensors) -> Tensor:
        """|d_x − d_z| of matched pairs (n,), or of all (n, n)."""
        check_one_width({name: inputs[name] for name in ("image", "text")})
        wanted = self._distance(inputs["image"], inputs["text"])
        got = self._distance(latents["image"], latents["text"])
        return (wanted - got).abs()

    def _distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Distances (n,) of matched pairs or (n, n) of all pairs."""
        if self.config.pairs == "all":
            distance = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
        else:
            distance = tensors.lengths(a - b)
        return distance.square() if self.config.distance == "l2_squared" else distance
