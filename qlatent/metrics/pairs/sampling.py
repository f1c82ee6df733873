"""Which rows a figure is computed from: drawn once by a seed, and said in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def drawn_rows(rows: int, *, modalities: int, sample: int, seed: int) -> NDArray[np.int64]:
    """Rising numbers of the items drawn so that the points of all their modalities number at most `sample`.

    At least one item is drawn; all are where they fit.
    """
    size = min(rows, max(1, sample // modalities))
    return np.sort(np.random.default_rng(seed).permutation(rows)[:size])


def described(taken: int, total: int, *, points: int, seed: int) -> str:
    """ "all 900 items (1,800 points)" or "1,000 of 9,000 items (2,000 points), seed 0"."""
    items = f"all {total:,} items" if taken == total else f"{taken:,} of {total:,} items"
    joint = f" ({points:,} points)" if points != taken else ""
    return f"{items}{joint}" + ("" if taken == total else f", seed {seed}")
