"""Where the items of a job lie on a map: exactly, by other jobs and by this one, with arrows. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.layout import lasso
from qlatent.layout.plane import plane
from qlatent.layout.quantised import NOWHERE, Quantised, quantise
from qlatent.services.hardware import listing, prepared, results
from qlatent.services.hardware.results import JobResults
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.workspace import Workspace

Array = NDArray[np.float64]
MOST_ARROWS = 300
CONFIDENCE = 0.95
REACH = float(np.sqrt(-2 * np.log(1 - CONFIDENCE)))
"""Standard errors from the middle to the edge of an ellipse that holds 95 % of a normal distribution in a plane."""
_CORNERS = 24
_HEAD = 0.012  # length of an arrow's head, as a share of the map


@dataclass(frozen=True, eq=False)
class Placed:
    """The m items of a job in one plane, by S stages in the order of the arrows; the first is exact.

    The plane is that of the exact latents; latents of at most two dimensions are shown as they are.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    stages: tuple[str, ...]
    positions: Quantised  # (S, m, 2)
    places: Array  # (S, m, 2)
    spreads: Array  # (S, m, 2, 2): covariances by the shots
    explained: float  # share of the exact latents' variance
    moved: Array  # (m,): distance of the last stage from the exact latent, in all dimensions


def placed(stages: Sequence[tuple[str, JobResults]]) -> Placed:
    """The places of the items that all of these jobs have results of; the last job is the one that is looked at.

    Raises what `results.shared` raises.
    """
    jobs = results.shared([each for _, each in stages])
    last = jobs[-1]
    exact = last.exact_latents
    found = plane([exact], "last")
    latents = [exact, *(each.latents for each in jobs)]
    errors = [np.zeros_like(exact), *(each.latent_errors for each in jobs)]
    places = np.stack([found.project(each) for each in latents]).astype(float)
    axes = found.axes.astype(float)  # (k, 2)
    spreads = np.stack([np.einsum("ka,nk,kb->nab", axes, each**2, axes) for each in errors])
    names = ("Exact", *(name for name, _ in stages))
    moved = np.linalg.norm(last.latents - exact, axis=1)
    explained = float(found.explained[0])
    return Placed(last.ids, last.labels, names, quantise(places), places, spreads, explained, moved)


def rows(workspace: Workspace, job: str) -> dict[str, int]:
    """The dataset row of each item of a job, by the item's id."""
    spec = listing.job(workspace, job).spec
    made = prepared.read(JobFiles(workspace.run(job)))
    return dict(zip(made.ids, spec.rows, strict=True)) if spec else {}


def shown(found: Placed, chosen: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """The items that get arrows and ellipses: the chosen ones or all, at most `MOST_ARROWS`, evenly spaced."""
    items = np.arange(len(found.ids)) if chosen is None else np.flatnonzero(chosen)
    return items[spacing.evenly(len(items), MOST_ARROWS)] if len(items) else items


def arrows(found: Placed, items: NDArray[np.int64], *, stage: int) -> list[Array]:
    """Arrows of these items to a stage from the one before it, each as a line (5, 2) in units of the positions."""
    reach = _HEAD * float(np.ptp(found.places, axis=(0, 1)).max())
    drawn = []
    for start, end in zip(found.places[stage - 1, items], found.places[stage, items], strict=True):
        way = end - start
        length = float(np.hypot(*way))
        if length <= 0:
            continue
        along = way / length * min(reach, 0.5 * length)
        across = np.array([-along[1], along[0]]) * 0.5
        drawn.append(np.stack([start, end, end - along + across, end, end - along - across]))
    return [_values(found.positions, each) for each in drawn]


def ellipses(found: Placed, items: NDArray[np.int64], *, stage: int) -> list[Array]:
    """The ellipses in which 95 % of repetitions of a stage would place these items, by the shots alone.

    They are closed lines (corners, 2) in units of the positions; items without an error have none.
    """
    turn = np.linspace(0, 2 * np.pi, _CORNERS + 1)
    circle = np.stack([np.cos(turn), np.sin(turn)])  # (2, corners)
    drawn = []
    for place, spread in zip(found.places[stage, items], found.spreads[stage, items], strict=True):
        sizes, axes = np.linalg.eigh(spread)
        if sizes[-1] <= 0:
            continue
        edge = (axes * np.sqrt(np.maximum(sizes, 0.0))) @ circle * REACH
        drawn.append(_values(found.positions, place + edge.T))
    return drawn


def only(found: Placed, stage: int) -> Quantised:
    """The positions of one stage, on the axes of all."""
    return Quantised(found.positions.values[stage : stage + 1], found.positions.low, found.positions.step)


def inside(found: Placed, polygon: NDArray[np.int16], *, stage: int) -> NDArray[np.int64]:
    """The items whose place at a stage is inside a lasso."""
    return np.flatnonzero(lasso.inside(found.positions.values[stage], polygon))


def _values(positions: Quantised, coordinates: Array) -> Array:
    return (coordinates - positions.low) / positions.step + NOWHERE
