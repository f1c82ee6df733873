"""Runs carried out in the process of a test: a worker of its own would take seconds to import torch.

What workers themselves do (processes, kills, the queue) is tested in `test_worker`, `cli` and `browser`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qlatent import worker
from qlatent.services.runs import launchers, listing
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble


@contextmanager
def in_process() -> Iterator[None]:
    """What is started is carried out here and now."""

    with launchers.using(
        LauncherDouble(lambda workspace, run_id: worker.work(workspace, workspace.run(run_id)))
    ):
        yield


def trained(workspace: Workspace, request: TrainingRequest) -> str:
    """The id of a finished run of this request."""
    with in_process():
        run = start_training(workspace, request)
    view = listing.summary(workspace, run)
    assert view.state == "finished", view.message
    return run
