"""A workspace whose items fall into three classes, and layouts carried out in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qlatent.services.layouts import layouts, requests
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.runs import listing
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.carried_out import in_process
from tests.layout.blobs import blobs
from tests.services.run_workspace import add

WORDS = ("apple", "violin", "harbour")


def items(count: int, *, seed: int = 0, first: int = 0) -> list[Item]:
    """Items of three classes, told apart by vector, text and label; the first of them has no vector."""
    points, classes = blobs(count, seed=seed)
    return [
        Item(
            id=f"item-{first + number:03}", label=WORDS[own], text=f"{WORDS[own]} of number {number}",
            vectors={} if number == 0 else {"text": points[number]},
        )
        for number, own in enumerate(classes)
    ]  # fmt: skip


def classified(path: Path, *, count: int = 91) -> Workspace:
    """A workspace with the dataset `classes`."""
    workspace = Workspace.open(path)
    add(workspace, "classes", items(count), modalities=("text",))
    return workspace


def computed(workspace: Workspace, **changes: object) -> StoredLayout:
    """A finished layout of `classes`, unless a source is given."""
    asked = requests.LayoutRequest(**{"source": "classes", "metric": "euclidean", "epochs": 40, **changes})
    with in_process():
        run = requests.start(workspace, asked)
    view = listing.summary(workspace, run)
    assert view.state == "finished", view.message
    return layouts.read(workspace, run)


def classes_of(layout: StoredLayout) -> np.ndarray:
    """The class of each item of a layout of `classes`."""
    return layout.rows % 3
