"""Tours of a run's latents or a dataset's vectors, as arrays that a map can draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.layout import tour
from qlatent.services.layouts import requests
from qlatent.services.layouts.points import LayoutPoints, points_of
from qlatent.services.layouts.requests import LayoutRequest
from qlatent.services.layouts.work import labels_of
from qlatent.services.runs.specs import Layout
from qlatent.store.workspace import Workspace

WIDEST = 16  # dimensions of a tour; of wider points the leading principal axes are toured
JUDGED = 2000  # points by which a guided tour judges a plane


@dataclass(frozen=True)
class Tour:
    """A sequence of planes; `points @ planes[i]` are the coordinates of step i."""

    rows: NDArray[np.int64]  # (n,): rows of the dataset
    points: NDArray[np.float32]  # (n, k), about their mean
    planes: NDArray[np.float32]  # (P, k, 2), each a small turn from the last
    separation: NDArray[np.float64]  # (P,): how far the classes lie apart in each, 0 to 1; NaN without labels
    explained: float  # share of the variance of the vectors that the k numbers hold


def toured(workspace: Workspace, request: LayoutRequest, *, guided: bool = False, targets: int = 8) -> Tour:
    """A tour of what `request` names (source, modality, step and seed; the method does not matter).

    The grand tour turns to `targets` random planes, the guided one to ever better ones and at last to the plane on
    which the classes lie furthest apart. Raises `InputError` for fewer than three dimensions, and for a guided tour
    without two classes.
    """
    spec, found = _found(workspace, request)
    points, explained = _narrowed(found.frames[0])
    words = np.array([label or "" for label in labels_of(workspace, spec, found.rows) or [""] * len(points)])
    known = np.flatnonzero(words != "")
    classes = len(np.unique(words[known]))
    if guided and classes < 2:
        raise InputError(
            f"A guided tour needs items of two classes; there are {classes}.", remedy="Take a grand tour."
        )
    if not guided:
        planes = tour.grand_tour(points.shape[1], targets=targets, seed=spec.seed)
    judged = _drawn(known, spec.seed)
    index = tour.class_separation(words[judged])
    if guided:
        end = tour.separating_plane(points[judged], words[judged])
        planes = tour.guided_tour(points[judged], index, seed=spec.seed, end=end)
    apart = [index(points[judged].astype(np.float64) @ each) if classes > 1 else np.nan for each in planes]
    return Tour(found.rows, points, planes.astype(np.float32), np.array(apart), explained)


def _found(workspace: Workspace, request: LayoutRequest) -> tuple[Layout, LayoutPoints]:
    spec = requests.spec(workspace, request).model_copy(update={"method": "pca"})
    return spec, points_of(workspace, spec)


def _narrowed(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """The points about their mean, by their leading principal axes if they are wide, and the share of variance left."""
    centred = points - points.mean(axis=0)
    if centred.shape[1] <= WIDEST:
        return centred, 1.0
    values, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)  # ascending
    total = float(values.sum())
    narrow: NDArray[np.float32] = centred @ axes[:, : -WIDEST - 1 : -1].astype(np.float32)
    return narrow, float(values[-WIDEST:].sum() / total) if total > 0 else 1.0


def _drawn(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    if len(rows) <= JUDGED:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, JUDGED, replace=False))
