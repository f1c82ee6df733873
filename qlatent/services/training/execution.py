"""Carry out one training run: from the frozen spec to snapshots, checkpoints and a kept head.

The worker calls `execute`. If it is killed at any moment, the run's folder stays readable; the next call continues
from the last checkpoint with the same losses.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qlatent.json_values import plain
from qlatent.metrics.geometry.honesty import Reference
from qlatent.registry import entry, resolve
from qlatent.services.runs.event_log import is_trained, read_log
from qlatent.services.runs.frame_figures import FRAME_POINTS
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import TrainSpec, training_spec
from qlatent.services.training import closing, panel
from qlatent.services.training.kinds.base import configs_of
from qlatent.services.training.kinds.table import kind_of
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs

if TYPE_CHECKING:
    from qlatent.training.core import events
    from qlatent.types import Arrays


def execute(
    workspace: Workspace, folder: RunFolder, *, heartbeat: Heartbeat, should_stop: Callable[[], bool]
) -> str:
    """Train by the run's spec, from its last checkpoint if there is one; returns "finished" or "stopped".

    Errors that the user can cause are `QlatentError`s.
    """
    from qlatent.training.core import checkpoint

    if is_trained(folder):  # a failure came after the last step
        step = int(read_log(folder).finish["step"])
        heartbeat.update(step, step)
        closing.close(workspace, folder)
        return "finished"
    trainer = _trainer(workspace, training_spec(folder))
    latest = folder.latest_checkpoint()
    if latest is not None:
        trainer.restore(checkpoint.load(latest))
    if not (folder.path / "probe.npz").exists():
        data = trainer.data
        folder.write_probe({"rows": data.probe_rows, "heldout": data.probe_heldout, **_prefixed(data.probe)})
    heartbeat.update(trainer.step, trainer.steps)
    recorder = Recorder(workspace, folder, trainer, heartbeat)
    for event in trainer.run(should_stop=should_stop):
        recorder.record(event)
    return recorder.state


def _trainer(workspace: Workspace, spec: TrainSpec) -> Any:
    """The trainer of the spec, at its first step."""
    kind = kind_of(spec)
    configs = configs_of(spec, kind.config)
    objective = resolve(entry("objective", spec.objective).target)(configs.objective)
    return kind.trainer(workspace, spec, configs, _head(workspace, spec, configs), objective)


def _prefixed(probe: Arrays) -> Arrays:
    return {f"input_{name}": array for name, array in probe.items()}


def _head(workspace: Workspace, spec: TrainSpec, configs: RunConfigs) -> Any:
    """The head with its initial weights, on the requested device; "auto" is the CPU, since heads are small.

    With `weights` in the spec, it is that kept head, with no trainable weights.
    """
    import torch

    torch.set_num_threads(spec.threads)
    head = resolve(entry("head", spec.head).target)(configs.head)
    head.normalise = (
        configs.training.normalise
    )  # kept with the weights, so that new items are normalised alike
    if spec.weights:
        from qlatent.heads import saving

        head.load_state_dict(saving.load(workspace.heads_path / spec.weights).state_dict())
        head.requires_grad_(False)
        head.prepared = True
    return head.to("cpu" if spec.device == "auto" else spec.device)


class Recorder:
    """Writes the events of the loop into the run folder."""

    def __init__(self, workspace: Workspace, folder: RunFolder, trainer: Any, heartbeat: Heartbeat) -> None:
        """`trainer` is a `training.core` `Work`."""
        self._workspace, self.folder, self.trainer, self._heartbeat = workspace, folder, trainer, heartbeat
        self._spec = training_spec(folder)
        self._kind = kind_of(self._spec)
        self._of_kind: dict[str, float] = {}
        self.state = "running"

    def record(self, event: events.Event) -> None:
        """Write one event and its files; returns before the loop yields the next."""
        known = getattr(self, f"_{type(event).__name__.lower()}", None)
        if known is None:
            self._of_kind |= self._kind.record(self, event)
        else:
            known(event)

    def append(self, kind: str, **values: Any) -> None:
        self.folder.append({"type": kind, "time": time.time(), **values})

    def _start(self, event: events.Start) -> None:
        attempt = self.folder.status().attempt
        self.append("start", **asdict(event), attempt=attempt, left_out=self.trainer.data.left_out)

    def _step(self, event: events.Step) -> None:
        rate = self._heartbeat.update(event.step, self.trainer.steps)
        self.append("step", step=event.step, epoch=event.epoch, losses=plain(event.losses), rate=rate)

    def _evaluation(self, event: events.Evaluation) -> None:
        self.append("evaluation", step=event.step, epoch=event.epoch, metrics=plain(event.metrics))

    def _snapshot(self, event: events.Snapshot) -> None:
        path = self.folder.write_snapshot(event.step, event.latents)
        figures = self._reference.compare(event.latents) | self._of_kind
        self.append("snapshot", step=event.step, file=path.name, metrics=plain(figures))

    @cached_property
    def _reference(self) -> Reference:
        seed = self.trainer.config.seed
        return Reference(self.trainer.data.probe, sample=FRAME_POINTS, seed=seed)

    def _checkpointdue(self, event: events.CheckpointDue) -> None:
        from qlatent.training.core import checkpoint

        with self.folder.checkpoint(event.step) as folder:
            checkpoint.save(event.checkpoint, folder)
        self.append("checkpoint", step=event.step)

    def _stop(self, event: events.Stop) -> None:
        self.append("stop", step=event.step)
        self.state = "stopped"

    def _finish(self, event: events.Finish) -> None:
        folder, trainer = self.folder, self.trainer
        figures = plain(self._kind.final_metrics(folder, trainer, event.step))
        _save_head(folder, trainer, figures, encoder=self._kind.encoder(folder, trainer))
        self._kind.leave(folder, trainer)
        if self._spec.panel:
            panel.measure_trained(self._workspace, folder, trainer.head, trainer.data)
        judged = "heldout" if trainer.data.heldout_pairs else "train"
        closing.mark(folder)
        self.append("finish", step=event.step, metrics=figures, judged=judged)
        closing.close(self._workspace, folder)
        if not self._kind.keeps_checkpoints:
            folder.drop_checkpoints()
        self.state = "finished"


def _save_head(folder: RunFolder, trainer: Any, figures: dict[str, float | None], *, encoder: str) -> None:
    """Write the final model beside the checkpoints, atomically."""
    from qlatent.heads import saving

    spec = training_spec(folder)
    card = {
        "name": spec.name,
        "run": spec.id,
        "dataset": spec.dataset,
        "encoder": encoder,
        "objective": spec.configs.objective,
        "training": spec.configs.training,
        "metrics": figures,
    }
    saving.save(trainer.head.to("cpu"), folder.model_path, card)


def carry_out(workspace: Workspace, job: Job) -> str:
    """Carry out a training run; returns the state it ends in."""
    return execute(workspace, job.folder, heartbeat=job.heartbeat, should_stop=job.should_stop)
