"""A narrow backbone with ResNet-18's interface, for tests of what happens around it: 80,000 weights, not 11 million."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Narrow(nn.Module):
    """Two convolutions with batch norms: (n, 3, h, w) → (n, 512)."""

    def __init__(self, weights: Any = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 512, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(512)
        self.fc: nn.Module = nn.Linear(512, 1000)

    def forward(self, images: Tensor) -> Tensor:
        seen = torch.relu(self.bn1(self.conv1(images)))
        found: Tensor = self.fc(torch.relu(self.bn2(self.conv2(seen))).mean(dim=(2, 3)))
        return found
