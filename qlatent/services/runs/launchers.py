"""Launchers, by which the queue starts the worker of a run; the default is a local process."""

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
    """Starts the worker of a run that left the queue, and returns without waiting for it."""

    def launch(self, workspace: Workspace, run_id: str, *, workers: int) -> None:
        """Start `qlatent.worker` on this run; the worker later continues the queue with `workers` runs at once."""


class LocalLauncher:
    """Starts each worker as a local process in its own session, so that closing the app does not end it."""

    def launch(self, workspace: Workspace, run_id: str, *, workers: int) -> None:
        """Start the process and write it to the run's status; raises `OSError` if the process cannot be created."""
        folder = workspace.run(run_id)
        command = [sys.executable, "-m", "qlatent.worker", str(workspace.path), run_id]
        with folder.log_path.open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=_environment(folder, workers),
            )  # fmt: skip
        # reap the child, since a dead child stays a zombie until its parent waits for it
        threading.Thread(target=process.wait, name=f"reap-{run_id}", daemon=True).start()
        write_first_status(folder, process.pid)


def _environment(folder: RunFolder, workers: int) -> dict[str, str]:
    threads = str(folder.spec.get("threads", settings().threads))
    paths = [str(PACKAGE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads would take the cores from the app
        # each path once, even after a chain of workers
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths))),
        "PYTHONUNBUFFERED": "1",
        "QLATENT_MAX_RUNS": str(workers),
    }


def write_first_status(folder: RunFolder, pid: int) -> None:
    """Write the worker's process to the status before the worker can, so that a crash at its start is noticed."""
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
    """The launcher of this process: a `LocalLauncher`, or that of an enclosing `using`."""
    return _default


@contextmanager
def using(launcher: Kind) -> Iterator[Kind]:
    """Start runs through this launcher within the block, in every thread of this process."""
    global _default
    before, _default = _default, launcher
    try:
        yield launcher
    finally:
        _default = before
