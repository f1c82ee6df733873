"""The part of a head that is computed here: from vectors to the angles of its circuit, and from ⟨Z⟩ to latents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.circuit import Circuit
from qlatent.errors import AbsentError, InputError
from qlatent.hardware.work import RunOptions, Work
from qlatent.services.heads import kept_heads
from qlatent.services.runs.specs import HardwareJob
from qlatent.services.vectors import stored
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.workspace import Workspace

if TYPE_CHECKING:
    from qlatent.heads.base import AbstractHead

Array = NDArray[np.float64]
NAME = "prepared"


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a device is to execute, for n items; `circuits` holds one recompiled circuit an item, or nothing."""

    circuit: Circuit
    weights: Array  # (weights,)
    angles: Array  # (n, inputs), radians
    ids: tuple[str, ...]
    labels: tuple[str, ...]  # "" where unknown
    circuits: tuple[Circuit, ...] = ()
    overlaps: tuple[float, ...] = ()  # of the recompiled circuits' states

    def work(self, options: RunOptions, items: NDArray[np.int64] | None = None) -> Work:
        """The work of all items, or of some (indices); angles that are not finite raise `InputError`."""
        chosen = np.arange(len(self.ids)) if items is None else items
        if self.circuits:
            circuits = tuple(self.circuits[each] for each in chosen)
            return Work(self.circuit, self.weights, np.empty((len(chosen), 0)), options, circuits)
        return Work(self.circuit, self.weights, self.angles[chosen], options)


def prepare(workspace: Workspace, spec: HardwareJob) -> Prepared:
    """Compute the angles of the job's items with its head; torch is imported here."""
    _check_head(workspace, spec)
    head = _head(workspace.heads_path / spec.head_id)
    rows = np.asarray(spec.rows, dtype=np.int64)
    mapped = stored.mapped(workspace, spec.dataset, spec.encoder, spec.modality, version=spec.dataset_version)
    from qlatent.heads import arrays

    fed = arrays.circuit_inputs(head, {spec.modality: np.asarray(mapped[rows])})
    config: Any = head.config
    circuit = config.circuit()
    if fed is None or circuit is None:
        raise InputError(
            f"The head of job {spec.name!r} has no circuit.", remedy="Choose a head that has one."
        )
    weights = kept_heads.weights(workspace, spec.head_id)[config.circuit_tensor(spec.modality)].astype(float)
    columns: Any = workspace.items.table(spec.dataset, columns=["id", "label"], version=spec.dataset_version)
    taken = columns.take(rows)
    labels = tuple(label or "" for label in taken["label"].to_pylist())
    angles = fed[spec.modality].astype(float)
    made = Prepared(circuit, weights, angles, tuple(taken["id"].to_pylist()), labels)
    made.work(spec.options)  # refuses what is not finite, before anything is recompiled
    return _recompiled(made) if spec.recompiled else made


def _check_head(workspace: Workspace, spec: HardwareJob) -> None:
    try:
        kept_heads.usable(kept_heads.view(workspace, spec.head_id))
    except AbsentError as err:
        raise AbsentError(
            f"The head {spec.head_id} of this job was removed before the job began; nothing was submitted.",
            remedy=f"`qlatent restore {spec.head_id}` brings it back within a day; then resume the job.",
        ) from err


def _recompiled(made: Prepared) -> Prepared:
    from qlatent.hardware.recompile import recompile

    found = list(recompile(made.circuit, made.angles, made.weights))
    return Prepared(
        made.circuit, made.weights, made.angles, made.ids, made.labels,
        tuple(each.circuit for each in found), tuple(each.overlap for each in found),
    )  # fmt: skip


def keep(workspace: Workspace, spec: HardwareJob, files: JobFiles) -> Prepared:
    """What was prepared earlier for this job, or now; head and angles are copied, so that it needs nothing else."""
    if files.has(NAME):
        return read(files)
    made = prepare(workspace, spec)
    files.copy_head(workspace.heads_path / spec.head_id)
    document = {
        "circuit": made.circuit.to_json(), "circuits": [each.to_json() for each in made.circuits],
        "ids": list(made.ids), "labels": list(made.labels), "overlaps": list(made.overlaps),
    }  # fmt: skip
    files.write(NAME, document, {"angles": made.angles, "weights": made.weights})
    return made


def read(files: JobFiles) -> Prepared:
    """What was prepared for a job; `StoreError` before its worker has done so."""
    document, arrays = files.read(NAME)
    return Prepared(
        Circuit.from_json(document["circuit"]), arrays["weights"], arrays["angles"], tuple(document["ids"]),
        tuple(document["labels"]), tuple(map(Circuit.from_json, document["circuits"])),
        tuple(document["overlaps"]),
    )  # fmt: skip


def latents(files: JobFiles, modality: str, expectations: Array) -> Array:
    """Latents (n, k) that the job's copy of the head makes of ⟨Z⟩ (n, observables); rows of NaN stay NaN."""
    from qlatent.heads import arrays

    made = arrays.circuit_latents(_head(files.head_path), {modality: expectations})
    return made[modality].astype(float)


def latent_errors(files: JobFiles, modality: str, errors: Array) -> Array:
    """Standard errors (n, k) of the latents from those of ⟨Z⟩ (n, observables), taken as independent.

    What follows a circuit is nothing or a linear layer, whose matrix is read off the latents of unit vectors. Qubits
    read in the same shots are correlated; that is left out.
    """
    units = np.vstack([np.eye(errors.shape[1]), np.zeros((1, errors.shape[1]))])
    image = latents(files, modality, units)
    matrix = image[:-1] - image[-1]  # (observables, k)
    found: Array = np.sqrt(errors**2 @ matrix**2)
    return found


def _head(folder: Path) -> AbstractHead:
    from qlatent.heads import saving  # torch comes with the first head

    return saving.load(folder)
