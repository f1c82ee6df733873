"""Runs without a training: a spec, a folder and its events, written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qlatent.services.runs import queue
from qlatent.services.runs.specs import RunSpec, VectorTraining
from qlatent.services.training.kinds.base import documented
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import split_settings
from tests.services.run_workspace import SETTINGS

CONFIGS = documented(split_settings("acqua", "acqua", {**SETTINGS, "input_dim": 8}))


def training(**changes: Any) -> VectorTraining:
    """A training on the dataset `pairs` of `run_workspace.small`."""
    spec = VectorTraining(
        name="By hand", created=1000.0, dataset="pairs", dataset_version=1, encoder="given",
        modalities=("image", "text"), head="acqua", objective="acqua", settings={}, configs=CONFIGS,
    )  # fmt: skip
    return spec.model_copy(update=changes)


def made(
    workspace: Workspace,
    spec: RunSpec | None = None,
    *,
    events: Iterable[dict[str, Any]] = (),
    **status: Any,
) -> str:
    """The id of a run of this spec, by default a training, with this status and these events; nothing is started."""
    run = queue.enqueue(workspace, spec or training())
    for event in events:
        workspace.run(run).append(event)
    if status:
        workspace.catalogue.set_queue_state(run, workspace.run(run).write_status(**status).state)
    return run
