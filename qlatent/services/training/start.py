"""Starting a training run: its spec is made and checked, then it is queued. Torch-free."""

from __future__ import annotations

from qlatent.services.runs import queue
from qlatent.services.training import run_spec
from qlatent.services.training.kinds import images_spec, retrieval_spec
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.run_spec import Spec
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import split_settings


def start_training(workspace: Workspace, request: TrainingRequest, *, token: str = "") -> str:
    """Queue a training run and start it if there is room; returns its id. Refusals leave nothing behind.

    `token` as in `queue.enqueue`.
    """
    return queue.start(workspace, training_spec(workspace, request), token=token)


def training_spec(workspace: Workspace, request: TrainingRequest) -> Spec:
    """The spec of a training run, checked against what the workspace holds.

    Unknown or wrong settings are `ConfigError`s; items without vectors, an unclear choice of encoder,
    widths that do not fit or too few pairs are `InputError`s that say what to do.
    """
    if request.source == "images":
        return images_spec.spec(workspace, request)
    if request.source == "relevance":
        return retrieval_spec.spec(workspace, request)
    split_settings(request.head, request.objective, request.settings)  # what is wrong in them comes first
    key = request.encoder_key or stored.choose(workspace, request.dataset)
    material = run_spec.Material(workspace, request.dataset, key)
    spec = material.spec(request)
    run_spec.check_split(workspace, spec)
    return spec
