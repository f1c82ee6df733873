"""The kind of training for retrieval. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qlatent.services.runs.specs import RetrievalTraining, training_spec
from qlatent.services.training.kinds.base import TrainingKind
from qlatent.services.training.kinds.retrieval import spec as specs
from qlatent.services.training.kinds.retrieval import work
from qlatent.services.training.request import TrainingRequest
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs
from qlatent.training.retrieval.configs import RetrievalTrainingConfig


class TrainingForRetrieval(TrainingKind):
    """Trains a head to rank the answers of queries, given by labels or judgements."""

    source = "retrieval"
    config = RetrievalTrainingConfig
    usual = ("qbec", specs.OBJECTIVE)

    def spec(self, workspace: Workspace, request: TrainingRequest) -> RetrievalTraining:
        """The spec of a run for this request."""
        return specs.spec(workspace, request)

    def trainer(
        self, workspace: Workspace, spec: RetrievalTraining, configs: RunConfigs, head: Any, objective: Any
    ) -> Any:
        """A `RetrievalTrainer` at its first step."""
        return work.trainer(workspace, spec, configs, head, objective)

    def final_metrics(self, folder: RunFolder, trainer: Any, step: int) -> dict[str, float]:
        """Retrieval metrics of the held-out queries."""
        return work.final_metrics(folder, trainer)

    def learns_from(self, modalities: Sequence[str], *, stored: str) -> bool:
        """True for any dataset: it has stored vectors, or a text model reads its texts."""
        return True

    def encoder(self, folder: RunFolder, trainer: Any) -> str:
        """Key of the vectors' encoder; for an end-to-end run, of its text model, saved where the head is kept."""
        spec = training_spec(folder)
        if spec.encoder:
            return spec.encoder
        if spec.keep:
            return work.save_encoder(folder, trainer)
        return f"the backbone of run {folder.id}"
