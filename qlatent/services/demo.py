"""Prepare the demo: drawn listings that are imported, encoded and trained on like any other data."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from qlatent.errors import QlatentError
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing, queue
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import DemoPreparation, expected
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.vectors import encoding
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled, Progress

DATASET = "demo"
NAME = "Demo"
COUNT = 2000
ENCODER = "builtin"


HEAD: dict[str, Any] = {"qubits": 2, "hidden": 128, "latent": "dense", "batch_size": 256, "epochs": 100}
"""The head of both trainings: CLIP-ACQUA's circuit on two qubits, so that the map is the latent itself."""
TRAININGS = (
    TrainingRequest(DATASET, name="CLIP-ACQUA's own loss, on the demo", settings=HEAD),
    TrainingRequest(
        DATASET, objective="distance_correlation", name="Distance correlation, on the demo",
        settings=HEAD | {"focus": 4.0},
    ),
)  # fmt: skip
"""The same head, items and seed with two losses, which Home shows side by side (`benchmarks/first_minute.py`)."""


def beyond_builtin(encoder: str | None, dataset: str | None) -> str:
    """A warning about vectors of the built-in encoder (name or key) on items other than the demo's, or ""."""
    if dataset == DATASET or (encoder or "").partition("-")[0] != ENCODER:
        return ""
    return (
        "The built-in encoder has learned drawn listings and nothing else. For photographs and other texts, its "
        "vectors and all metrics of them mean next to nothing. Encode those with CLIP or a text model."
    )


def prepared(workspace: Workspace) -> bool:
    """Whether the demo's dataset and a head trained on it exist."""
    return has_items(workspace) and any(head.dataset_id == DATASET for head in workspace.catalogue.heads())


def has_items(workspace: Workspace) -> bool:
    """Whether the demo's listings are imported."""
    return any(record.id == DATASET for record in workspace.catalogue.datasets())


def furnish(
    workspace: Workspace, *, count: int = COUNT, seed: int = 0, progress: Progress | None = None
) -> str:
    """Draw, import and encode the listings, skipping completed steps; returns the key of the encoder."""
    report = progress or (lambda done, total: None)
    total = 4 * count  # each listing is drawn and stored, and its image and text are encoded
    if not has_items(workspace):
        _import(workspace, count, seed, lambda done: report(done, total))
    encoded = encoding.encode(
        workspace, DATASET, encoder=ENCODER, settings={},
        progress=lambda done, of: report(min(total, 2 * count + done), total),
    )  # fmt: skip
    return encoded.encoder_key


def _import(workspace: Workspace, count: int, seed: int, report: Any) -> None:
    from qlatent.demo.listings import listings, write_folder

    with tempfile.TemporaryDirectory(dir=workspace.path, prefix=".demo-") as temp:
        table = write_folder(Path(temp) / "listings", listings(count, seed=seed), progress=report)
        seen = datasets.preview(workspace, table, mapping=MAPPING)
        datasets.store(workspace, seen, name=NAME, progress=lambda done, of: report(count + done))


MAPPING = {
    "id": "id", "image": "image", "text": ["text"], "label": "category", "price": "price", "seller": "seller",
    "hidden": ["truth", "truth_of"],
}  # fmt: skip


def train(workspace: Workspace, encoder_key: str | None = None) -> list[str]:
    """Start the demo's two trainings, or resume those that exist; returns their ids, the one to look at last.

    CLIP-ACQUA's own loss comes first, so that the run of distance correlation is the newest.
    Without a key the listings must have vectors of one encoder only; those of an earlier version may have two.
    """
    views = listing.list_runs(workspace, "train")
    known = {view.name: view for view in views if view.dataset == DATASET and view.state != "failed"}
    asked = [replace(request, encoder_key=encoder_key) for request in TRAININGS]
    return [_trained(workspace, request, known.get(request.name)) for request in asked]


def _trained(workspace: Workspace, request: TrainingRequest, known: listing.RunSummary | None) -> str:
    if known is None:
        return start_training(workspace, request)
    if known.state in ("stopped", "interrupted"):
        queue.resume(workspace, known.id)
    return known.id


def start(workspace: Workspace, *, count: int = COUNT) -> str:
    """Queue the preparation of the demo, which then queues the training; returns the id of the preparation run."""
    for view in listing.list_runs(workspace, "demo"):
        if view.active:
            return view.id
    return queue.start(
        workspace,
        DemoPreparation(
            name="Prepare the demo", created=time.time(), dataset=None, count=count, seed=0,
            threads=settings().threads,
        ),
    )  # fmt: skip


def summary(workspace: Workspace) -> dict[str, Any]:
    """The demo's dataset, run and head, as far as they exist."""
    if not has_items(workspace):
        raise QlatentError("The demo is not prepared.", remedy="Run `qlatent demo`.")
    heads = [head for head in workspace.catalogue.heads() if head.dataset_id == DATASET]
    trained = [view for view in listing.list_runs(workspace, "train") if view.dataset == DATASET]
    return {
        "dataset": DATASET, "rows": workspace.catalogue.dataset(DATASET).rows,
        "run": trained[0].id if trained else None, "head": heads[0].id if heads else None,
    }  # fmt: skip


def carry_out(workspace: Workspace, job: Job) -> str:
    """Prepare the demo and queue its trainings; a stopped preparation keeps its results and resumes from them."""
    spec = expected(job.spec, DemoPreparation)
    try:
        key = furnish(workspace, count=spec.count, seed=spec.seed, progress=job.progress_or_cancel)
    except Cancelled:
        return "stopped"
    return job.finish(run=train(workspace, key)[-1])  # queued until this process ends
