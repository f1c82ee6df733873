"""Starting a training run: its spec is made and checked, then it is queued. Torch-free."""

from __future__ import annotations

from qlatent.services.runs import queue
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training.kinds.table import KINDS
from qlatent.services.training.request import TrainingRequest
from qlatent.store.workspace import Workspace


def start_training(workspace: Workspace, request: TrainingRequest, *, token: str = "") -> str:
    """Queue a training run and start it if there is room; returns its id. Refusals leave nothing behind.

    `token` as in `queue.enqueue`.
    """
    return queue.start(workspace, training_spec(workspace, request), token=token)


def training_spec(workspace: Workspace, request: TrainingRequest) -> TrainSpec:
    """The spec of a training run, checked against what the workspace holds.

    Unknown or wrong settings are `ConfigError`s; items without vectors, an unclear choice of encoder,
    widths that do not fit or too few pairs are `InputError`s that say what to do.
    """
    return KINDS[request.source].spec(workspace, request)
