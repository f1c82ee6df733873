"""The pairs of contents that lie near each other, found once up to a widest distance by comparing all with all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qlatent.types import Progress

MOST = 1_000_000
"""Pairs that are kept: where more lie within the widest distance, the widest distance is drawn in."""


class Contents(Protocol):
    """n contents whose distances can be told, and how many numbers of them are computed at once."""

    block: int

    def __len__(self) -> int: ...

    def distances(self, start: int, stop: int, begin: int) -> NDArray[Any]:
        """The distances (stop - start, n - begin) of contents start … stop to all from `begin` on."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """All p pairs of contents that are at most `widest` apart, the nearest first."""

    first: NDArray[np.int32]  # (p,) the smaller number of each pair
    second: NDArray[np.int32]  # (p,)
    distance: NDArray[np.float32]  # (p,) ascending
    widest: float  # -1 where even the nearest pairs are too many

    def __len__(self) -> int:
        return len(self.distance)


def near(contents: Contents, *, widest: float, most: int = MOST, progress: Progress | None = None) -> Pairs:
    """The pairs of `contents` at most `widest` apart, or up to a smaller distance if there are more than `most`.

    Takes time in proportion to n², and memory for twice `most` pairs.
    """
    count, kept = len(contents), _Kept(widest, most)
    rows = max(1, contents.block // max(1, count))
    for start in range(0, count, rows):
        stop = min(start + rows, count)
        found = contents.distances(start, stop, start)
        left, right = np.nonzero(found <= kept.widest)
        later = right > left
        left, right = left[later], right[later]
        kept.add(left + start, right + start, found[left, right])
        if progress is not None:
            done = stop * (2 * count - stop)  # pairs, twice
            progress(round(count * done / count**2), count)
    return kept.pairs()


class _Kept:
    """Pairs as they are found, of which the nearest are kept."""

    def __init__(self, widest: float, most: int) -> None:
        self.widest, self._most = widest, most
        self._parts: list[tuple[NDArray[Any], ...]] = []
        self._total = 0

    def add(self, first: NDArray[Any], second: NDArray[Any], distance: NDArray[Any]) -> None:
        self._parts.append((first.astype(np.int32), second.astype(np.int32), distance.astype(np.float32)))
        self._total += len(first)
        if self._total > 2 * self._most:
            self._draw_in()

    def pairs(self) -> Pairs:
        if self._total > self._most:
            self._draw_in()
        first, second, distance = self._joined()
        order = np.lexsort((second, first, distance))
        return Pairs(first[order], second[order], distance[order], self.widest)

    def _joined(self) -> tuple[NDArray[Any], ...]:
        empty = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))
        return tuple(np.concatenate(each) for each in zip(empty, *self._parts, strict=True))

    def _draw_in(self) -> None:
        """Keep the pairs nearer than the first that is too many: all up to the new widest distance are there."""
        first, second, distance = self._joined()
        beyond = np.partition(distance, self._most)[self._most]
        inside = distance < beyond
        self._parts = [(first[inside], second[inside], distance[inside])]
        self._total = int(inside.sum())
        self.widest = float(distance[inside].max(initial=-1.0))
