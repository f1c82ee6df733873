"""Results of jobs, read from their folders: ⟨Z⟩ and latents beside the exact ones, figures, and jobs compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.metrics.geometry import point_neighbours
from qlatent.metrics.probes.probe import Confusion, Labelled, linear_probe, stratified_folds
from qlatent.services.hardware import measured, outcomes, prepared
from qlatent.services.hardware.prepared import Prepared
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

FOLDS = 5
LEAST_LABELLED = 20  # items with a label below which a probe says nothing
MEANT = {
    "slope": ("Slope", "Measured ≈ slope × exact, the mean over the qubits. 1 is a perfect device."),
    "mean_error": ("Mean error", "Mean of |measured − exact| over items and qubits."),
    "standard_error": ("By the shots", "Mean standard error of a value; what exceeds it is noise."),
    "from_exact": ("From exact", "Mean distance of an item's latent from its exact one."),
    "step": ("Step", "Mean distance from the row above; in the first row from the exact latents."),
    "neighbour_overlap": (
        "Neighbours kept",
        "Share of each item's nearest neighbours that are the same by the exact latents.",
    ),
    "probe_accuracy": ("Linear probe", "Accuracy of a linear probe on these latents."),
}
"""Title and meaning of what `path` tells of a job."""
Array = NDArray[np.float64]
_ARRAYS = ("expectations", "errors", "raw", "exact", "latents", "latent_errors", "exact_latents")


@dataclass(frozen=True, eq=False)
class JobResults:
    """Results of the m items of a job that have any, in the order of its rows."""

    id: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]  # "" where unknown
    expectations: Array  # (m, observables), mitigated
    errors: Array  # (m, observables), standard errors by the shots
    raw: Array  # (m, observables), as measured
    exact: Array  # (m, observables)
    latents: Array  # (m, k)
    latent_errors: Array  # (m, k)
    exact_latents: Array  # (m, k), the simulator's
    facts: dict[str, Any]  # shots, seconds, calibration, versions, items, left_out

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Line:
    """The straight line measured = offset + slope · exact of one qubit, by least squares, and its mean error."""

    slope: float  # nan if all exact values are the same
    offset: float
    bias: float  # mean of measured − exact
    error: float  # mean of |measured − exact|


def read(workspace: Workspace, job: str) -> JobResults:
    """The results of a job, also in part; `StoreError` before there are any."""
    files = JobFiles(workspace.run(job))
    document, arrays = files.read(outcomes.NAME)
    made = prepared.read(files)
    return _results(job, document, arrays, made)


def _results(job: str, document: dict[str, Any], arrays: Arrays, made: Prepared) -> JobResults:
    whole = np.flatnonzero(outcomes.measured(arrays))
    return JobResults(
        job, tuple(made.ids[each] for each in whole), tuple(made.labels[each] for each in whole),
        **{name: arrays[name][whole] for name in _ARRAYS}, facts=document,
    )  # fmt: skip


def table(workspace: Workspace, job: str) -> pd.DataFrame:
    """The table of a job's results, as in `measured.table`."""
    files = JobFiles(workspace.run(job))
    arrays = files.read(outcomes.NAME)[1]
    return measured.table(prepared.read(files).ids, arrays)


def lines(found: JobResults) -> tuple[Line, ...]:
    """How each qubit's ⟨Z⟩ follows the exact value: 1 and 0 are perfect, noise shrinks the slope."""
    return tuple(
        _line(exact, given) for exact, given in zip(found.exact.T, found.expectations.T, strict=True)
    )


def _line(exact: Array, given: Array) -> Line:
    off = given - exact
    slope = offset = float("nan")
    if len(exact) > 1 and np.ptp(exact) > 1e-9:
        slope, offset = (float(each) for each in np.polyfit(exact, given, 1))
    return Line(slope, offset, float(off.mean()), float(np.abs(off).mean()))


def neighbour_overlap(one: Array, other: Array, *, k: int = point_neighbours.K) -> float:
    """The mean share of each item's k nearest neighbours in `one` (m, d) that it has in `other` too: 0 to 1.

    NaN with fewer than three items, where there is nothing to choose.
    """
    if len(one) < 3:
        return float("nan")
    k = min(k, len(one) - 2)
    return float(1.0 - np.nanmean(point_neighbours.neighbourhood_change(one, other, k=k)))


