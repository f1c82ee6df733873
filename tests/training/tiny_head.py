"""The smallest head and objective that meet the training contract: two linear autoencoders."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from qlatent.objectives.base import AbstractObjective, nearness
from qlatent.objectives.configs import ObjectiveConfig
from qlatent.training.core.configs import TrainingConfig
from qlatent.training.vectors.data import TrainingData, from_arrays

WIDTH, LATENT = 6, 3


class TinyHead(nn.Module):
    """A linear encoder and decoder for each modality."""

    prepared = False

    def __init__(self, modalities: tuple[str, ...] = ("image", "text"), *, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.modalities = modalities
        self.there = nn.ModuleDict({name: nn.Linear(WIDTH, LATENT) for name in modalities})
        self.back = nn.ModuleDict({name: nn.Linear(LATENT, WIDTH) for name in modalities})

    def encode(self, inputs):
        return {name: torch.tanh(self.there[name](x)) for name, x in inputs.items()}

    def decode(self, latents):
        return {name: self.back[name](z) for name, z in latents.items()}

    def prepare(self, inputs):
        """Do nothing."""

    similarity = staticmethod(nearness)


class TinyObjective(AbstractObjective):
    """Mean squared reconstruction of each modality."""

    reconstructs = True

    def __call__(self, inputs, latents, reconstructions, similarity=None):
        parts = {f"reconstruction_{m}": (inputs[m] - reconstructions[m]).square().mean() for m in inputs}
        return {"total": torch.stack(list(parts.values())).sum(), **parts}


objective = TinyObjective(ObjectiveConfig())


def arrays(count: int = 50, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Random pairs, (count, WIDTH) each."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(count, WIDTH)).astype(np.float32) for name in ("image", "text")}


def settings(**values) -> TrainingConfig:
    """A short training: 40 learned pairs of 50, 5 batches an epoch."""
    return TrainingConfig(**{"epochs": 6, "batch_size": 8, "learning_rate": 0.01, "snapshots": 5} | values)


def data(config: TrainingConfig | None = None) -> TrainingData:
    """The data of a short training."""
    return from_arrays(arrays(), config or settings())
