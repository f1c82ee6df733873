"""How the queue starts a run: a launcher gets it to a worker, in a process of this machine unless told otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from qlatent.settings import settings
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

PACKAGE = Path(__file__).resolve().parents[3]


class Launcher(Protocol):
    """Starts the worker of a run that the queue has handed out, and returns without waiting for it."""

    def launch(self, workspace: Workspace, run_id: str, *, workers: int) -> None:
        """Start `qlatent.worker` on this run; the worker continues the queue with `workers` runs at once."""


class LocalLauncher:
    """Starts each worker as a process of this machine, in its own session: closing the app does not end it."""

    def launch(self, workspace: Workspace, run_id: str, *, workers: int) -> None:
        """Start the process and name it in the run's status; an `OSError` if the process cannot be made."""
        folder = workspace.run(run_id)
        command = [sys.executable, "-m", "qlatent.worker", str(workspace.path), run_id]
        with folder.log_path.open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=_environment(folder, workers),
            )  # fmt: skip
        # the kernel keeps a dead child until its parent has asked for it
        threading.Thread(target=process.wait, name=f"reap-{run_id}", daemon=True).start()
        write_first_status(folder, process.pid)


def _environment(folder: RunFolder, workers: int) -> dict[str, str]:
    threads = str(folder.spec.get("threads", settings().threads))
    paths = [str(PACKAGE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",  # waiting threads would take the cores from the app
        # each path once, however many workers came before
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths))),
        "PYTHONUNBUFFERED": "1",
        "QLATENT_MAX_RUNS": str(workers),
    }


def write_first_status(folder: RunFolder, pid: int) -> None:
    """Name the worker before it can do so itself, so that a worker that dies while it starts is noticed."""
    import psutil

    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        started = time.time()
    if folder.status().state == "queued":
        folder.write_status(state="running", pid=pid, process_started=started)


_default: Launcher = LocalLauncher()
Kind = TypeVar("Kind", bound=Launcher)


def default() -> Launcher:
    """The launcher of this process: a `LocalLauncher`, or the one of an enclosing `using`."""
    return _default


@contextmanager
def using(launcher: Kind) -> Iterator[Kind]:
    """Within the block every thread of this process starts runs through this launcher."""
    global _default
    before, _default = _default, launcher
    try:
        yield launcher
    finally:
        _default = before
