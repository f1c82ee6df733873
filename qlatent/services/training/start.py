"""Start a training run: build and check its spec, then queue it. Torch-free."""

from __future__ import annotations

from qlatent.services.runs import queue
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training.kinds.table import KINDS
from qlatent.services.training.request import TrainingRequest
from qlatent.store.workspace import Workspace


def start_training(workspace: Workspace, request: TrainingRequest, *, token: str = "") -> str:
    """Queue a training run and start it if there is room; returns its id. A refused request leaves nothing behind.

    `token` as in `queue.enqueue`.
    """
    return queue.start(workspace, training_spec(workspace, request), token=token)


def training_spec(workspace: Workspace, request: TrainingRequest) -> TrainSpec:
    """The spec of a training run, checked against the workspace.

    Unknown or wrong settings raise `ConfigError`. Items without vectors, an ambiguous encoder, widths that do not fit
    and too few pairs raise `InputError`.
    """
    return KINDS[request.source].spec(workspace, request)
