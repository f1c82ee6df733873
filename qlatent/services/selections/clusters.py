"""Select a cluster of the points on a map: of a stored layout, or of the plane of a run or of vectors."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.layout.clusters import Clusters
from qlatent.services.layouts import layouts, reading
from qlatent.services.selections import maps
from qlatent.services.selections.definitions import Cluster, DrawnMap
from qlatent.services.selections.maps import Points
from qlatent.services.selections.selections import check_present
from qlatent.store.workspace import Workspace

KEPT = 8  # maps whose clusters are in memory


def in_cluster(workspace: Workspace, dataset: str, definition: Cluster) -> NDArray[np.int64]:
    """The rows with a point in a cluster; `settings` are `smallest` and `fill` of `layout.clusters.clusters`.

    A map of another dataset, an unknown setting and a number that the map does not have raise `InputError`.
    """
    on = definition.on or _whole(workspace, definition.layout)
    if on.run or on.layout:
        check_present(workspace, "run", on.run or on.layout)
    found, clusters = clustered(workspace, dataset, on, *_settings(definition))
    if definition.number >= clusters.count:
        raise InputError(f"The map has {clusters.count} clusters, no number {definition.number}.")
    return found.rows[np.unique(clusters.members(definition.number) % max(1, len(found.rows)))]


def clustered(
    workspace: Workspace, dataset: str, on: DrawnMap, smallest: int, fill: bool
) -> tuple[Points, Clusters]:
    """The points of a map, and the clusters of all of them, modality after modality."""
    return _clustered(workspace, dataset, on.unmeasured, smallest, fill)


@lru_cache(maxsize=KEPT)
def _clustered(
    workspace: Workspace, dataset: str, on: DrawnMap, smallest: int, fill: bool
) -> tuple[Points, Clusters]:
    found = maps.points(workspace, dataset, on)
    return found, reading.clusters_of(found.places, smallest=smallest, fill=fill)


def _whole(workspace: Workspace, layout: str) -> DrawnMap:
    """The map of a stored layout, of several frames the last."""
    check_present(workspace, "run", layout)
    found = layouts.read(workspace, layout)
    axes = found.places.shape[1]
    return DrawnMap(layout=layout, frame=len(found.frames) - 1, low=(0.0,) * axes, step=(1.0,) * axes)


def _settings(definition: Cluster) -> tuple[int, bool]:
    unknown = set(definition.settings) - {"smallest", "fill"}
    if unknown:
        raise InputError(f"Clusters have no setting {min(unknown)!r}.", remedy="Use smallest and fill.")
    smallest, fill = definition.settings.get("smallest", 0), definition.settings.get("fill", False)
    if not isinstance(smallest, int) or not isinstance(fill, bool):
        raise InputError("The size of a cluster is a whole number, and fill is true or false.")
    return smallest, fill
