"""The network images → ResNet-18 → representation head → projection, and one contrastive training step.

Source: Jaderberg et al. 2021 (arXiv 2103.14653, code bjader/QSSL).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qlatent.objectives.configs import NTXentConfig
from qlatent.objectives.contrast import NTXent
from qlatent.training.core.adam import Adam
from qlatent.training.images.convolution import densify

FEATURES = 512
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-6  # of Adam, as in the published code
CHUNK = 512


def resnet18(*, seed: int) -> nn.Module:
    """An untrained torchvision ResNet-18 without its last layer: (n, 3, h, w) → (n, 512), channels last.

    The stem is the one for ImageNet (7×7, stride 2, max-pooling), as published, although images are 32×32.
    Convolutions start Kaiming-normal by fan-out, batch norms at 1 and 0; the seed determines all weights.
    """
    from torchvision.models import resnet18 as build  # takes a second to import

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone: nn.Module = build(weights=None)
    backbone.fc = nn.Identity()
    densify(backbone)
    return backbone.to(memory_format=torch.channels_last)


class ImageNetwork(nn.Module):
    """A backbone (n, 3, h, w) → (n, d), followed by a head of one modality."""

    def __init__(self, backbone: nn.Module, head: Any) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head
        (self.modality,) = head.modalities

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.parameters()).device

    def _features(self, images: Tensor) -> Tensor:
        found: Tensor = self.backbone(images.to(self.device).contiguous(memory_format=torch.channels_last))
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Representations z (n, W) of normalised images (n, 3, h, w)."""
        found = self._features(images)
        latents: Tensor = self.head.encode({self.modality: found})[self.modality]
        return latents

    @torch.no_grad()
    def states(self, images: Tensor) -> NDArray[np.complex128]:
        """The circuit's final states (n, 2^W) for normalised images; a head without a circuit raises `InputError`."""
        was_training = self.training
        self.eval()
        try:
            features = torch.cat([self._features(part) for part in images.split(CHUNK)])
            found: NDArray[np.complex128] = self.head.states({self.modality: features})[self.modality]
            return found
        finally:
            self.train(was_training)

    def project(self, latents: Tensor) -> Tensor:
        """Projections of latents, (n, W): the input of the loss."""
        seen: Tensor = self.head.project({self.modality: latents.to(self.device)})[self.modality]
        return seen

    @torch.no_grad()
    def represent(self, images: Tensor) -> Tensor:
        """Representations of any number of images, on the CPU and without gradients."""
        was_training = self.training
        self.eval()
        try:
            return torch.cat([self(part).cpu() for part in images.split(CHUNK)])
        finally:
            self.train(was_training)


class ImageStep:
    """One step of Adam on a loss of two views; each view passes through the network separately, as in the code."""

    def __init__(
        self, network: ImageNetwork, loss: NTXent | None = None, *, weight_decay: float = WEIGHT_DECAY
    ) -> None:
        """The default loss is NT-Xent with τ = 0.07."""
        self.network = network
        self.loss = loss or NTXent(NTXentConfig())
        self.optimizer = Adam(network.parameters(), weight_decay=weight_decay)

    def __call__(self, first: Tensor, second: Tensor, *, rate: float = LEARNING_RATE) -> float:
        """Make one step on views (n, 3, h, w) and return the loss before it; a single image raises `InputError`."""
        self.network.train()
        one, other = (self.network.project(self.network(view)) for view in (first, second))
        loss = self.loss.between(one, other)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step(rate=rate)
        return float(loss.detach())
