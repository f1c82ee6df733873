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
from qlatent.services.runs import queue
from qlatent.services.runs.heartbeat import Pulse
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled, Progress

POLITENESS = 5  # a page that somebody waits for goes before a run
PROGRESS_SECONDS = 0.25  # between two progress events of an encoding


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
            pulse = stack.enter_context(Pulse(folder))
        except StoreError as err:  # not even that it runs can be written
            return _not_begun(workspace, folder, err)
        try:
            state = _KINDS[folder.spec["kind"]](workspace, folder, pulse, should_stop)
            error = remedy = ""
        except QlatentError as err:
            state, error, remedy = "failed", err.message, err.remedy
            _log_failure(folder, str(err))
        except Exception as err:  # noqa: BLE001  (a bug: the traceback goes to the log, the run says so)
            state, error = "failed", f"{type(err).__name__}: {err}"
            remedy = f"This is a bug in qlatent; the traceback is in {folder.log_path}."
            _log_failure(folder, error)
        _leave_queue(workspace, folder, state)
        pulse.end(state, error=error, remedy=remedy)
    return state


def _not_begun(workspace: Workspace, folder: RunFolder, err: StoreError) -> str:
    _tell()
    _leave_queue(workspace, folder, "failed")
    with suppress(StoreError):
        folder.write_status(state="failed", error=err.message, remedy=err.remedy)
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


def _train(workspace: Workspace, folder: RunFolder, pulse: Pulse, should_stop: Callable[[], bool]) -> str:
    from qlatent.services.training import execution

    return execution.execute(workspace, folder, pulse=pulse, should_stop=should_stop)


def _encode(workspace: Workspace, folder: RunFolder, pulse: Pulse, should_stop: Callable[[], bool]) -> str:
    from qlatent.services.vectors import encoding

    spec = folder.spec
    report = encoding.encode(
        workspace, spec["dataset"], encoder=spec["encoder"], settings=spec["settings"],
        modalities=spec["modalities"], views=spec.get("views", 0),
        progress=_progress(folder, pulse), should_stop=should_stop,
    )  # fmt: skip
    if not report.stopped:
        folder.append({"type": "finish", "time": time.time(), "metrics": report.document()})
    return "stopped" if report.stopped else "finished"


def _measure(workspace: Workspace, folder: RunFolder, pulse: Pulse, should_stop: Callable[[], bool]) -> str:
    from qlatent.services.training import panel

    done = panel.measure_all(
        workspace, folder.spec["runs"], progress=_progress(folder, pulse), should_stop=should_stop
    )
    return "finished" if done else "stopped"


def _probe(workspace: Workspace, folder: RunFolder, pulse: Pulse, should_stop: Callable[[], bool]) -> str:
    from qlatent.services.training import image_probe

    found = image_probe.execute(workspace, folder, progress=_progress(folder, pulse), should_stop=should_stop)
    if found is None:
        return "stopped"
    folder.append({"type": "finish", "time": time.time(), "metrics": {"accuracy": found["accuracy"]}})
    return "finished"


def _retrieval(workspace: Workspace, folder: RunFolder, pulse: Pulse, should_stop: Callable[[], bool]) -> str:
    from qlatent.services.retrieval import evaluation_runs

    told = _progress(folder, pulse)
    found = evaluation_runs.execute(workspace, folder, progress=told, should_stop=should_stop)
    if found is None:
        return "stopped"
    counts = {name: found[name] for name in ("documents", "queries")}
    folder.append({"type": "finish", "time": time.time(), "metrics": counts})
    return "finished"


def _demo(workspace: Workspace, folder: RunFolder, pulse: Pulse, should_stop: Callable[[], bool]) -> str:
    from qlatent.services import demo

    write = _progress(folder, pulse)

    def progress(done: int, total: int | None) -> None:
        write(done, total)
        if should_stop():
            raise Cancelled

    try:
        demo.furnish(workspace, count=folder.spec["count"], seed=folder.spec["seed"], progress=progress)
    except Cancelled:  # what is stored stays, and a resume goes on from there
        return "stopped"
    run_id = demo.train(workspace)  # waits in the queue until this process ends
    folder.append({"type": "finish", "time": time.time(), "metrics": {"run": run_id}})
    return "finished"


def _progress(folder: RunFolder, pulse: Pulse) -> Progress:
    """Writes what a long call tells of itself to status and log, the latter a few times a second."""
    told = -PROGRESS_SECONDS

    def progress(done: int, total: int | None) -> None:
        nonlocal told
        rate = pulse.update(done, total or 0)
        now = time.monotonic()
        if now - told < PROGRESS_SECONDS and done != total:
            return
        told = now
        said = {"done": done, "total": total, "rate": rate, "seconds_left": pulse.seconds_left}
        folder.append({"type": "progress", "time": time.time(), **said})

    return progress


_KINDS: dict[str, Callable[[Workspace, RunFolder, Pulse, Callable[[], bool]], str]] = {
    "train": _train,
    "encode": _encode,
    "measure": _measure,
    "probe": _probe,
    "retrieval": _retrieval,
    "demo": _demo,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
