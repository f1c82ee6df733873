"""How well pairs within a threshold are the true ones; of two sources, pairs that are each other's nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.triage.duplicates.pairs import Contents


@dataclass(frozen=True, eq=False)
class Candidates:
    """p pairs that a threshold may take, and of how many true ones there are."""

    distance: NDArray[np.floating]  # (p,)
    true: NDArray[np.bool_]  # (p,)
    owner: NDArray[np.int64]  # (p,) the item that a pair counts for, of those that are split in halves
    true_owner: NDArray[np.int64]  # (t,) the same of all true pairs, candidates or not


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 of the pairs within a threshold."""

    f1: float
    precision: float
    recall: float
    threshold: float


def mutual_best(
    contents: Contents, lefts: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The pairs of two sources that are each other's nearest: left (p,), right (p,), distance (p,).

    The first `lefts` contents are the one source, the rest the other, and right numbers begin at 0. Of equally near
    ones the first counts, so that no item is in two pairs.
    """
    rights = len(contents) - lefts
    if not lefts or not rights:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    nearest = np.empty(lefts, dtype=np.int64)
    least, back = np.full(rights, np.inf), np.full(rights, -1, dtype=np.int64)
    apart = np.empty(lefts)
    rows = max(1, contents.block // rights)
    for start in range(0, lefts, rows):
        stop = min(start + rows, lefts)
        found = contents.distances(start, stop, lefts)
        nearest[start:stop] = found.argmin(axis=1)
        apart[start:stop] = found.min(axis=1)
        closest = found.argmin(axis=0)
        distance = found[closest, np.arange(rights)]
        nearer = distance < least
        least[nearer], back[nearer] = distance[nearer], closest[nearer] + start
    left = np.flatnonzero(back[nearest] == np.arange(lefts))
    return left, nearest[left], apart[left]


def chosen_and_scored(found: Candidates, owners: int, *, seed: int, threshold: float | None = None) -> Score:
    """The score on one half of the owners at the threshold that is best on the other, or at a given one."""
    chosen_on = np.zeros(owners, dtype=np.bool_)
    chosen_on[np.random.default_rng(seed).permutation(owners)[: owners // 2]] = True
    if threshold is None:
        threshold = best_threshold(found, chosen_on)
    return scored(found, ~chosen_on, threshold)


def best_threshold(found: Candidates, half: NDArray[np.bool_]) -> float:
    """The distance up to which pairs of these owners (a mask) have the largest F1; 0 where there is none."""
    among = half[found.owner]
    order = np.argsort(found.distance[among], kind="stable")
    distance, hits = found.distance[among][order], np.cumsum(found.true[among][order])
    last = np.append(distance[1:] != distance[:-1], True)[
        : len(distance)
    ]  # equal distances are taken together
    if not len(distance):
        return 0.0
    f1 = 2 * hits / (np.arange(1, len(distance) + 1) + half[found.true_owner].sum())
    return float(distance[np.where(last, f1, -1).argmax()])


def scored(found: Candidates, half: NDArray[np.bool_], threshold: float) -> Score:
    """The score of the pairs of these owners (a mask) at a threshold; what has no denominator is 0."""
    taken = half[found.owner] & (found.distance <= threshold)
    hits, all_true = int(found.true[taken].sum()), int(half[found.true_owner].sum())
    count = int(taken.sum())
    return Score(
        2 * hits / (count + all_true) if count + all_true else 0.0, hits / count if count else 0.0,
        hits / all_true if all_true else 0.0, threshold,
    )  # fmt: skip
