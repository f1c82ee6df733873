"""Cases whose item is no longer in the dataset: they are marked, so that nobody gets one, until the item is back."""

from __future__ import annotations

from pathlib import Path

from qlatent.store.catalogue.records import QueueRecord
from qlatent.store.workspace import Workspace

_seen: dict[tuple[Path, str], int] = {}
"""When the dataset of a queue had changed last, as this process looked at the queue."""


def update(workspace: Workspace, queue: QueueRecord) -> None:
    """Mark the cases of a queue by whether their items are there, if the dataset has changed since the last time.

    Of a dataset without any items nothing is known.
    """
    changed = workspace.items.changed(queue.dataset_id)
    key = (workspace.path, queue.id)
    if not changed or _seen.get(key) == changed:
        return
    here = present(workspace, queue.dataset_id)
    marks = workspace.catalogue.cases.marks(queue.id)
    workspace.catalogue.cases.mark(
        queue.id,
        gone=[item for item, gone in marks.items() if not gone and item not in here],
        back=[item for item, gone in marks.items() if gone and item in here],
    )
    _seen[key] = changed


def present(workspace: Workspace, dataset: str) -> frozenset[str]:
    """The ids of the items that a dataset has; none if it was removed."""
    if not is_there(workspace, dataset) or not workspace.items.has(dataset):
        return frozenset()
    return frozenset(workspace.items.table(dataset, columns=["id"])["id"].to_pylist())


def is_there(workspace: Workspace, dataset: str) -> bool:
    """Whether a dataset has not been removed."""
    return any(each.id == dataset for each in workspace.catalogue.datasets())
