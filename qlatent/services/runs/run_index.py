"""Update the run index from the run folders, on each state change and when a workspace is opened."""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from qlatent.errors import StoreError
from qlatent.services.runs import specs
from qlatent.services.runs.specs import RunSpec
from qlatent.store.catalogue.records import IndexEntry, RunRecord
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.runs.run_status import ACTIVE, RunStatus
from qlatent.store.workspace import Workspace

_log = logging.getLogger(__name__)


def spec_in(path: Path) -> RunSpec:
    """The spec of the run in this folder, cached since it is frozen; an unreadable spec raises `StoreError`."""
    folder = RunFolder(path)
    return _spec(path, folder.spec_time())


@lru_cache(maxsize=4096)
def _spec(path: Path, time: int) -> RunSpec:
    return specs.of(RunFolder(path))


def entry_of(folder: RunFolder) -> IndexEntry:
    """The index entry of a run, read from its folder; an unreadable folder raises `StoreError`."""
    seen = (
        folder.status_time()
    )  # read before the status, so that a status written in between makes the entry outdated
    status, spec = folder.status(), spec_in(folder.path)
    # whether a worker was killed is checked by its process each time, on its own machine
    state = "running" if status.state == "interrupted" else status.state
    head: str | None = getattr(spec, "head", None)
    return IndexEntry(folder.id, state, head, _part_of(spec), _document(status, state), seen)


def _document(status: RunStatus, state: str) -> dict[str, Any]:
    return {**asdict(status), "state": state}


def _part_of(spec: RunSpec) -> str:
    """Description of the sweep that a run belongs to; "" for a single run."""
    return spec.part_of or ("an experiment" if getattr(spec, "panel", False) else "")


def record(workspace: Workspace, run_id: str) -> None:
    """Update the index entry of a run from its folder.

    If folder or catalogue are unavailable, the next opening of the workspace updates the entry.
    """
    try:
        _, before = workspace.catalogue.run_index.run(run_id)
        entry = entry_of(workspace.run(run_id))
        workspace.catalogue.run_index.write([entry], read={run_id: before.seen if before else None})
    except StoreError:
        _log.warning("the run index does not know yet how %s ended", run_id, exc_info=True)


def refresh(workspace: Workspace) -> int:
    """Update the entries of folders that have changed since the index was written; returns their number.

    Of an unchanged folder, only the modification time of one file is read. An unreadable folder has no entry.
    """
    index = workspace.catalogue.run_index
    listed = index.runs()
    read = {run.id: entry.seen if entry else None for run, entry in listed}
    changed, lost = [], []
    for run, entry in listed:
        try:
            fresh = _changed(workspace, run, entry)
        except StoreError:
            lost += [run.id] if entry else []
            continue
        changed += [fresh] if fresh else []
    if changed:
        index.write(changed, read=read)
    if lost:
        index.forget(lost)
    return len(changed) + len(lost)


def _changed(workspace: Workspace, run: RunRecord, entry: IndexEntry | None) -> IndexEntry | None:
    """The updated entry, or None if the entry is up to date."""
    folder = workspace.run(run.id)
    if entry is not None and entry.seen == folder.status_time():
        return None
    fresh = entry_of(folder)
    if entry is not None and entry.state in ACTIVE and fresh.state in ACTIVE:
        return None  # the folders of active runs are read anyway
    return fresh


def rebuild(workspace: Workspace) -> int:
    """Rebuild the index from the run folders; returns the number of entries."""
    workspace.catalogue.run_index.clear()
    return refresh(workspace)
