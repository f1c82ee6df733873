"""Load the rows of a training on stored vectors, and compute its final metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlatent.metrics.geometry.honesty import Reference
from qlatent.services.datasets import grouping
from qlatent.services.runs.specs import VectorTraining
from qlatent.services.vectors import augmented
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs

if TYPE_CHECKING:
    from qlatent.store.runs.run_folder import RunFolder
    from qlatent.training.vectors.data import TrainingData
    from qlatent.training.vectors.loop import Trainer

FINAL_POINTS = 4000  # held-out rows whose ranks are compared


def load_data(workspace: Workspace, spec: VectorTraining, configs: RunConfigs) -> TrainingData:
    """The vectors of the run's items as of its creation, split and sampled by its seed."""
    from qlatent.training.vectors.data import from_items

    key, modalities = spec.encoder, spec.modalities
    hashes, known = grouping.of_vectors(workspace, spec, configs.training)
    arrays = {
        modality: workspace.items.embeddings(key, modality, hashes[modality]) for modality in modalities
    }
    views = {}
    if configs.objective.augmented_views:
        count = configs.objective.view_count
        views = {name: augmented.read(workspace, key, hashes[name], count) for name in modalities}
    return from_items(arrays, known, configs.training, views=views)


def final_metrics(trainer: Trainer) -> dict[str, float]:
    """Losses and geometry metrics of the held-out rows, or of the training rows if none are held out."""
    data = trainer.data
    arrays = data.heldout if data.heldout_pairs else data.train
    views = data.heldout_views if data.heldout_pairs else data.train_views
    reference = Reference(arrays, sample=FINAL_POINTS, seed=trainer.config.seed)
    return trainer.evaluate(arrays, views) | reference.compare(trainer.latents(arrays)) | data.counts


def write_shares(folder: RunFolder, trainer: Trainer, step: int) -> None:
    """Write the part of each probe item in the final loss, where the loss has such parts.

    The latents are those of the last snapshot, so that nothing is encoded again.
    """
    probe = trainer.data.probe
    steps = folder.snapshot_steps()
    latents = folder.snapshot(step) if step in steps else trainer.latents(probe)
    found = trainer.shares(probe, latents)
    if found is not None:
        folder.write_shares({"total": found})
