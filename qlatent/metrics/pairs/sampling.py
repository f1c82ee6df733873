"""Draw the sample of rows that a metric is computed from, and describe it in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def drawn_rows(rows: int, *, modalities: int, sample: int, seed: int) -> NDArray[np.int64]:
    """Ascending numbers of the drawn items, whose points of all modalities number at most `sample`.

    Draws at least one item, and all items if they fit.
    """
    size = min(rows, max(1, sample // modalities))
    return np.sort(np.random.default_rng(seed).permutation(rows)[:size])


def described(taken: int, total: int, *, points: int, seed: int) -> str:
    """The sample in words: "all 900 items (1,800 points)" or "1,000 of 9,000 items (2,000 points), seed 0"."""
    items = f"all {total:,} items" if taken == total else f"{taken:,} of {total:,} items"
    joint = f" ({points:,} points)" if points != taken else ""
    return f"{items}{joint}" + ("" if taken == total else f", seed {seed}")
