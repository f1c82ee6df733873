"""About how long a layout takes, from the layouts that this workspace has; nothing is computed for it."""

from __future__ import annotations

from qlatent.services.layouts.requests import LayoutRequest
from qlatent.services.runs import listing
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Layout
from qlatent.store.workspace import Workspace

FITTED = 50_000  # points whose layout is computed; further ones are placed beside them
EACH = 1.9e-6  # seconds for each point and epoch on one core: benchmarks/layout_times.py
SEARCH = (
    2e-8  # seconds for each pair of a point and one that is laid out, to find neighbours among 384 numbers
)
PLACING = 3.7e-4  # seconds for each further point, beside its search
BESIDES = 12.0  # seconds to start a worker, compile, and measure the quality


def usual_seconds(workspace: Workspace, request: LayoutRequest, *, points: int) -> float:
    """The expected seconds of a layout of one frame of so many points, until it can be shown.

    Epochs take their time in proportion to points: as quick as the newest layout of the same method in this workspace,
    or as the benchmark where there is none. The search for neighbours grows with the square. The layout of all frames
    is measured instead: see `reading.expected_seconds`.
    """
    if request.method == "pca":
        return BESIDES
    work = min(points, FITTED) * request.umap.epochs_for(min(points, FITTED))
    return _besides(points) + work * (_measured(workspace, request) or EACH)


def _besides(points: int) -> float:
    """Seconds for all but the epochs."""
    fitted = min(points, FITTED)
    return BESIDES + SEARCH * fitted * points + PLACING * (points - fitted)


def _measured(workspace: Workspace, request: LayoutRequest) -> float | None:
    """Seconds for each point and epoch of the newest such layout, None without one; small ones tell nothing."""
    for run in listing.list_runs(workspace, "layout"):
        spec = run.spec
        if run.state != "finished" or not isinstance(spec, Layout):
            continue
        if (spec.method, spec.densmap) == (request.method, request.densmap):
            return _seconds_each(workspace, run)
    return None


def _seconds_each(workspace: Workspace, run: RunSummary) -> float | None:
    figures = listing.measured(workspace, run.id)
    points = int(figures.get("points", 0))
    work = min(points, FITTED) * run.status.steps
    return max(0.0, figures["seconds"] - _besides(points)) / work or None if work else None
