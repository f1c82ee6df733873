"""Keep the head of a run that has made its last step, also after a crash.

A run marks its head as still to be kept before it records the end of training. Keeping the head removes the mark;
until then, each opening of the workspace tries again. Torch-free.
"""

from __future__ import annotations

import traceback

from qlatent.errors import StoreError
from qlatent.services.heads import kept_heads
from qlatent.services.runs.event_log import is_trained, read_log
from qlatent.services.runs.specs import training_spec
from qlatent.store.disk import explained
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

_MARK = "unkept"


def mark(folder: RunFolder) -> None:
    """Mark the run's head as still to be kept; heads of sweeps are not marked, since they are kept on request."""
    spec = training_spec(folder)
    if spec.keep and not spec.panel:
        (folder.path / _MARK).touch()


def close(workspace: Workspace, folder: RunFolder) -> bool:
    """Keep the head of a marked run; returns False, and logs the reason, if that fails now."""
    if not (folder.path / _MARK).exists():
        return True
    try:
        with explained("the head", workspace.heads_path):
            kept_heads.keep_run(workspace, folder.id)
    except StoreError:
        traceback.print_exc()
        return False
    (folder.path / _MARK).unlink()
    return True


def close_all(workspace: Workspace) -> None:
    """Keep the heads of all marked runs that have ended; a run killed after its last step counts as finished."""
    for file in workspace.runs_path.glob(f"*/{_MARK}"):
        folder = workspace.run(file.parent.name)
        status = folder.status()
        if status.state in ("queued", "running") or not is_trained(folder):
            continue
        if close(workspace, folder) and status.state != "finished":
            step = int(read_log(folder).finish.get("step", status.step))
            folder.write_status(state="finished", step=step, steps=step, error="", remedy="")
            workspace.catalogue.set_queue_state(folder.id, "finished")
