"""`python -m qlatent.worker <workspace> <run_id>`: carries out one run, then starts the next in the queue.

A process of its own, so that neither a closed tab nor a stopped app ends it. SIGTERM is a wish to stop: the
state is saved first. Heavy libraries are imported only after the run says that it is running.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

from qlatent.errors import QlatentError, StoreError
from qlatent.services.runs import queue, run_index
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.job import Job
from qlatent.services.work import work_of
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

POLITENESS = 5  # a page that somebody waits for goes before a run


def main(arguments: list[str]) -> int:
    """Exit code 0 when the run finished or was stopped, 1 when it failed, 2 for wrong arguments."""
    if len(arguments) != 2:
        print("usage: python -m qlatent.worker <workspace> <run_id>", file=sys.stderr)
        return 2
    if hasattr(os, "nice"):  # not on Windows
        os.nice(
            max(0, POLITENESS - os.nice(0))
        )  # once: the worker of a next run starts as polite as this one
    with Workspace.open(Path(arguments[0]), create=False) as workspace:
        folder = workspace.run(arguments[1])
        state = work(workspace, folder)
        queue.go_on(workspace)
    return 1 if state == "failed" else 0


def work(workspace: Workspace, folder: RunFolder) -> str:
    """Carry out one run and write its last status, whatever happens; returns the state it ended in.

    The queue hears of the end first: from the last status on somebody may queue the run again.
    """
    should_stop = _stop_wishes(folder)
    with ExitStack() as stack:
        try:
            heartbeat = stack.enter_context(Heartbeat(folder))
        except StoreError as err:  # not even that it runs can be written
            return _not_begun(workspace, folder, err)
        try:
            job = Job(folder, heartbeat, should_stop)
            state = work_of(job)(workspace, job)
            error = remedy = ""
        except QlatentError as err:
            state, error, remedy = "failed", err.message, err.remedy
            _log_failure(folder, str(err))
        except Exception as err:  # noqa: BLE001  (a bug: the traceback goes to the log, the run says so)
            state, error = "failed", f"{type(err).__name__}: {err}"
            remedy = f"This is a bug in qlatent; the traceback is in {folder.log_path}."
            _log_failure(folder, error)
        _leave_queue(workspace, folder, state)
        heartbeat.end(state, error=error, remedy=remedy)
    run_index.record(workspace, folder.id)
    return state


def _not_begun(workspace: Workspace, folder: RunFolder, err: StoreError) -> str:
    _tell()
    _leave_queue(workspace, folder, "failed")
    with suppress(StoreError):
        folder.write_status(state="failed", error=err.message, remedy=err.remedy)
    run_index.record(workspace, folder.id)
    return "failed"


def _leave_queue(workspace: Workspace, folder: RunFolder, state: str) -> None:
    try:
        workspace.catalogue.set_queue_state(folder.id, state)
    except StoreError:  # the queue counts a run that is not alive as ended, too
        _tell()


def _log_failure(folder: RunFolder, error: str) -> None:
    _tell()
    with suppress(StoreError):  # the status says it too, and has its own room
        folder.append({"type": "fail", "time": time.time(), "error": error})


def _tell() -> None:
    """The present error goes to standard error, which is the run's log, if there is room for it."""
    with suppress(OSError):
        traceback.print_exc()


def _stop_wishes(folder: RunFolder) -> Callable[[], bool]:
    """Asks for the sentinel file and for SIGTERM (heard only in the main thread of a process)."""
    asked = threading.Event()

    def hear(signum: int, frame: FrameType | None) -> None:
        asked.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, hear)
    return lambda: asked.is_set() or folder.stop_requested()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
