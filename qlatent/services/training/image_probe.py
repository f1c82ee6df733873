"""Run the published linear probe on a finished image training, as a run of its own since it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qlatent.errors import InputError
from qlatent.services.runs import listing, specs
from qlatent.services.runs.job import Job
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import ImageProbe, ImageTraining
from qlatent.services.training.kinds.images import work
from qlatent.services.training.kinds.table import run_configs
from qlatent.settings import settings
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled, Progress

if TYPE_CHECKING:
    from qlatent.training.images.network import ImageNetwork

FIGURE = "probe_as_published"


def spec(workspace: Workspace, run_id: str) -> ImageProbe:
    """The spec of a published-probe run; the probed run must be finished and trained on labelled images."""
    view = listing.summary(workspace, run_id)
    on_images = isinstance(view.spec, ImageTraining)
    if not on_images or view.state != "finished":
        raise InputError(
            f"Run {run_id} is {view.state}{'' if on_images else ' and not on images'}.",
            remedy="Choose a finished run that was trained on images.",
        )
    return ImageProbe(
        name=f"Published probe of {view.name}", created=time.time(), dataset=view.dataset, run=run_id,
        threads=settings().threads,
    )  # fmt: skip


def newest(workspace: Workspace) -> dict[str, RunSummary]:
    """The latest probe run of each probed run, in any state, by the id of the probed run."""
    listed = reversed(listing.list_runs(workspace, "probe"))
    return {run.spec.run: run for run in listed if isinstance(run.spec, ImageProbe)}


def execute(
    workspace: Workspace, probing: RunFolder, *, progress: Progress, should_stop: Callable[[], bool]
) -> dict[str, Any] | None:
    """Run the probe and save its result beside the probed run; None if stopped before the end.

    It resumes after the last epoch that an earlier call completed.
    """
    from qlatent.training.core import checkpoint
    from qlatent.training.core.checkpoint import Checkpoint
    from qlatent.training.images import probe
    from qlatent.training.images.configs import PROBE_CODE, ProbeConfig

    run_id = specs.expected(specs.of(probing), ImageProbe).run
    folder = workspace.run(run_id)
    spec = specs.expected(specs.of(folder), ImageTraining)
    configs = run_configs(spec)
    data = work.load_images(workspace, spec, configs)
    labelled = data.probes
    if labelled is None:
        raise InputError(
            f"The images of run {run_id} have fewer than two labelled classes on both sides of the split.",
            remedy="Add labels to the images, and train again.",
        )

    def tell(done: int, total: int | None) -> None:
        progress(done, total)
        if should_stop():
            raise Cancelled

    def keep(after: Checkpoint) -> None:
        with probing.checkpoint(after.step) as path:
            checkpoint.save(after, path)

    begun = probing.latest_checkpoint()
    network = load_network(folder)
    config = ProbeConfig(seed=configs.training.seed)
    size = configs.training.size
    try:
        result = probe.as_published(
            network.represent,
            *labelled,
            config,
            augmentation=replace(PROBE_CODE, size=size),
            progress=tell,
            begin=checkpoint.load(begun) if begun else None,
            keep=keep,
        )
    except Cancelled:
        return None
    document = work.probe_document(result, data.probed_classes) | {"looks": len(result.test)}
    document["best_epoch"] = result.epoch
    folder.write_figures(folder.figures() | {FIGURE: document})
    return document


def load_network(folder: RunFolder) -> ImageNetwork:
    """The backbone and head of a finished run."""
    from safetensors.torch import load_file

    from qlatent.heads import saving
    from qlatent.training.images.network import ImageNetwork, resnet18

    backbone = resnet18(seed=0)
    backbone.load_state_dict(load_file(folder.model_path / work.BACKBONE))
    return ImageNetwork(backbone, saving.load(folder.model_path)).eval()


def carry_out(workspace: Workspace, job: Job) -> str:
    """Run the published probe of a run; returns the final state."""
    found = execute(workspace, job.folder, progress=job.progress, should_stop=job.should_stop)
    return "stopped" if found is None else job.finish(accuracy=found["accuracy"])
