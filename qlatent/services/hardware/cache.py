"""What earlier jobs have measured already, so that nothing is paid twice. Torch-free.

Two results are the same if circuit, weights, angles, shots, device, calibration, mitigation and optimisation level are.
Angles are the same within `TOLERANCE`, since the last digits of a linear layer depend on how many items it is given; it
is far below any shot noise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from qlatent.errors import StoreError
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import RunOptions
from qlatent.services.hardware import outcomes, prepared
from qlatent.services.hardware.prepared import Prepared
from qlatent.store.disk import json_bytes
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

TOLERANCE = 1e-5  # radians, in each angle


@dataclass(frozen=True, eq=False)
class Known:
    """Items (m,) of a job, as indices, that were measured before, their results, and by which jobs."""

    items: NDArray[np.int64]
    arrays: Arrays
    jobs: tuple[str, ...]


def context(made: Prepared, options: RunOptions, runner: AbstractRunner) -> str:
    """The hash of all that two jobs must share for their results to be the same, but angles and calibration.

    Where nothing is computed elsewhere, the seed is among it: it draws the shots.
    """
    parts = [
        made.circuit.to_json(), made.weights.tobytes().hex(), bool(made.circuits), runner.device, options.shots,
        options.mitigation, options.optimization_level, None if runner.remote else options.seed,
    ]  # fmt: skip
    return hashlib.sha256(json_bytes(parts)).hexdigest()[:32]


def known(workspace: Workspace, made: Prepared, context: str, *, calibration: str) -> Known | None:
    """The items that have results of earlier jobs, or attempts at this job, in this context; None if there is none."""
    found: dict[int, tuple[str, int]] = {}
    kept: dict[str, Arrays] = {}
    for event in workspace.catalogue.job_events.of_kinds(["result", "partial"]):
        alike = (event.payload.get("context"), event.payload.get("calibration")) == (context, calibration)
        if not alike or len(found) == len(made.ids):
            continue
        try:
            files = JobFiles(workspace.run(event.job))
            angles, arrays = prepared.read(files).angles, files.read(outcomes.NAME)[1]
        except StoreError:  # it was removed
            continue
        kept[event.job] = arrays
        for item, place in _matches(made.angles, angles, outcomes.measured(arrays)):
            found.setdefault(item, (event.job, place))
    return _gathered(found, kept) if found else None


def _matches(
    asked: NDArray[np.float64], there: NDArray[np.float64], measured: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Pairs of an asked row and a measured one with the same angles."""
    places = np.flatnonzero(measured)
    if not len(places):
        return []
    distances, nearest = cKDTree(there[places]).query(asked, p=np.inf, distance_upper_bound=TOLERANCE)
    return [(int(item), int(places[nearest[item]])) for item in np.flatnonzero(np.isfinite(distances))]


def _gathered(found: dict[int, tuple[str, int]], kept: dict[str, Arrays]) -> Known:
    items = np.array(sorted(found), dtype=np.int64)
    arrays = {
        name: np.stack([kept[job][name][place] for job, place in (found[int(each)] for each in items)])
        for name in outcomes.MEASURED
    }
    return Known(items, arrays, tuple(sorted({job for job, _ in found.values()})))
