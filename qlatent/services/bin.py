"""What was removed in the last day: listed, brought back, and in the end gone.

A removed thing is marked where it is listed (the catalogue; an experiment by its file's name), and its folder is moved
out of sight. The mark decides: whatever was killed between the two is made to agree by `empty`.
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
    """Until when it can be brought back, in unix seconds."""
    return removed.removed + DAY


def content(workspace: Workspace, kind: str | None = None) -> list[Removed]:
    """Everything that can be brought back, or that of one kind (dataset, run, head, experiment), last removed first."""
    found = [*workspace.catalogue.bin.content(), *_experiments(workspace)]
    listed = [each for each in found if kind in (None, each.kind)]
    return sorted(listed, key=lambda each: each.removed, reverse=True)


def restore(workspace: Workspace, name: str, *, kind: str | None = None) -> Removed:
    """Bring back what has this id, or alone this name, as it was; `InputError` where there is no such thing."""
    listed = content(workspace, kind)
    found = [each for each in listed if each.id == name] or [each for each in listed if each.name == name]
    if len(found) != 1:
        said = ", ".join(each.id for each in (found or listed)) or "nothing"
        raise InputError(
            f"{len(found) or 'Nothing'} of what was removed is called {name!r}; here are: {said}.",
            remedy="Give one of these ids. A day after its removal a thing is gone.",
        )
    removed = found[0]
    with workspace.claims.hold(_claim(removed), what=f"the removed {removed.kind} {removed.id!r}"):
        if removed.kind == "experiment":
            file = workspace.experiments_path / removed.id / GONE_EXPERIMENT
            file.rename(file.with_name(EXPERIMENT))
        else:
            folder = _folder(workspace, removed)
            if folder is not None:
                bring_back(folder)  # before the mark goes: a folder in its place is put away again
            workspace.catalogue.bin.take_back(removed.kind, removed.id)
    return removed


def empty(workspace: Workspace, *, now: float | None = None) -> list[Removed]:
    """Delete for good what was removed a day ago or earlier; returns it."""
    before = (time.time() if now is None else now) - DAY
    gone = []
    for each in content(workspace):
        with suppress(HeldError), workspace.claims.hold(_claim(each)):  # whoever brings it back is first
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
    """Take an experiment out of all lists."""
    file = workspace.experiments_path / experiment_id / EXPERIMENT
    os.utime(file)  # first: the file's time tells when it was removed
    file.rename(file.with_name(GONE_EXPERIMENT))


def _claim(removed: Removed) -> str:
    return f"removed-{removed.kind}-{removed.id}"


def _folder(workspace: Workspace, removed: Removed) -> Path | None:
    roots = {"run": workspace.runs_path, "head": workspace.heads_path}
    return roots[removed.kind] / removed.id if removed.kind in roots else None


def _experiments(workspace: Workspace) -> list[Removed]:
    found = []
    for file in workspace.experiments_path.glob(f"*/{GONE_EXPERIMENT}"):
        if not file.with_name(EXPERIMENT).exists():  # else it was made anew
            name = json.loads(file.read_text(encoding="utf-8"))["name"]
            found.append(Removed("experiment", file.parent.name, name, file.stat().st_mtime))
    return found


# --- for good, files first: what is killed half-way is still listed, and goes the next time -----------------


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
    """Deletes judgements that no run has, unless one is just being made with them: that one has touched the file."""
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


_DELETE = {
    "dataset": _delete_dataset, "run": _delete_run, "head": _delete_head, "experiment": _delete_experiment,
}  # fmt: skip
