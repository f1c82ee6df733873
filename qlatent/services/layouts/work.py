"""Compute layouts as the work of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.layout import aligned, umap
from qlatent.layout.plane import plane
from qlatent.layout.umap import UmapConfig
from qlatent.services.layouts.extension import extended
from qlatent.services.layouts.points import LayoutPoints, neighbours_among, neighbours_of_new, points_of
from qlatent.services.layouts.quality import quality
from qlatent.services.layouts.requests import config_of
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import Layout, expected
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays, Cancelled, Progress

FITTED = 50_000  # points whose layout is computed; further ones are placed beside them
Phase = Callable[[str], None]
WARMING = "Compiling (some seconds, once for each run)"


def carry_out(workspace: Workspace, job: Job) -> str:
    """Compute a layout and its quality, and save both in the run folder; returns the final state.

    A resumed run begins again: nothing is kept between epochs.
    """
    spec = expected(job.spec, Layout)
    try:
        job.phase("Reading vectors")
        points = points_of(workspace, spec)
        begun = time.perf_counter()
        arrays = _arrays(workspace, spec, points, job)
        seconds = time.perf_counter() - begun
        job.progress(epochs_of(spec, len(points.rows)), epochs_of(spec, len(points.rows)))
        job.phase("Measuring")
        figures = quality_of(workspace, spec, points, arrays["places"])
    except Cancelled:
        return "stopped"
    job.folder.write_layout(arrays)
    counted = {"points": len(points.rows), "left_out": points.left_out, "seconds": seconds}
    job.folder.write_figures({**figures, **counted})
    return job.finish(**figures, **counted)


def _arrays(workspace: Workspace, spec: Layout, points: LayoutPoints, job: Job) -> Arrays:
    """The arrays of a new layout, or of one that gets further items."""
    if not spec.extends:
        return laid_out(points, spec, progress=job.progress_or_cancel, phase=job.phase)
    job.phase("Placing new items")
    epochs = epochs_of(spec, len(points.rows))
    return extended(workspace, spec, points, progress=_waiting(job.progress_or_cancel, epochs))


def laid_out(
    points: LayoutPoints, spec: Layout, *, progress: Progress | None = None, phase: Phase = lambda text: None
) -> Arrays:
    """The arrays that are stored of a layout: `rows`, `places` (n, c) or (F, n, c), `steps`, and for further items
    `fitted` (the points that were laid out, as indices) or `mean` and `axes` of a plane."""
    config = config_of(spec)
    stored: Arrays = {"rows": points.rows, "steps": np.array(points.steps, dtype=np.int64)}
    if spec.method == "pca":
        flat = plane([points.frames[0].astype(np.float64)], dimensions=spec.dimensions)
        places = flat.project(points.frames[0]).astype(np.float32)
        return stored | {"places": places, "mean": flat.mean, "axes": flat.axes}
    if spec.method == "aligned":
        phase(WARMING)
        metric = "euclidean" if spec.metric == "log_fidelity" else spec.metric
        told = _told(progress, phase)
        return stored | {
            "places": aligned.lay_out_frames(points.frames, config, metric=metric, progress=told)
        }
    return stored | _by_umap(points.frames[0], spec, config, progress, phase)


def epochs_of(spec: Layout, points: int) -> int:
    """The number of epochs of a layout; principal axes count as one."""
    if spec.method == "pca":
        return 1
    if spec.method == "aligned":
        return spec.epochs or aligned.EPOCHS
    return config_of(spec).epochs_for(min(points, FITTED))


def _by_umap(
    points: NDArray[np.float32], spec: Layout, config: UmapConfig, progress: Progress | None, phase: Phase
) -> Arrays:
    fitted = np.arange(len(points))
    if len(points) > FITTED:
        fitted = np.sort(np.random.default_rng(spec.seed).choice(len(points), FITTED, replace=False))
    drawn, waiting = points[fitted], _waiting(progress, config.epochs_for(len(fitted)))
    phase(f"Finding neighbours among {len(drawn):,} points")
    near = neighbours_among(drawn, spec, progress=waiting)
    phase(WARMING)
    told = _told(progress, phase)
    places = np.empty((len(points), spec.dimensions), dtype=np.float32)
    places[fitted] = umap.lay_out(drawn, near, config, progress=told)
    rest = np.setdiff1d(np.arange(len(points)), fitted)
    if len(rest):
        phase(f"Placing {len(rest):,} further points")
        near = neighbours_of_new(points[rest], drawn, spec, progress=_checking(progress, config, len(fitted)))
        places[rest] = umap.add(near, places[fitted], config)
    return {"places": places, "fitted": fitted}


def _waiting(progress: Progress | None, epochs: int) -> Progress | None:
    """Reports that no epoch is done yet, and so hears of a stop."""
    return None if progress is None else lambda done, total: progress(0, epochs)


def _checking(progress: Progress | None, config: UmapConfig, points: int) -> Progress | None:
    """Reports that all epochs are done."""
    epochs = config.epochs_for(points)
    return None if progress is None else lambda done, total: progress(epochs, epochs)


def _told(progress: Progress | None, phase: Phase) -> Progress | None:
    """Reports epochs, and that the compiler has finished with the first."""
    if progress is None:
        return None

    def tell(done: int, total: int | None) -> None:
        if done:
            phase("")
        progress(done, total)

    return tell


def quality_of(
    workspace: Workspace, spec: Layout, points: LayoutPoints, places: NDArray[np.float32]
) -> dict[str, float]:
    """The figures of a layout, of several frames those of the last; labels as they are in the dataset now."""
    last = places[-1] if places.ndim == 3 else places
    labels = labels_of(workspace, spec, points.rows)
    return quality(points.frames[-1], last, metric=spec.metric, labels=labels, seed=spec.seed)


def labels_of(workspace: Workspace, spec: Layout, rows: NDArray[np.int64]) -> list[str | None]:
    """The labels of these rows; empty if no item has one."""
    column: Any = workspace.items.table(spec.dataset, columns=["label"], version=spec.dataset_version)[
        "label"
    ]
    labels: list[str | None] = column.take(rows).to_pylist()
    return labels if any(labels) else []
