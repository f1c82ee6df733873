"""Select the points of a map inside a lasso, in the coordinates the map was drawn in."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.layout.lasso import inside
from qlatent.registry import resolve as imported
from qlatent.services.layouts.tours import TourRequest, toured
from qlatent.services.runs import frames
from qlatent.services.runs.specs import training_spec
from qlatent.services.selections.definitions import DrawnMap, Lasso
from qlatent.services.selections.selections import check_present
from qlatent.services.vectors.planes import vector_map
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

_ZERO = 2**15  # the int16 -32768 stands for the coordinate `low`
_HIGHEST = 2**15 - 1
_KEPT = 4  # maps of runs in memory: of 20,000 items, 2 modalities and 60 frames, 35 MB each

MAPS = {
    "tour": "qlatent.services.selections.maps:of_tour",
    "run": "qlatent.services.selections.maps:of_run",
    "layout": "qlatent.services.selections.layouts:of_layout",
    "encoder": "qlatent.services.selections.maps:of_vectors",
}
"""Where the points of a map come from: a function of the workspace, the dataset and the map."""


class Points(NamedTuple):
    """The points of a map: rows (n,) of a dataset, and their places (n, c) by modality."""

    dataset: str
    rows: NDArray[np.int64]
    places: Arrays


def inside_lasso(workspace: Workspace, dataset: str, lasso: Lasso) -> NDArray[np.int64]:
    """The rows with a point inside the lasso, in any of the modalities that the map shows."""
    found = points(workspace, dataset, lasso.on)
    masks = [_caught(places, lasso) for places in found.places.values()]
    return found.rows[np.any(masks, axis=0)]


def points(workspace: Workspace, dataset: str, on: DrawnMap) -> Points:
    """The points of a map; one of another dataset raises `InputError`, a removed one `AbsentError`."""
    kind = next(each for each in MAPS if getattr(on, each))  # of a tour first
    read: Callable[[Workspace, str, DrawnMap], Points] = imported(MAPS[kind])
    found = read(workspace, dataset, on)
    if found.dataset != dataset:
        raise InputError(
            f"The selection was made on a map of {found.dataset!r}, not of {dataset!r}.",
            remedy=f"Open the selection on {found.dataset!r}.",
        )
    return found


def of_run(workspace: Workspace, dataset: str, on: DrawnMap) -> Points:
    """The points of a frame of a run; a removed run or an unknown frame or view raises an error that says so."""
    check_present(workspace, "run", on.run)
    drawing = frames.Drawing(on.view or None, on.basis, len(on.low), on.norm)
    found = evolution(workspace, on.run, drawing, count=on.frames)
    if on.frame >= len(found.steps):
        raise InputError(f"Run {on.run} has no frame {on.frame}; it has {len(found.steps)}.")
    places = {name: each[on.frame] for name, each in found.places.items()}
    return Points(training_spec(workspace.run(on.run)).dataset, found.rows, places)


def of_vectors(workspace: Workspace, dataset: str, on: DrawnMap) -> Points:
    """The points of a dataset's vectors in their plane or space."""
    found = vector_map(
        workspace, dataset, on.encoder, view=on.view, dimensions=len(on.low), norm=on.norm, version=on.version
    )
    return Points(dataset, found.rows, found.places)


def of_tour(workspace: Workspace, dataset: str, on: DrawnMap) -> Points:
    """The points of a plane of a tour; a removed run or an unknown plane raises an error that says so."""
    if on.run:
        check_present(workspace, "run", on.run)
    found = toured(workspace, tour_of(dataset, on))
    if on.frame >= len(found.index):
        raise InputError(f"The tour has no plane {on.frame}; it has {len(found.index)}.")
    return Points(found.dataset, found.rows, {name: each[on.frame] for name, each in found.places.items()})


def tour_of(dataset: str, on: DrawnMap) -> TourRequest:
    """The tour that a map shows a plane of."""
    if not on.tour:
        raise InputError("This is the map of no tour.", remedy="Start a tour.")
    return TourRequest(dataset, on.encoder, on.version, on.run, on.of, on.view, on.tour)


def evolution(
    workspace: Workspace, run: str, drawing: frames.Drawing, *, count: int | None = None
) -> frames.Evolution:
    """The first `count` frames of a run (None: all) as `frames.evolution` reads them.

    They are kept in memory, since a map and each lasso on it ask for the same.
    """
    there = len(frames.frame_steps(workspace, run))
    return _evolution(workspace, run, drawing, min(count or there, there))


@lru_cache(maxsize=_KEPT)
def _evolution(workspace: Workspace, run: str, drawing: frames.Drawing, count: int) -> frames.Evolution:
    return frames.evolution(workspace, run, drawing, upto_frame=count - 1)


def quantised(places: NDArray[np.floating], on: DrawnMap) -> NDArray[np.int16]:
    """Finite places (n, c) as the int16 values that the map was drawn with."""
    values = np.rint((places.astype(np.float64) - on.low) / on.step - _ZERO)
    return np.clip(values, -_HIGHEST, _HIGHEST).astype(np.int16)


def _caught(places: NDArray[np.floating], lasso: Lasso) -> NDArray[np.bool_]:
    """Mask (n,) of the points inside; those without a place are not."""
    known = np.isfinite(places).all(axis=1)
    caught = np.zeros(len(places), dtype=np.bool_)
    values = quantised(places[known], lasso.on)
    if lasso.on.camera is None:
        caught[known] = inside(values, np.array(lasso.polygon))
    else:
        camera = np.reshape(lasso.on.camera, (2, 4))
        caught[known] = inside(values @ camera[:, :3].T + camera[:, 3], np.array(lasso.polygon))
    return caught
