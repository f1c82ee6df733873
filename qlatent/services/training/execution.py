"""One training run, carried out: from the frozen spec to snapshots, checkpoints and a kept head.

`execute` is what the worker calls. Killed at any moment, it leaves a folder that can be read, and called
again it goes on from the last checkpoint with the same losses.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qlatent.metrics.geometry.honesty import Reference
from qlatent.registry import entry, resolve
from qlatent.services.datasets import grouping
from qlatent.services.runs.event_log import is_trained, journal
from qlatent.services.runs.heartbeat import Pulse
from qlatent.services.training import closing
from qlatent.services.training.kinds import images, retrieval
from qlatent.services.training.run_spec import Spec, configs_of, source_of
from qlatent.services.vectors import augmented
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs

if TYPE_CHECKING:
    from qlatent.training.core import events
    from qlatent.training.vectors.data import TrainingData
    from qlatent.training.vectors.loop import Trainer
    from qlatent.types import Arrays

FRAME_POINTS = 600  # points whose ranks are compared in each frame: some hundredths of a second
FINAL_POINTS = 4000  # and at the end, on the held-out rows


def execute(workspace: Workspace, folder: RunFolder, *, pulse: Pulse, should_stop: Callable[[], bool]) -> str:
    """Train as the run's spec says, from its last checkpoint if any; returns "finished" or "stopped".

    Everything that can go wrong with the user's doing is a `QlatentError`.
    """
    from qlatent.training.core import checkpoint

    if is_trained(folder):  # what failed came after the last step
        step = int(journal(folder).finish["step"])
        pulse.update(step, step)
        closing.close(workspace, folder)
        return "finished"
    trainer = _trainer(workspace, folder.spec)
    latest = folder.latest_checkpoint()
    if latest is not None:
        trainer.restore(checkpoint.load(latest))
    if not (folder.path / "probe.npz").exists():
        data = trainer.data
        folder.write_probe({"rows": data.probe_rows, "heldout": data.probe_heldout, **_prefixed(data.probe)})
    pulse.update(trainer.step, trainer.steps)
    recorder = Recorder(workspace, folder, trainer, pulse)
    for event in trainer.run(should_stop=should_stop):
        recorder.record(event)
    return recorder.state


def _trainer(workspace: Workspace, spec: Spec) -> Any:
    """A `Trainer`, an `ImageTrainer` or a `RankingTrainer`, at its first step."""
    configs = configs_of(spec)
    objective = resolve(entry("objective", spec["objective"]).target)(configs.objective)
    if source_of(spec) == "relevance":
        return retrieval.trainer(workspace, spec, configs, _head(workspace, spec, configs), objective)
    if source_of(spec) == "images":
        from qlatent.training.images.loop import ImageTrainer

        data = images.load_images(workspace, spec, configs)
        return ImageTrainer(_head(workspace, spec, configs), objective, data, configs.training)
    from qlatent.training.vectors.loop import Trainer

    vectors = load_data(workspace, spec, configs)
    return Trainer(_head(workspace, spec, configs), objective, vectors, configs.training)


def _prefixed(probe: Arrays) -> Arrays:
    return {f"input_{name}": array for name, array in probe.items()}


def _head(workspace: Workspace, spec: Spec, configs: RunConfigs) -> Any:
    """The head with its first weights, on the device asked for; "auto" is the CPU, since heads are small.

    With `weights` in the spec it is that kept head as it is: nothing of it learns.
    """
    import torch

    torch.set_num_threads(int(spec["threads"]))
    head = resolve(entry("head", spec["head"]).target)(configs.head)
    head.normalise = configs.training.normalise  # kept with the weights: new items are treated alike
    if spec.get("weights"):
        from qlatent.heads import saving

        head.load_state_dict(saving.load(workspace.heads_path / spec["weights"]).state_dict())
        head.requires_grad_(False)
        head.prepared = True
    return head.to("cpu" if spec["device"] == "auto" else spec["device"])


def load_data(workspace: Workspace, spec: Spec, configs: RunConfigs) -> TrainingData:
    """The vectors of the run's items as they were when it was created, split and sampled by its seed."""
    from qlatent.training.vectors.data import from_items

    key, modalities = spec["encoder"], spec["modalities"]
    hashes, known = grouping.of_vectors(workspace, spec, configs.training)
    arrays = {
        modality: workspace.items.embeddings(key, modality, hashes[modality]) for modality in modalities
    }
    views = {}
    if getattr(configs.objective, "augmented_views", False):
        count = configs.objective.view_count
        views = {name: augmented.read(workspace, key, hashes[name], count) for name in modalities}
    return from_items(arrays, known, configs.training, views=views)


