"""Groups in which every member lies within the threshold of every other: complete linkage, computed once, cut anywhere.

A chain A–B–C whose ends lie too far apart is never one group. The merges of complete linkage up to a distance do not
depend on what comes later, so one pass over the pairs gives the groups of every threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.triage.duplicates.pairs import Pairs


@dataclass(frozen=True, eq=False)
class Merges:
    """The m merges of complete linkage, nearest first; `height` is the largest distance inside what was merged."""

    first: NDArray[np.int32]  # (m,) a content of the one cluster
    second: NDArray[np.int32]  # (m,) a content of the other
    height: NDArray[np.float32]  # (m,) ascending


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of n items at a threshold, numbered by their first item."""

    group: NDArray[np.int64]  # (n,) -1 for an item that is in none
    representative: NDArray[np.int64]  # (g,) the first item of each
    flat: NDArray[np.bool_]  # (n,) items whose content has no detail to be compared; in no group
    threshold: float

    def __len__(self) -> int:
        return len(self.representative)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many items each group has (g,), two at least."""
        return np.bincount(self.group[self.group >= 0], minlength=len(self)).astype(np.int64)

    def members(self, group: int) -> NDArray[np.int64]:
        """The items of a group, ascending."""
        return np.flatnonzero(self.group == group)


def linkage(pairs: Pairs) -> Merges:
    """The merges of complete linkage among contents of which `pairs` are all near ones.

    Two clusters merge with the last of the pairs between them; pairs are taken nearest first, equals in their order.
    """
    home: dict[int, int] = {}  # content → its cluster, by steps; a cluster is named by one of its contents
    size: dict[int, int] = {}
    seen: dict[int, dict[int, int]] = {}  # cluster → cluster → pairs between them so far
    merges: list[tuple[int, int, float]] = []

    def cluster(content: int) -> int:
        path = []
        while (above := home.get(content, content)) != content:
            path.append(content)
            content = above
        for each in path:
            home[each] = content
        return content

    numbers = (pairs.first.tolist(), pairs.second.tolist(), pairs.distance.tolist())
    for one, other, distance in zip(*numbers, strict=True):
        left, right = (
            cluster(one),
            cluster(other),
        )  # never the same: all pairs inside a cluster have been seen
        near_left, near_right = seen.setdefault(left, {}), seen.setdefault(right, {})
        together = near_left.get(right, 0) + 1
        if together < size.get(left, 1) * size.get(right, 1):
            near_left[right] = near_right[left] = together
            continue
        merges.append((one, other, distance))
        if len(near_left) < len(near_right):
            left, right, near_left, near_right = right, left, near_right, near_left
        near_left.pop(right, None)
        for third, count in seen.pop(right).items():
            if third != left:
                del seen[third][right]
                near_left[third] = seen[third][left] = near_left.get(third, 0) + count
        home[right] = left
        size[left] = size.get(left, 1) + size.pop(right, 1)
    first, second, height = zip(*merges, strict=True) if merges else ((), (), ())
    return Merges(np.array(first, np.int32), np.array(second, np.int32), np.array(height, np.float32))


def cut(
    merges: Merges, content: NDArray[np.int32], threshold: float, *, flat: NDArray[np.bool_] | None = None
) -> Groups:
    """The groups at a threshold of n items whose contents have these numbers (n,), -1 for an item without one.

    Items of the same content are at distance 0. Takes time in proportion to n.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = int(content.max(initial=-1)) + 1
    upto = int(np.searchsorted(merges.height, np.float32(threshold), side="right"))
    first, second = merges.first[:upto], merges.second[:upto]
    joined = coo_array((np.ones(upto, np.bool_), (first, second)), shape=(count, count))
    cluster = connected_components(joined, directed=False)[1] if count else np.empty(0, np.int32)
    group = np.full(len(content), -1, dtype=np.int64)
    given = np.flatnonzero(content >= 0)
    _, start, number, size = np.unique(
        cluster[content[given]], return_index=True, return_inverse=True, return_counts=True
    )
    shared = np.flatnonzero(size > 1)
    shared = shared[np.argsort(start[shared])]
    place = np.full(len(size), -1, dtype=np.int64)
    place[shared] = np.arange(len(shared))
    group[given] = place[number]
    marked = np.zeros(len(content), dtype=np.bool_) if flat is None else flat
    return Groups(group, given[start[shared]].astype(np.int64), marked, threshold)
