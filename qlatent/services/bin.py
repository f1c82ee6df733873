"""The bin: list, restore and finally delete what was removed in the last day.

Removal marks an entry in its list (the catalogue; for an experiment, its file name) and moves its folder away. The
mark is authoritative: `empty` completes removals and restores that were interrupted between the two.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from qlatent.errors import InputError
from qlatent.store.away import bring_back, discard, place, put_away
from qlatent.store.catalogue.records import Removed
from qlatent.store.claims import HeldError
from qlatent.store.workspace import Workspace

__all__ = ["Removed", "content", "empty", "put_experiment", "restore", "until"]

EXPERIMENT, GONE_EXPERIMENT = "experiment.json", "removed.json"
DAY = 24 * 3600.0


def until(removed: Removed) -> float:
    """The time until which it can be restored, in unix seconds."""
    return removed.removed + DAY


def content(workspace: Workspace, kind: str | None = None) -> list[Removed]:
    """All entries that can be restored, or those of one kind, newest first.

    A kind is dataset, run, head, experiment, collection, view or queue.
    """
    found = [*workspace.catalogue.bin.content(), *_experiments(workspace)]
    listed = [each for each in found if kind in (None, each.kind)]
    return sorted(listed, key=lambda each: each.removed, reverse=True)


def restore(workspace: Workspace, name: str, *, kind: str | None = None) -> Removed:
    """Restore the entry with this id or unique name; an unknown or ambiguous name raises `InputError`."""
    listed = content(workspace, kind)
    found = [each for each in listed if each.id == name] or [each for each in listed if each.name == name]
    if len(found) != 1:
        said = ", ".join(each.id for each in (found or listed)) or "nothing"
        raise InputError(
            f"{len(found) or 'Nothing'} in the bin is called {name!r}; the bin has: {said}.",
            remedy="Use one of these ids. Removed things are deleted after a day.",
        )
    removed = found[0]
    with workspace.claims.hold(_claim(removed), what=f"the removed {removed.kind} {removed.id!r}"):
        if removed.kind == "experiment":
            file = workspace.experiments_path / removed.id / GONE_EXPERIMENT
            file.rename(file.with_name(EXPERIMENT))
        else:
            folder = _folder(workspace, removed)
            if folder is not None:
                bring_back(
                    folder
                )  # before the mark is removed, since `empty` moves the folder of a marked entry away again
            workspace.catalogue.bin.take_back(removed.kind, removed.id)
    return removed


def empty(workspace: Workspace, *, now: float | None = None) -> list[Removed]:
    """Delete entries that were removed a day ago or earlier; returns them."""
    before = (time.time() if now is None else now) - DAY
    gone = []
    for each in content(workspace):
        with (
            suppress(HeldError),
            workspace.claims.hold(_claim(each)),
        ):  # a simultaneous restore takes precedence
            folder = _folder(workspace, each)
            if each not in content(workspace):
                continue
            if each.removed >= before:
                if folder is not None:
                    put_away(folder)
                continue
            _DELETE[each.kind](workspace, each)
            gone.append(each)
    if any(each.kind == "dataset" for each in gone):
        workspace.items.compact()
    return gone


def put_experiment(workspace: Workspace, experiment_id: str) -> None:
    """Move an experiment to the bin."""
    file = workspace.experiments_path / experiment_id / EXPERIMENT
    os.utime(file)  # first, since the file's modification time is the time of removal
    file.rename(file.with_name(GONE_EXPERIMENT))


def _claim(removed: Removed) -> str:
    return f"removed-{removed.kind}-{removed.id}"


def _folder(workspace: Workspace, removed: Removed) -> Path | None:
    roots = {"run": workspace.runs_path, "head": workspace.heads_path}
    return roots[removed.kind] / removed.id if removed.kind in roots else None


def _experiments(workspace: Workspace) -> list[Removed]:
    found = []
    for file in workspace.experiments_path.glob(f"*/{GONE_EXPERIMENT}"):
        if not file.with_name(EXPERIMENT).exists():  # else it was created again
            name = json.loads(file.read_text(encoding="utf-8"))["name"]
            found.append(Removed("experiment", file.parent.name, name, file.stat().st_mtime))
    return found


# --- deletion, files first: an interrupted deletion is still listed and completed the next time -------------


def _delete_dataset(workspace: Workspace, removed: Removed) -> None:
    with workspace.holding(removed.id):
        if workspace.items.has(removed.id):
            workspace.items.remove(removed.id)
        for record in workspace.catalogue.imports(removed.id):
            if record.refusals_path:
                (workspace.path / record.refusals_path).unlink(missing_ok=True)
        workspace.catalogue.remove_dataset(removed.id)


def _delete_run(workspace: Workspace, removed: Removed) -> None:
    path = workspace.runs_path / removed.id
    judgements = _judgements(place(path)) or _judgements(path)
    discard(path)
    workspace.catalogue.remove_run(removed.id)
    if judgements:
        _forget_judgements(workspace, judgements, before=removed.removed + DAY)


def _forget_judgements(workspace: Workspace, name: str, *, before: float) -> None:
    """Delete judgements that no run uses, unless their file was just touched for a new run."""
    file = workspace.judgements(name)
    folders = [*workspace.runs_path.glob("*"), *workspace.runs_path.glob(".removed/*")]
    if any(_judgements(folder) == name for folder in folders) or not file.exists():
        return
    aside = file.with_name(f".{file.name}")
    file.rename(aside)
    if aside.stat().st_mtime < before:
        aside.unlink()
    else:
        aside.rename(file)


def _judgements(folder: Path) -> str:
    try:
        spec: dict[str, Any] = json.loads((folder / "spec.json").read_bytes())
    except (OSError, ValueError):
        return ""
    return str(spec.get("judgements") or "") if spec.get("source") in ("retrieval", "relevance") else ""


def _delete_head(workspace: Workspace, removed: Removed) -> None:
    discard(workspace.heads_path / removed.id)
    workspace.catalogue.remove_head(removed.id)


def _delete_experiment(workspace: Workspace, removed: Removed) -> None:
    shutil.rmtree(workspace.experiments_path / removed.id)


def _delete_collection(workspace: Workspace, removed: Removed) -> None:
    workspace.catalogue.collections.delete(removed.id)


def _delete_view(workspace: Workspace, removed: Removed) -> None:
    workspace.catalogue.saved_views.delete(removed.id)


def _delete_queue(workspace: Workspace, removed: Removed) -> None:
    workspace.catalogue.bin.empty("queue", removed.id, before=removed.removed + DAY)  # its events stay


_DELETE = {
    "dataset": _delete_dataset, "run": _delete_run, "head": _delete_head, "experiment": _delete_experiment,
    "collection": _delete_collection, "view": _delete_view, "queue": _delete_queue,
}  # fmt: skip
