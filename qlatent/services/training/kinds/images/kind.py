"""The kind of training on images. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qlatent.services.runs.event_log import read_log
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training.kinds.base import TrainingKind, Writer
from qlatent.services.training.kinds.images import spec as specs
from qlatent.services.training.kinds.images import work
from qlatent.services.training.request import TrainingRequest
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs
from qlatent.training.images.configs import ImageTrainingConfig

if TYPE_CHECKING:
    from qlatent.training.core.events import Event


class TrainingFromImages(TrainingKind):
    """Trains a backbone and a head on two augmented views of each image."""

    source = "images"
    config = ImageTrainingConfig
    usual = ("qssl", specs.OBJECTIVE)

    def spec(self, workspace: Workspace, request: TrainingRequest) -> ImageTraining:
        """The spec of a run for this request."""
        return specs.spec(workspace, request)

    def trainer(
        self, workspace: Workspace, spec: ImageTraining, configs: RunConfigs, head: Any, objective: Any
    ) -> Any:
        """An `ImageTrainer` at its first step."""
        from qlatent.training.images.loop import ImageTrainer

        return ImageTrainer(head, objective, work.load_images(workspace, spec, configs), configs.training)

    def record(self, writer: Writer, event: Event) -> dict[str, float]:
        """Save pairs of views and linear probes."""
        from qlatent.training.images import events

        if isinstance(event, events.Views):
            return work.keep_event(writer.folder, writer.trainer, event)
        if isinstance(event, events.Probed):
            found = work.probe_document(event.result, writer.trainer.data.probed_classes)
            writer.append("probe", step=event.step, epoch=event.epoch, **found)
            return {}
        return super().record(writer, event)

    def final_metrics(self, folder: RunFolder, trainer: Any, step: int) -> dict[str, float]:
        """Held-out loss, last linear probe and numbers of images."""
        return work.final_metrics(trainer, read_log(folder).probes.get(step))

    def learns_from(self, modalities: Sequence[str], *, stored: str) -> bool:
        """Whether the dataset stores images, not only their vectors."""
        return "image" in modalities and stored != "vectors"

    def encoder(self, folder: RunFolder, trainer: Any) -> str:
        """A name derived from the run, since the backbone has no encoder key."""
        return f"the backbone of run {folder.id}"

    def leave(self, folder: RunFolder, trainer: Any) -> None:
        """Save the backbone beside the head."""
        work.save_backbone(folder, trainer)
