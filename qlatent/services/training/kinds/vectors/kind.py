"""The kind of training on stored vectors. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qlatent.services.runs.specs import VectorTraining
from qlatent.services.training.kinds.base import TrainingKind
from qlatent.services.training.kinds.vectors import spec as specs
from qlatent.services.training.kinds.vectors import work
from qlatent.services.training.request import TrainingRequest
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs, TrainingConfig


class TrainingOnVectors(TrainingKind):
    """Trains a head on the stored vectors of an encoder."""

    source = "vectors"
    config = TrainingConfig
    usual = ("acqua", "acqua")
    keeps_checkpoints = True

    def spec(self, workspace: Workspace, request: TrainingRequest) -> VectorTraining:
        """The spec of a run for this request."""
        return specs.checked(workspace, request)

    def trainer(
        self, workspace: Workspace, spec: VectorTraining, configs: RunConfigs, head: Any, objective: Any
    ) -> Any:
        """A `Trainer` at its first step."""
        from qlatent.training.vectors.loop import Trainer

        return Trainer(head, objective, work.load_data(workspace, spec, configs), configs.training)

    def final_metrics(self, folder: RunFolder, trainer: Any, step: int) -> dict[str, float]:
        """Losses and geometry metrics of the held-out rows."""
        work.write_shares(folder, trainer, step)
        return work.final_metrics(trainer)

    def learns_from(self, modalities: Sequence[str], *, stored: str) -> bool:
        """Whether the dataset has vectors or can be encoded."""
        return True
