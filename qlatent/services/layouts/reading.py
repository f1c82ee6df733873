"""What helps to read the places of a map: dense regions, trust in each point, outliers, and how long a layout takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.errors import ConfigError
from qlatent.layout import trust
from qlatent.layout.clusters import Clusters, clusters
from qlatent.layout.neighbours import Metric, nearest
from qlatent.services.layouts import requests
from qlatent.services.layouts.points import by_metric, points_of
from qlatent.services.layouts.requests import LayoutRequest, config_of
from qlatent.store.workspace import Workspace

NEIGHBOURS = 10  # by which trust is judged
JUDGED = (
    20_000  # points; of more so many are judged among themselves, since all distances between them are needed
)
Values = NDArray[np.float64]  # (n,)
Floats = NDArray[np.floating]


def clusters_of(places: Mapping[str, Floats], *, smallest: int = 0, fill: bool = False) -> Clusters:
    """The dense regions of the places (n, c) of all modalities together, as in `layout.clusters.clusters`.

    Numbers are (m · n,), modality after modality; a point without a place is in no cluster and does not count.
    """
    pooled = np.concatenate(list(places.values()))
    placed = np.isfinite(pooled).all(axis=1)
    found = clusters(pooled[placed], smallest=smallest, fill=fill)
    numbers = np.full(len(pooled), -1, dtype=np.int64)
    numbers[placed] = found.numbers
    return Clusters(numbers, found.count, found.noise)


def trust_of(vectors: Floats, places: Floats, *, metric: str = "cosine") -> Values:
    """The share of each point's 10 nearest `places` (n, c) that are among its 10 nearest `vectors` (n, d): (n,).

    NaN for a point without a place or vector. Of more than 20,000 points so many, evenly spaced, are judged among
    themselves; the others are NaN.
    """
    judged = _judged(vectors, places)
    found = np.full(len(places), np.nan)
    k = min(NEIGHBOURS + 1, len(judged))
    if k > 1:
        before = by_metric(np.asarray(vectors[judged], dtype=np.float32), k=k, metric=metric)
        found[judged] = trust.local_trust(before, nearest(places[judged], k=k, metric="euclidean"))
    return found


def outliers_of(vectors: Floats, *, metric: str = "cosine") -> Values:
    """The local outlier factor of each of `vectors` (n, d): (n,), about 1 in the midst of others, larger for one apart.

    NaN for a point without a vector. Of more than 20,000 points so many, evenly spaced, are judged among themselves.
    """
    judged = _judged(vectors)
    found = np.full(len(vectors), np.nan)
    how: Metric = "cosine" if metric == "cosine" else "euclidean"
    found[judged] = trust.outlier_factor(np.asarray(vectors[judged], dtype=np.float32), metric=how)
    return found


def _judged(*given: Floats) -> NDArray[np.intp]:
    known = np.flatnonzero(np.all([np.isfinite(each).all(axis=1) for each in given], axis=0))
    return known[spacing.evenly(len(known), JUDGED)] if len(known) > JUDGED else known


def expected_seconds(workspace: Workspace, request: LayoutRequest) -> float:
    """The expected seconds of a layout of all frames, measured by a few epochs of a part of them.

    The measurement itself waits for numba's compiler, about half a minute.
    """
    from qlatent.layout.aligned import estimate

    if request.method != "aligned":
        raise ConfigError(
            "Only the layout of all frames is measured beforehand.", remedy="Use method aligned."
        )
    spec = requests.spec(workspace, request)
    metric: Metric = "cosine" if spec.metric == "cosine" else "euclidean"
    return estimate(points_of(workspace, spec).frames, config_of(spec), metric=metric).seconds
