"""Workers as processes that have their imports already, for tests that kill them: torch and the store take seconds."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess

from qlatent import worker
from qlatent.store.workspace import Workspace

_FRESH = multiprocessing.get_context("forkserver")
_FRESH.set_forkserver_preload(  # without LanceDB, whose threads do not outlive a fork
    [
        "tests.workers", "torch", "pandas", "pyarrow.dataset", "lance_namespace", "sklearn.linear_model",
        "qlatent.circuits.engines.compiled", "qlatent.heads.dressed.heads", "qlatent.heads.saving",
        "qlatent.metrics.panel", "qlatent.objectives.acqua", "qlatent.services.training.panel",
        "qlatent.store.catalogue.catalogue", "qlatent.training.vectors.loop",
    ]
)  # fmt: skip


def started(workspace: Workspace, run_id: str) -> ForkServerProcess:
    """What `python -m qlatent.worker` does, begun."""
    process = _FRESH.Process(target=_work, args=(str(workspace.path), run_id))
    process.start()
    return process


def _work(path: str, run_id: str) -> None:
    os.nice = lambda by: 0  # the test waits for it, among others that are busy
    sys.exit(worker.main([path, run_id]))
