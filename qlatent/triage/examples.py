"""Which members of a group to look at before deciding all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths

Rows = NDArray[np.int64]
_LOOKED_AT = 2_000  # members and others that are compared with each other
_AT_ONCE = 20_000


def examples(
    vectors: NDArray[np.float32] | None, group: Rows, *, count: int, rng: np.random.Generator
) -> tuple[Rows, Rows, Rows]:
    """The members of a group (m,) at its boundary, random ones, and the most different ones, each at most `count`.

    Vectors (n, d) are compared by cosine. At the boundary are the members with the nearest neighbour outside the group,
    looked for among the 2,000 members farthest from the group's mean and the 2,000 others nearest to it; the most
    different ones are the farthest from the mean. No item is in two of the three. Without vectors (None, or NaN rows)
    members are only drawn at random.
    """
    empty = np.empty(0, dtype=np.int64)
    different = boundary = empty
    if vectors is not None and len(group):
        to_mean = _to_mean(vectors, group)
        inside = np.zeros(len(vectors), dtype=np.bool_)
        inside[group] = True
        known = np.isfinite(to_mean)
        members = _by(to_mean, np.flatnonzero(inside & known))
        others = _by(-to_mean, np.flatnonzero(~inside & known))[:_LOOKED_AT]
        different = members[:count]
        looked_at = members[count : count + _LOOKED_AT]
        if len(others) and len(looked_at):
            nearest = (lengths.unit(vectors[looked_at]) @ lengths.unit(vectors[others]).T).max(axis=1)
            boundary = looked_at[np.argsort(-nearest, kind="stable")[:count]]
    left = np.setdiff1d(group, np.concatenate([different, boundary]))
    random = np.sort(rng.choice(left, size=min(count, len(left)), replace=False)) if len(left) else empty
    return boundary, random.astype(np.int64), different


def _by(distance: NDArray[np.float64], rows: Rows) -> Rows:
    """The rows, largest distance first."""
    return rows[np.argsort(-distance[rows], kind="stable")]


def _to_mean(vectors: NDArray[np.float32], group: Rows) -> NDArray[np.float64]:
    """Cosine distance (n,) of each vector to the mean direction of the group; NaN without a vector."""
    own = lengths.unit(vectors[group])
    mean = lengths.unit(own[np.isfinite(own).all(axis=1)].sum(axis=0, dtype=np.float64))
    found = np.empty(len(vectors))
    for first in range(0, len(vectors), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        found[part] = 1.0 - lengths.unit(vectors[part]) @ mean
    return found
