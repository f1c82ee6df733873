"""A small shop: items with texts, labels, typed columns and vectors, and a run whose latents have two numbers."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qlatent.services.runs.specs import Configs, VectorTraining
from qlatent.store.catalogue.records import RunRecord
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add

COUNT = 30
KINDS = ("apple", "pear", "plum")
TEXTS = ("red crisp apple", "green soft pear", "blue small plum")


def picture(number: int) -> bytes:
    """A PNG of one colour, wider than high."""
    colour = (255 * (number % 3 == 0), 255 * (number % 3 == 1), 8 * number)
    buffer = io.BytesIO()
    Image.new("RGB", (24, 12), colour).save(buffer, "PNG")
    return buffer.getvalue()


def item(number: int, *, images: bool = False) -> Item:
    kind = number % 3
    metadata: dict[str, Any] = {
        "price": number / 2,
        "made": f"2024-01-{number + 1:02}",
        "fresh": number % 2 == 0,
    }
    if number % 5 == 0:
        del metadata["price"]
    return Item(
        id=f"item-{number:02}", label=KINDS[kind] if number != 7 else None, text=f"a {TEXTS[kind]} number {number}",
        split="train" if number < 20 else "test", metadata=metadata, vectors=vectors(number),
        image=picture(number) if images else None,
    )  # fmt: skip


def vectors(number: int) -> dict[str, NDArray[np.float32]]:
    """Vectors near one axis for each kind."""
    rng = np.random.default_rng(number)
    near = np.eye(8, dtype=np.float32)[number % 3]
    return {name: near + 0.1 * rng.normal(size=8).astype(np.float32) for name in ("image", "text")}


def shop(path: Path, *, images: bool = False) -> Workspace:
    """A workspace with the dataset `shop`."""
    workspace = Workspace.open(path)
    add(workspace, "shop", [item(number, images=images) for number in range(COUNT)])
    return workspace


def with_run(workspace: Workspace, name: str = "r1") -> RunFolder:
    """A run of two frames as a worker writes it: 20 items on a grid of row % 6 and row // 6, the texts 100 away."""
    spec = VectorTraining(
        id=name, name=name, created=1.0, dataset="shop", dataset_version=workspace.items.version("shop"),
        encoder="given", modalities=("image", "text"), head="acqua", objective="acqua", settings={},
        configs=Configs(head={}, objective={}, training={}),
    )  # fmt: skip
    folder = RunFolder.create(workspace.runs_path / name, spec.document())
    workspace.catalogue.add_run(RunRecord(name, "train", name, "shop", time.time()))
    rows = np.sort(np.random.default_rng(0).permutation(COUNT)[:20])
    inputs = {
        f"input_{name}": np.stack([vectors(int(row))[name] for row in rows]) for name in ("image", "text")
    }
    folder.write_probe({"rows": rows, "heldout": rows % 5 == 0, **inputs})
    for frame, step in enumerate((0, 8)):
        grid = np.stack([rows % 6, rows // 6], axis=1).astype(np.float32) * (1 + frame)
        folder.write_snapshot(step, {"image": grid, "text": grid + 100})
        folder.append({"type": "snapshot", "step": step, "metrics": {}})
    return folder
