"""Select on a stored layout: the points of its map, and its clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.layouts import layouts, reading
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.selections.definitions import Cluster, DrawnMap
from qlatent.services.selections.maps import Points
from qlatent.services.selections.selections import check_present
from qlatent.store.workspace import Workspace


def of_layout(workspace: Workspace, dataset: str, on: DrawnMap) -> Points:
    """The points of a stored layout; a removed layout or an unknown frame or view raises an error that says so."""
    found = _read(workspace, on.layout)
    if on.frame >= len(found.frames):
        raise InputError(f"Layout {on.layout} has no frame {on.frame}; it has {len(found.frames)}.")
    if on.view not in ("", found.modality):
        raise InputError(f"Layout {on.layout} shows {found.modality!r}, not {on.view!r}.")
    if len(on.low) != found.places.shape[1]:
        raise InputError(f"Layout {on.layout} has {found.places.shape[1]} dimensions, not {len(on.low)}.")
    return Points(found.dataset, found.rows, {found.modality: found.frames[on.frame]})


def in_cluster(workspace: Workspace, dataset: str, definition: Cluster) -> NDArray[np.int64]:
    """The rows of a cluster; `settings` are `smallest` and `fill` of `layout.clusters.clusters`.

    Another dataset, an unknown setting and a number that the layout does not have raise `InputError`.
    """
    found = _read(workspace, definition.layout)
    if found.dataset != dataset:
        raise InputError(
            f"The cluster is of a layout of {found.dataset!r}, not of {dataset!r}.",
            remedy=f"Open the selection on {found.dataset!r}.",
        )
    unknown = set(definition.settings) - {"smallest", "fill"}
    if unknown:
        raise InputError(f"Clusters have no setting {min(unknown)!r}.", remedy="Use smallest and fill.")
    smallest, fill = definition.settings.get("smallest", 0), definition.settings.get("fill", False)
    if not isinstance(smallest, int) or not isinstance(fill, bool):
        raise InputError("The size of a cluster is a whole number, and fill is true or false.")
    clusters = reading.clusters_of(workspace, found, smallest=smallest, fill=fill)
    if definition.number >= clusters.count:
        raise InputError(f"Layout {found.id} has {clusters.count} clusters, no number {definition.number}.")
    return found.rows[clusters.members(definition.number)]


def _read(workspace: Workspace, layout: str) -> StoredLayout:
    check_present(workspace, "run", layout)
    return layouts.read(workspace, layout)
