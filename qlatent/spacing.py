"""Choose evenly spaced rows where all rows would be too many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def evenly(total: int, most: int) -> NDArray[np.intp]:
    """At most `most` of the positions 0 … total-1, ascending and evenly spaced, with the first and the last."""
    return np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(np.intp))
