"""Items as tiles: the beginning of a text, a picture, and the decision on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qlatent.services.datasets import browsing
from qlatent.services.selections.columns import rows_of
from qlatent.services.triage import queues
from qlatent.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Tile:
    """An item with the decision on it: "" while it is open or not in the queue."""

    item: str
    text: str
    picture: str  # hash; "" for none
    code: str
    in_queue: bool


def tiles(workspace: Workspace, queue: str, items: Sequence[str]) -> list[Tile]:
    """The tiles of items, in their order; items that are gone from the dataset are left out."""
    record = queues.record(workspace, queue)
    found = {
        each.item: each
        for each in of_rows(workspace, queue, rows_of(workspace, record.dataset_id, [*items])[0])
    }
    return [found[each] for each in items if each in found]


def of_rows(workspace: Workspace, queue: str, rows: Iterable[int]) -> list[Tile]:
    """The tiles of rows of the queue's dataset, in their order."""
    record = queues.record(workspace, queue)
    columns = ["id", "text", "image_hash"]
    read = workspace.items.rows(record.dataset_id, [int(row) for row in rows], columns=columns)
    cases = workspace.catalogue.cases.some(queue, [each["id"] for each in read])
    found = []
    for each in read:
        case = cases.get(each["id"])
        code = case.code if case else ""
        text = browsing.plain_text(each["text"] or "") or each["id"]
        found.append(Tile(each["id"], text, each["image_hash"] or "", code, case is not None))
    return found
