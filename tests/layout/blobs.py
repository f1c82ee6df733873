"""Points in well separated classes, for the tests of layouts."""

from __future__ import annotations

import numpy as np


def blobs(
    count: int = 150, *, classes: int = 3, width: int = 8, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, width) float32 around one centre per class, with their classes (count,)."""
    rng = np.random.default_rng(seed)
    centres = 6.0 * np.random.default_rng(99).normal(size=(classes, width))
    numbers = np.arange(count) % classes
    return (centres[numbers] + rng.normal(size=(count, width))).astype(np.float32), numbers