def probe(latents: Array, labels: Sequence[str], *, seed: int = 0) -> Confusion | None:
    """The confusion matrix of a linear probe on these latents (m, k): every labelled item is predicted once, by a probe
    that was fitted to the other folds. None with fewer than `LEAST_LABELLED` labelled items or two classes."""
    known = np.flatnonzero([bool(label) for label in labels])
    names, classes = np.unique(np.array(labels)[known], return_inverse=True)
    if len(known) < LEAST_LABELLED or len(names) < 2:
        return None
    features = latents[known]
    folds = stratified_folds(classes, folds=FOLDS, seed=seed)
    predicted = np.empty(len(known), dtype=np.int64)
    for fold in range(FOLDS):
        held = folds == fold
        data = Labelled(
            features[~held], classes[~held], features[held], classes[held], tuple(map(str, names))
        )
        predicted[held] = linear_probe(data, seed=seed)[0]
    counts = np.bincount(classes * len(names) + predicted, minlength=len(names) ** 2)
    return Confusion(tuple(map(str, names)), counts.reshape(len(names), len(names)))


def figures(found: JobResults, *, probed: bool = True) -> dict[str, float]:
    """What the device kept: mean slope, offset and error of its qubits, neighbour overlap with the simulator's latents,
    and if `probed` the accuracy of a linear probe on both, where there are labels."""
    qubits = lines(found)
    told = {
        "items": float(len(found)),
        "slope": float(np.nanmean([each.slope for each in qubits])) if _any_slope(qubits) else float("nan"),
        "offset": float(np.nanmean([each.offset for each in qubits])) if _any_slope(qubits) else float("nan"),
        "mean_error": float(np.mean([each.error for each in qubits])),
        "standard_error": float(found.errors.mean()),
        "neighbour_overlap": neighbour_overlap(found.exact_latents, found.latents),
    }
    for name, latents in (("probe_accuracy", found.latents), ("probe_accuracy_exact", found.exact_latents)):
        confusion = probe(latents, found.labels) if probed else None
        if confusion is not None:
            told[name] = confusion.accuracy
    return told


def _any_slope(qubits: Sequence[Line]) -> bool:
    return any(np.isfinite(each.slope) for each in qubits)


def shared(jobs: Sequence[JobResults]) -> list[JobResults]:
    """These jobs with the items alone that all of them have results of, in the order of the last.

    Raises `InputError` for jobs without a common item, or with latents of another size.
    """
    among = set.intersection(*(set(each.ids) for each in jobs))
    common = [name for name in jobs[-1].ids if name in among]
    sizes = [each.latents.shape[1] for each in jobs]
    if not common or len(set(sizes)) > 1:
        raise InputError(
            f"The jobs have {len(common)} items in common, and latents of {', '.join(map(str, sizes))} dimensions.",
            remedy="Compare jobs of one head on the same items.",
        )
    return [_only(each, common) for each in jobs]


def path(jobs: Sequence[JobResults], *, probed: bool = True) -> list[dict[str, float]]:
    """The figures of each job on the items that all have, as `figures`, with two mean distances between latents.

    `from_exact` is that from the exact latents, `step` that from the job before it, of the first from the exact ones.
    Raises what `shared` raises.
    """
    alike = shared(jobs)
    before = [alike[0].exact_latents, *(each.latents for each in alike[:-1])]
    return [
        figures(each, probed=probed)
        | {"from_exact": _distance(each.latents, each.exact_latents), "step": _distance(each.latents, last)}
        for each, last in zip(alike, before, strict=True)
    ]


def _distance(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one - other, axis=1).mean())


def _only(found: JobResults, ids: Sequence[str]) -> JobResults:
    places = {name: place for place, name in enumerate(found.ids)}
    at = np.array([places[each] for each in ids])
    arrays = {name: getattr(found, name)[at] for name in _ARRAYS}
    labels = tuple(found.labels[each] for each in at)
    return JobResults(found.id, tuple(ids), labels, **arrays, facts=found.facts)
