"""List and read runs from the run index and the folders of active runs. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from qlatent.errors import StoreError
from qlatent.services.runs.event_log import Columns, columns, read_log
from qlatent.services.runs.run_index import entry_of, spec_in
from qlatent.services.runs.specs import RunSpec
from qlatent.store.catalogue.records import Indexed, IndexEntry
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.runs.run_status import ACTIVE, RunStatus
from qlatent.store.workspace import Workspace


@dataclass(frozen=True)
class RunSummary:
    """One run as shown on pages and by the command line."""

    id: str
    name: str
    kind: str
    dataset: str | None
    head: str | None  # registry name; None for a run without a head
    status: RunStatus
    created: float
    path: Path  # of its folder
    part_of: str = ""  # description of the sweep that it belongs to; "" for a single run
    training_key: str = ""  # from the run index; "" until it is computed
    owner: str = ""  # who made it; "" before there were names
    claimed: float | None = None  # when it last left the queue, in unix seconds

    @cached_property
    def spec(self) -> RunSpec | None:
        """The spec, read from the folder on first use; None if it cannot be read."""
        try:
            return spec_in(self.path)
        except StoreError:
            return None

    @property
    def state(self) -> str:
        """The state: queued, running, stopped, finished, failed or interrupted."""
        return self.status.state

    @property
    def active(self) -> bool:
        """Whether the run is queued or running."""
        return self.state in ACTIVE

    @property
    def encoder(self) -> str:
        """The encoder key of the vectors that it reads; "" if there is none."""
        return str(getattr(self.spec, "encoder", ""))

    @property
    def datasets(self) -> tuple[str, ...]:
        """The ids of the datasets it reads."""
        return self.spec.datasets if self.spec else ()

    @property
    def dataset_version(self) -> int | None:
        """The version of the dataset that it was trained on; None for the newest."""
        return getattr(self.spec, "dataset_version", None)

    @property
    def progress(self) -> float:
        """The completed share, 0 to 1."""
        if self.state == "finished":
            return 1.0
        return min(1.0, self.status.step / self.status.steps) if self.status.steps else 0.0

    @property
    def message(self) -> str:
        """The state as text."""
        if self.state == "running" and self.status.phase:
            return self.status.phase
        if self.state == "running" and not self.status.steps:
            return "loading"
        if self.state in ("failed", "interrupted"):
            return f"{self.state}: {self.status.error}" if self.status.error else self.state
        return self.state


def list_runs(workspace: Workspace, kind: str | None = None) -> list[RunSummary]:
    """All runs, or those of one kind ("train" | "encode" | …), newest first."""
    listed = [_summary(workspace, each) for each in workspace.catalogue.run_index.runs(kind)]
    return sorted(listed, key=lambda each: each.created, reverse=True)


def summary(workspace: Workspace, run_id: str) -> RunSummary:
    """One run; an unknown id raises `StoreError`."""
    return _summary(workspace, workspace.catalogue.run_index.run(run_id))


def summaries(workspace: Workspace, run_ids: Iterable[str]) -> list[RunSummary]:
    """These runs, in order, by one query; an unknown id raises `StoreError`."""
    wanted = list(run_ids)
    found = {run.id: (run, entry) for run, entry in workspace.catalogue.run_index.runs()} if wanted else {}
    return [
        _summary(workspace, found[each]) if each in found else summary(workspace, each) for each in wanted
    ]


def _summary(workspace: Workspace, indexed: Indexed) -> RunSummary:
    run, entry = indexed
    path = workspace.runs_path / run.id
    try:
        entry, status = _read(path, entry)
    except StoreError as err:
        status = RunStatus(state="failed", error=err.message, remedy="Remove the run.")
    head, part_of, key = (entry.head, entry.part_of, entry.training_key) if entry else (None, "", "")
    return RunSummary(
        run.id, run.name, run.kind, run.dataset_id, head, status, run.created, path, part_of, key,
        run.owner, run.claimed,
    )  # fmt: skip


def _read(path: Path, entry: IndexEntry | None) -> tuple[IndexEntry, RunStatus]:
    """Entry and status of a run: from the index if it has ended, else from its folder."""
    if entry is not None and entry.state not in ACTIVE:
        return entry, RunStatus.of(entry.status)
    folder = RunFolder(path)
    return entry or entry_of(folder), folder.status()


def losses(workspace: Workspace, run_id: str) -> Columns:
    """Columns by step: step, total, reconstruction_…, pair_distance, epoch, time (unix s), rate (steps/s)."""
    return columns(read_log(workspace.run(run_id)).steps)


def evaluations(workspace: Workspace, run_id: str) -> Columns:
    """Metrics of the held-out rows as columns by step: step, epoch, total, its parts, pair_error."""
    return columns(read_log(workspace.run(run_id)).evaluations)


def encoder_path(workspace: Workspace, run_id: str) -> Path:
    """The folder of the trained text model of an end-to-end run."""
    return workspace.run(run_id).path / "encoder"


def metrics(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """The final metrics of a finished run; empty until then."""
    found: dict[str, Any] = read_log(workspace.run(run_id)).finish.get("metrics", {})
    return found


def measured(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """The metric panel of a finished run, with notes and confusion matrices; empty until it is measured."""
    return workspace.run(run_id).figures()
