"""A small experiment, helpers for tests of several services, and a table of metrics written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qlatent.services.experiments.grid import Grid
from qlatent.types import Item

WIDTH = 8
QUICK = {"epochs": 3, "batch_size": 16, "depth": 1, "snapshots": 3}


def labelled(count: int = 80, *, seed: int = 0) -> list[Item]:
    """Pairs whose vectors share a direction that depends on the label."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, WIDTH))
    items = []
    for number in range(count):
        image = centres[number % 3] + 0.4 * rng.normal(size=WIDTH)
        vectors = {"image": image, "text": image + 0.2 * rng.normal(size=WIDTH)}
        items.append(
            Item(
                id=f"item-{number:03}",
                label=f"label-{number % 3}",
                text=f"text {number}",
                vectors={name: vector.astype(np.float32) for name, vector in vectors.items()},
            )
        )
    return items


def grid(**changes) -> Grid:
    """Two quantum heads, one dimension that fits and one that does not, two seeds."""
    values = {
        "heads": ("acqua", "acqua_separable:depth=2"), "dims": (2, 11), "seeds": 2, "settings": QUICK,
    }  # fmt: skip
    return Grid("pairs", **(values | changes))


def rows(metric: str = "spearman", *, dim: int = 2, **values: Sequence[float | None]) -> list[dict[str, Any]]:
    """Rows of one metric: head → value by seed."""
    return [
        {"head": head, "objective": "none" if head == "pca" else "stress", "dim": dim, "seed": seed,
         "metric": metric, "value": value, "low": None if value is None else value - 0.1,
         "high": None if value is None else value + 0.1, "n": 10}
        for head, given in values.items()
        for seed, value in enumerate(given)
    ]  # fmt: skip
