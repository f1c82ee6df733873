"""How far a layout can be believed: neighbourhoods and labels on the map beside those among the vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry.neighbourhoods import neighbourhood_change
from qlatent.metrics.pairs.distances import Metric

SAMPLE = 3000  # points; of larger layouts so many are drawn, since all distances between them are needed
NEIGHBOURS = 10

Rows = NDArray[np.int64]
Floats = NDArray[np.floating]


def quality(
    points: Floats,
    places: Floats,
    *,
    metric: Metric = "cosine",
    labels: Sequence[str | None] = (),
    seed: int = 0,
) -> dict[str, float]:
    """Figures of a layout of `points` (n, d) at `places` (n, c), each from 0 to 1.

    `trustworthiness` falls with false neighbours on the map, `continuity` with lost ones, `neighbour_overlap` is the
    share of a point's 10 nearest that the map keeps. With `labels` (n,), "" or None where unknown:
    `neighbour_accuracy`, how often the 10 nearest on the map name a point's label, beside
    `neighbour_accuracy_vectors`, the same among the vectors. All are taken on at most 3,000 points drawn with `seed`;
    `measured_points` says how many. A figure is left out where it is undefined: fewer than 21 points, or no two points
    of one label.
    """
    compared = Comparison(
        {"map": points}, {"map": places}, input_distance=metric, labels=labels or None, sample=SAMPLE, seed=seed,
        k=min(NEIGHBOURS, max(1, len(points) - 1)),
    )  # fmt: skip
    figures = {"measured_points": float(compared.points)}
    if compared.points < 3:
        return figures
    change = neighbourhood_change(compared)
    found = {
        "trustworthiness": change.trust.mean(), "continuity": change.continuity.mean(),
        "neighbour_overlap": 1.0 - change.change.mean(),
    }  # fmt: skip
    if compared.labels is not None and len(compared.labels):
        words = compared.labels[compared.before.rows]
        before, after = compared.sides()
        found["neighbour_accuracy"] = neighbour_accuracy(after.neighbours, words)
        found["neighbour_accuracy_vectors"] = neighbour_accuracy(before.neighbours, words)
    return figures | {name: float(value) for name, value in found.items() if np.isfinite(value)}


def neighbour_accuracy(neighbours: Rows, labels: NDArray[np.str_]) -> float:
    """How often the most frequent label among a point's `neighbours` (n, k), nearest first, is its own.

    Points without a label ("") neither vote nor count; of equally frequent labels that of the nearest is taken. NaN
    without a label that two points share.
    """
    names, numbers = np.unique(labels, return_inverse=True)
    known = np.flatnonzero(labels != "")
    if not len(known) or len(np.unique(numbers[known])) == len(known):
        return float("nan")
    votes = np.where(labels[neighbours[known]] != "", numbers[neighbours[known]], -1)  # (m, k)
    weights = 1.0 + np.linspace(1e-3, 0.0, votes.shape[1])  # a tie goes to the label that comes nearer
    counts = np.zeros((len(known), len(names)))
    np.add.at(counts, (np.arange(len(known))[:, None], votes), np.where(votes >= 0, weights, 0.0))
    voted = (votes >= 0).any(axis=1)
    return float((voted & (counts.argmax(axis=1) == numbers[known])).mean())