class Recorder:
    """Writes what the loop yields into the run folder."""

    def __init__(self, workspace: Workspace, folder: RunFolder, trainer: Any, pulse: Pulse) -> None:
        """`trainer` is a `Trainer`, an `ImageTrainer` or a `RankingTrainer`."""
        self._workspace, self._folder, self._trainer, self._pulse = workspace, folder, trainer, pulse
        self._of_views: dict[str, float] = {}
        self.state = "running"

    def record(self, event: events.Event) -> None:
        """Write one event, and all that belongs to it, before the next is asked for."""
        getattr(self, f"_{type(event).__name__.lower()}")(event)

    def _append(self, kind: str, **values: Any) -> None:
        self._folder.append({"type": kind, "time": time.time(), **values})

    def _start(self, event: events.Start) -> None:
        attempt = self._folder.status().attempt
        self._append("start", **asdict(event), attempt=attempt, left_out=self._trainer.data.left_out)

    def _step(self, event: events.Step) -> None:
        rate = self._pulse.update(event.step, self._trainer.steps)
        self._append("step", step=event.step, epoch=event.epoch, losses=_plain(event.losses), rate=rate)

    def _evaluation(self, event: events.Evaluation) -> None:
        self._append("evaluation", step=event.step, epoch=event.epoch, metrics=_plain(event.metrics))

    def _snapshot(self, event: events.Snapshot) -> None:
        path = self._folder.write_snapshot(event.step, event.latents)
        figures = self._reference.compare(event.latents) | self._of_views
        self._append("snapshot", step=event.step, file=path.name, metrics=_plain(figures))

    def _views(self, event: events.Views) -> None:
        if not (self._folder.path / "views" / "pictures.npz").exists():
            images.keep_pictures(self._folder, self._trainer)
        images.keep_views(self._folder, event)
        self._of_views = images.figures_of_views(event)

    def _probed(self, event: events.Probed) -> None:
        document = images.probe_document(event.result, self._trainer.data.probed_classes)
        self._append("probe", step=event.step, epoch=event.epoch, **document)

    @cached_property
    def _reference(self) -> Reference:
        seed = self._trainer.config.seed
        return Reference(self._trainer.data.probe, sample=FRAME_POINTS, seed=seed)

    def _checkpointdue(self, event: events.CheckpointDue) -> None:
        from qlatent.training.core import checkpoint

        with self._folder.checkpoint(event.step) as folder:
            checkpoint.save(event.checkpoint, folder)
        self._append("checkpoint", step=event.step)

    def _stop(self, event: events.Stop) -> None:
        self._append("stop", step=event.step)
        self.state = "stopped"

    def _finish(self, event: events.Finish) -> None:
        folder, trainer = self._folder, self._trainer
        source = source_of(folder.spec)
        figures = _plain(self._final(event))
        _save_head(folder, trainer, figures)
        if source == "images":
            images.save_backbone(folder, trainer)
        if folder.spec.get("panel"):
            from qlatent.services.training import panel as measured

            measured.measure_trained(self._workspace, folder, trainer.head, trainer.data)
        judged = "heldout" if trainer.data.heldout_pairs else "train"
        closing.mark(folder)
        self._append("finish", step=event.step, metrics=figures, judged=judged)
        closing.close(self._workspace, folder)
        if source != "vectors":
            folder.drop_checkpoints()
        self.state = "finished"

    def _final(self, event: events.Finish) -> dict[str, float]:
        """The figures that a run ends with."""
        source = source_of(self._folder.spec)
        if source == "images":
            return images.final_metrics(self._trainer, journal(self._folder).probes.get(event.step))
        if source == "relevance":
            return retrieval.final_metrics(self._folder, self._trainer)
        return final_metrics(self._trainer)


def _plain(figures: dict[str, float]) -> dict[str, float | None]:
    """Figures as JSON has them: NaN and infinity are null."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def final_metrics(trainer: Trainer) -> dict[str, float]:
    """Losses and honesty figures of the held-out rows; of the training rows where none are held out."""
    data = trainer.data
    arrays = data.heldout if data.heldout_pairs else data.train
    views = data.heldout_views if data.heldout_pairs else data.train_views
    reference = Reference(arrays, sample=FINAL_POINTS, seed=trainer.config.seed)
    return trainer.evaluate(arrays, views) | reference.compare(trainer.latents(arrays)) | data.counts


def _save_head(folder: RunFolder, trainer: Trainer, figures: dict[str, float | None]) -> None:
    """Write the final model beside the checkpoints, all or nothing."""
    from qlatent.heads import saving

    spec = folder.spec
    card = {
        "name": spec["name"],
        "run": spec["id"],
        "dataset": spec["dataset"],
        "encoder": spec["encoder"] or _own_encoder(folder, trainer),
        "objective": spec["configs"]["objective"],
        "training": spec["configs"]["training"],
        "metrics": figures,
    }
    saving.save(trainer.head.to("cpu"), folder.model_path, card)


def _own_encoder(folder: RunFolder, trainer: Any) -> str:
    """The key of the encoder that was trained under the head, saved beside it where it can be used by itself."""
    if source_of(folder.spec) == "relevance" and folder.spec.get("keep", True):
        return retrieval.save_encoder(folder, trainer)
    return f"the backbone of run {folder.id}"
