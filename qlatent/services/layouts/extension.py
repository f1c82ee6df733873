"""Place further items on a stored layout: those that it has keep their places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError, StoreError
from qlatent.layout import umap
from qlatent.services.layouts.layouts import StoredLayout, read
from qlatent.services.layouts.points import LayoutPoints, neighbours_of_new, points_of
from qlatent.services.layouts.requests import config_of
from qlatent.services.runs import specs
from qlatent.services.runs.specs import Layout, expected
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays, Progress


def extended(
    workspace: Workspace, spec: Layout, points: LayoutPoints, *, progress: Progress | None = None
) -> Arrays:
    """The arrays of the layout that `spec` extends, with places for those of `points` that it does not have."""
    known = read(workspace, spec.extends)
    old = np.isin(points.rows, known.rows)
    if int(old.sum()) != len(known.rows):
        raise StoreError(
            "Items of the layout have gone from the dataset.", remedy="Lay its vectors out again."
        )
    places = np.empty((len(points.rows), known.places.shape[1]), dtype=np.float32)
    places[old] = known.places
    places[~old] = place(workspace, known, points.frames[0][~old], progress=progress)
    kept = dict(known.kept)
    if "fitted" in kept:
        kept["fitted"] = np.flatnonzero(old)[kept["fitted"]]
    return {"rows": points.rows, "steps": np.zeros(0, dtype=np.int64), "places": places, **kept}


def place(
    workspace: Workspace,
    layout: StoredLayout,
    vectors: NDArray[np.floating],
    *,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """The places (m, c) of further `vectors` (m, d) of the layout's space; NaN where a vector has no numbers.

    Places on principal axes are exact. On UMAP's layout each starts among its nearest known points and is moved by
    them, while they stay (UMAP's transform); their vectors are read anew, so the dataset or the run must be there.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    found = np.full((len(vectors), layout.places.shape[1]), np.nan, dtype=np.float32)
    good = np.isfinite(vectors).all(axis=1)
    if layout.method == "aligned":
        raise InputError(
            "A layout of several frames takes no further items.", remedy="Lay out its last frame."
        )
    if good.any():
        found[good] = _placed(workspace, layout, vectors[good], progress)
    return found


def _placed(
    workspace: Workspace, layout: StoredLayout, vectors: NDArray[np.float32], progress: Progress | None
) -> NDArray[np.float32]:
    if layout.method == "pca":
        if vectors.shape[1] != len(layout.kept["mean"]):
            raise InputError(
                f"Vectors of {vectors.shape[1]} numbers do not fit a layout of {len(layout.kept['mean'])}.",
                remedy="Use vectors of the same encoder and head.",
            )
        projected: NDArray[np.float32] = (vectors - layout.kept["mean"]) @ layout.kept["axes"]
        return projected
    spec = expected(specs.of(workspace.run(layout.id)), Layout)
    known = points_of(workspace, spec)
    if not np.array_equal(known.rows, layout.rows):
        raise StoreError("The vectors of this layout have changed.", remedy="Lay them out again.")
    fitted = layout.kept["fitted"]
    near = neighbours_of_new(vectors, known.frames[0][fitted], spec, progress=progress)
    return umap.add(near, layout.places[fitted], config_of(spec))
