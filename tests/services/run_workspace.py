"""A small workspace with pairs of imported vectors, and runs carried out in this process."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from qlatent.services.training.request import TrainingRequest
from qlatent.store.catalogue.records import DatasetRecord
from qlatent.store.workspace import Workspace
from qlatent.types import Item

WIDTH = 8


def pairs(count: int, *, seed: int = 0) -> list[Item]:
    """Items with a text and imported image and text vectors."""
    rng = np.random.default_rng(seed)
    return [
        Item(
            id=f"item-{number:03}",
            label=f"label-{number % 3}",
            text=f"text {number}",
            vectors={name: rng.normal(size=WIDTH).astype(np.float32) for name in ("image", "text")},
        )
        for number in range(count)
    ]


def add(workspace: Workspace, name: str, items: list[Item], *, modalities=("image", "text")) -> str:
    """Store items as a dataset of this id."""
    workspace.items.create(name, items)
    record = DatasetRecord(name, name.title(), "embeddings", time.time(), len(items), modalities)
    workspace.catalogue.add_dataset(record)
    return name


def small(path: Path, *, count: int = 40) -> Workspace:
    """A workspace with one dataset, `pairs`."""
    workspace = Workspace.open(path)
    add(workspace, "pairs", pairs(count))
    return workspace


SETTINGS = {"qubits": 2, "depth": 1, "epochs": 4, "batch_size": 8, "snapshots": 4, "checkpoint_every": 5}


def request(**changes) -> TrainingRequest:
    """A training of four epochs of four steps on `pairs`; keyword arguments change its settings."""
    return TrainingRequest("pairs", settings=SETTINGS | changes)
