"""What helps to read a layout: clusters with names, trust in each point, outliers, and how long one will take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import ConfigError
from qlatent.layout import trust
from qlatent.layout.class_words import class_words
from qlatent.layout.clusters import Clusters, centres, clusters
from qlatent.layout.contours import SHARES, Contour, contours
from qlatent.layout.neighbours import Metric, nearest
from qlatent.services.layouts import requests
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.layouts.points import neighbours_among, points_of
from qlatent.services.layouts.requests import LayoutRequest
from qlatent.services.runs import specs
from qlatent.services.runs.specs import Layout, expected
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

NEIGHBOURS = 10  # by which trust is judged
Values = NDArray[np.float64]  # (n,)


@dataclass(frozen=True)
class NamedClusters:
    """The clusters of a layout, the largest first."""

    clusters: Clusters
    words: tuple[tuple[str, ...], ...]  # what sets the texts of each apart; empty where there are none
    centres: NDArray[np.int64]  # the dataset row of the item that stands for each

    @property
    def names(self) -> list[str]:
        """A name for each: its words, or its number from 1 where it has none."""
        return [", ".join(each) or f"Cluster {number}" for number, each in enumerate(self.words, start=1)]


def clusters_of(
    workspace: Workspace, layout: StoredLayout, *, smallest: int = 0, fill: bool = False
) -> Clusters:
    """The dense regions of a layout, as in `layout.clusters.clusters`; those of a few layouts are kept in memory."""
    if not layout.id:
        return clusters(layout.places, smallest=smallest, fill=fill)
    return _kept_clusters(workspace.run(layout.id).path, smallest, fill)


@lru_cache(maxsize=16)
def _kept_clusters(folder: Path, smallest: int, fill: bool) -> Clusters:
    places = RunFolder(folder).layout()["places"]
    return clusters(places[-1] if places.ndim == 3 else places, smallest=smallest, fill=fill)


def named_clusters(
    workspace: Workspace, layout: StoredLayout, *, smallest: int = 0, fill: bool = False
) -> NamedClusters:
    """The dense regions of a layout with their words and the items that stand for them.

    `smallest` and `fill` as in `layout.clusters.clusters`. The item that stands for a cluster lies nearest to the mean
    of its places.
    """
    found = clusters_of(workspace, layout, smallest=smallest, fill=fill)
    column = workspace.items.table(layout.dataset, columns=["text"], version=layout.dataset_version)["text"]
    texts = [text or "" for text in column.take(layout.rows).to_pylist()]
    words = tuple(class_words(texts, found.numbers))
    return NamedClusters(found, words, layout.rows[centres(layout.places, found.numbers)])


def density(layout: StoredLayout, *, shares: tuple[float, ...] = SHARES) -> list[Contour]:
    """Contours of the density of a layout on a plane, one for each share of the items that lie inside.

    A layout in space raises `InputError`.
    """
    return contours(layout.places, shares=shares)


def trust_of(workspace: Workspace, layout: StoredLayout) -> Values:
    """The share of each item's 10 nearest on the map that are among its 10 nearest vectors: (n,), 0 to 1."""
    points, spec = _points(workspace, layout)
    k = min(NEIGHBOURS + 1, len(points))
    before = neighbours_among(points, spec.model_copy(update={"neighbours": k}))
    return trust.local_trust(before, nearest(layout.places, k=k, metric="euclidean"))


def outliers_of(workspace: Workspace, layout: StoredLayout) -> Values:
    """The local outlier factor of each item's vector: (n,), about 1 in the midst of others, larger for one apart."""
    points, spec = _points(workspace, layout)
    return trust.outlier_factor(points, metric="cosine" if spec.metric == "cosine" else "euclidean")


def expected_seconds(workspace: Workspace, request: LayoutRequest) -> float:
    """The expected seconds of a layout of all frames, measured by a few epochs of a part of them.

    The measurement itself waits for numba's compiler, about half a minute.
    """
    from qlatent.layout.aligned import estimate
    from qlatent.services.layouts.work import config_of

    if request.method != "aligned":
        raise ConfigError(
            "Only the layout of all frames is measured beforehand.", remedy="Use method aligned."
        )
    spec = requests.spec(workspace, request)
    metric: Metric = "cosine" if spec.metric == "cosine" else "euclidean"
    return estimate(points_of(workspace, spec).frames, config_of(spec), metric=metric).seconds


def _points(workspace: Workspace, layout: StoredLayout) -> tuple[NDArray[np.float32], Layout]:
    """The vectors of a stored layout's items, read anew, and its spec."""
    spec = expected(specs.of(workspace.run(layout.id)), Layout)
    return points_of(workspace, spec).frames[-1], spec
