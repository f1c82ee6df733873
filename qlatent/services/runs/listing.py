"""Runs looked at: what the catalogue and their folders say of them. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qlatent.errors import StoreError
from qlatent.services.runs import specs
from qlatent.services.runs.event_log import Columns, columns, journal
from qlatent.services.runs.specs import RunSpec
from qlatent.store.catalogue.records import RunRecord
from qlatent.store.runs.run_folder import RunStatus
from qlatent.store.workspace import Workspace

WAITING = ("queued", "running")


@dataclass(frozen=True)
class RunView:
    """One run as pages and the command line show it."""

    id: str
    name: str
    kind: str
    dataset: str | None
    head: str | None  # its name in the registry; None for an encoding
    spec: RunSpec | None  # None where it cannot be read
    status: RunStatus
    created: float

    @property
    def state(self) -> str:
        """queued | running | stopped | finished | failed | interrupted."""
        return self.status.state

    @property
    def active(self) -> bool:
        """Whether something will still happen without anybody's doing."""
        return self.state in WAITING

    @property
    def encoder(self) -> str:
        """The key of the vectors it reads; empty where there is none."""
        return str(getattr(self.spec, "encoder", ""))

    @property
    def datasets(self) -> tuple[str, ...]:
        """The ids of the datasets it reads."""
        return self.spec.datasets if self.spec else ()

    @property
    def dataset_version(self) -> int | None:
        """The version of the dataset it learned from; None for the newest."""
        return getattr(self.spec, "dataset_version", None)

    @property
    def part_of(self) -> str:
        """The table of many runs that it was made for, in words; "" for a run of its own."""
        if self.spec is None:
            return ""
        return self.spec.part_of or ("an experiment" if getattr(self.spec, "panel", False) else "")

    @property
    def progress(self) -> float:
        """How much is done: 0 to 1."""
        if self.state == "finished":
            return 1.0
        return min(1.0, self.status.step / self.status.steps) if self.status.steps else 0.0

    @property
    def message(self) -> str:
        """The state in words."""
        if self.state == "running" and not self.status.steps:
            return "loading"
        if self.state in ("failed", "interrupted"):
            return f"{self.state}: {self.status.error}" if self.status.error else self.state
        return self.state


def list_runs(workspace: Workspace, kind: str | None = None) -> list[RunView]:
    """All runs, or those of one kind ("train" | "encode"), newest first."""
    views = [_view(workspace, record) for record in workspace.catalogue.runs(kind)]
    return sorted(views, key=lambda each: each.created, reverse=True)


def view(workspace: Workspace, run_id: str) -> RunView:
    """One run; a `StoreError` if there is none."""
    return _view(workspace, workspace.catalogue.run(run_id))


def _view(workspace: Workspace, record: RunRecord) -> RunView:
    try:
        folder = workspace.run(record.id)
        spec: RunSpec | None = specs.of(folder)
        status = folder.status()
    except StoreError as err:
        spec, status = None, RunStatus(state="failed", error=err.message, remedy="Remove the run.")
    return RunView(
        record.id,
        record.name,
        record.kind,
        record.dataset_id,
        getattr(spec, "head", None),
        spec,
        status,
        record.created,
    )


def losses(workspace: Workspace, run_id: str) -> Columns:
    """Columns by step: step, total, reconstruction_…, pair_distance, epoch, time (unix s), rate (steps/s)."""
    return columns(journal(workspace.run(run_id)).steps)


def evaluations(workspace: Workspace, run_id: str) -> Columns:
    """Columns of the held-out rows by step: step, epoch, total, its parts, pair_error."""
    return columns(journal(workspace.run(run_id)).evaluations)


def encoder_path(workspace: Workspace, run_id: str) -> Path:
    """The folder of the text model that an end-to-end run ends with."""
    return workspace.run(run_id).path / "encoder"


def metrics(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """The final figures of a finished run; empty before."""
    found: dict[str, Any] = journal(workspace.run(run_id)).finish.get("metrics", {})
    return found
