"""Carry out one run, then start the next in the queue: `python -m qlatent.worker <workspace> <run_id>`.

The worker is a separate process, so that closing the tab or stopping the app does not end it. On SIGTERM it saves the
state and stops. Heavy libraries are imported only after the run is marked as running.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from qlatent.errors import QlatentError, StoreError
from qlatent.services.runs import queue, run_index
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.job import Job
from qlatent.services.work import work_of
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

POLITENESS = 5  # niceness, so that pages take precedence over runs


def main(arguments: list[str]) -> int:
    """Run the worker; returns exit code 0 if the run finished or stopped, 1 if it failed, 2 for wrong arguments."""
    if len(arguments) != 2:
        print("usage: python -m qlatent.worker <workspace> <run_id>", file=sys.stderr)
        return 2
    if hasattr(os, "nice"):  # not on Windows
        os.nice(
            max(0, POLITENESS - os.nice(0))
        )  # only once: the worker of the next run inherits the niceness
    with Workspace.open(Path(arguments[0]), create=False) as workspace:
        folder = workspace.run(arguments[1])
        state = work(workspace, folder)
        queue.go_on(workspace)
    return 1 if state == "failed" else 0


def work(workspace: Workspace, folder: RunFolder) -> str:
    """Carry out one run and write its final status, also after an error; returns the final state.

    The queue is updated first, since the run may be queued again as soon as the final status is written.
    """
    with ExitStack() as stack:
        should_stop = stack.enter_context(_stop_wishes(folder))
        try:
            heartbeat = stack.enter_context(Heartbeat(folder))
        except StoreError as err:  # not even the first status can be written
            return _not_begun(workspace, folder, err)
        try:
            job = Job(folder, heartbeat, should_stop)
            state = work_of(job)(workspace, job)
            error = remedy = ""
        except QlatentError as err:
            state, error, remedy = "failed", err.message, err.remedy
            _log_failure(folder, str(err))
        except Exception as err:  # noqa: BLE001  (a bug: the log has the traceback, and the status names the log)
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
    except StoreError:  # the queue also counts a run without a living worker as ended
        _tell()


def _log_failure(folder: RunFolder, error: str) -> None:
    _tell()
    with suppress(StoreError):  # the status has the error too, in its reserved space
        folder.append({"type": "fail", "time": time.time(), "error": error})


def _tell() -> None:
    """Print the current exception to standard error, which is the run's log, if there is disk space."""
    with suppress(OSError):
        traceback.print_exc()


@contextmanager
def _stop_wishes(folder: RunFolder) -> Iterator[Callable[[], bool]]:
    """A function that returns whether a stop was requested, by the sentinel file or SIGTERM (main thread only).

    Afterwards the process hears SIGTERM as before, since it may have more to do than this run.
    """
    asked = threading.Event()

    def hear(signum: int, frame: FrameType | None) -> None:
        asked.set()

    hears = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, hear) if hears else None
    try:
        yield lambda: asked.is_set() or folder.stop_requested()
    finally:
        if before is not None:  # it was set by Python
            signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
