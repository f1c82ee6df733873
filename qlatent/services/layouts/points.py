"""The points that a layout is made of, read again whenever they are needed; a layout keeps only their rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.layout.neighbours import Neighbours, itself_first, nearest, nearest_known
from qlatent.metrics.retrieval import search
from qlatent.services.runs.specs import Layout
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.types import Progress

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LayoutPoints:
    """The points of a layout; `frames` has one entry unless all frames of a run are laid out together."""

    rows: NDArray[np.int64]  # (n,): rows of the dataset
    frames: tuple[Floats, ...]  # each (n, d)
    steps: tuple[int, ...]  # of the frames; empty for vectors
    left_out: int  # rows with NaN, infinity or no vector


def points_of(workspace: Workspace, spec: Layout) -> LayoutPoints:
    """The points that `spec` lays out, without those that cannot be drawn; none left raise `InputError`."""
    found = _latents(workspace, spec) if spec.run else _vectors(workspace, spec)
    if not len(found.rows):
        raise InputError(
            f"None of the {found.left_out:,} {spec.modality} vectors can be laid out: they have no numbers.",
            remedy=stored.encode_first(spec.dataset),
        )
    return found


def _vectors(workspace: Workspace, spec: Layout) -> LayoutPoints:
    version = spec.dataset_version
    vectors = stored.mapped(workspace, spec.dataset, spec.encoder, spec.modality, version=version)
    rows = np.flatnonzero(stored.whole(vectors))
    return LayoutPoints(rows, (np.asarray(vectors[rows], dtype=np.float32),), (), len(vectors) - len(rows))


def _latents(workspace: Workspace, spec: Layout) -> LayoutPoints:
    folder = workspace.run(spec.run)
    steps = folder.snapshot_steps() if spec.step is None else [spec.step]
    frames = [folder.snapshot(step)[spec.modality] for step in steps]
    known = np.all([np.isfinite(frame).all(axis=1) for frame in frames], axis=0)
    rows = np.asarray(folder.probe()["rows"], dtype=np.int64)
    return LayoutPoints(
        rows[known], tuple(frame[known] for frame in frames), tuple(steps), int((~known).sum())
    )


def neighbours_among(points: Floats, spec: Layout, *, progress: Progress | None = None) -> Neighbours:
    """The neighbours of each point by the metric of the layout, the point itself first."""
    return by_metric(points, k=spec.neighbours, metric=spec.metric, progress=progress)


def by_metric(points: Floats, *, k: int, metric: str, progress: Progress | None = None) -> Neighbours:
    """The `k` nearest of `points` (n, d) to each by cosine, Euclidean distance or log-fidelity, itself first."""
    if metric == "log_fidelity":
        k = min(k, len(points))
        return itself_first(_by_fidelity(points, points, min(k + 1, len(points))), k)
    return nearest(points, k=k, metric="cosine" if metric == "cosine" else "euclidean", progress=progress)


def neighbours_of_new(
    new: Floats, known: Floats, spec: Layout, *, progress: Progress | None = None
) -> Neighbours:
    """The known points nearest to each new one by the metric of the layout."""
    if spec.metric != "log_fidelity":
        return nearest_known(new, known, k=spec.neighbours, metric=spec.metric, progress=progress)
    return _by_fidelity(new, known, min(spec.neighbours, len(known)))


def _by_fidelity(asked: Floats, known: Floats, k: int) -> Neighbours:
    rows, scores = search.top(known, asked, k, metric="log_fidelity")
    return Neighbours(rows.astype(np.int32), (-scores).astype(np.float32))
