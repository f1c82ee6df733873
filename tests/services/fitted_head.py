"""A small fitted head, and the vectors of `run_workspace.small` as its inputs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

import qlatent
from tests.services import run_workspace

COUNT = 40


@lru_cache(maxsize=1)
def fitted() -> qlatent.Estimator:
    """A head of two qubits; fitted once, so do not change it."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(COUNT, run_workspace.WIDTH)) for name in ("image", "text")}
    settings = {"qubits": 2, "depth": 1, "epochs": 2, "batch_size": 16}
    return qlatent.create("acqua", input_dim=run_workspace.WIDTH, **settings).fit(arrays)


def vectors() -> dict[str, np.ndarray]:
    """Image and text vectors of the items, in their order."""
    items = run_workspace.pairs(COUNT)
    return {name: np.stack([item.vectors[name] for item in items]) for name in ("image", "text")}
