"""Everything about one case, for its report: the item, its decision, and what happened to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from qlatent.errors import AbsentError
from qlatent.services.datasets import roles
from qlatent.services.selections.columns import rows_of
from qlatent.services.triage import audit, people, queues
from qlatent.store.catalogue.records import CaseRecord, QueueRecord, TriageEvent
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy
from qlatent.triage.policy import read as read_policy


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that is known about it; `text` and `metadata` are None and empty if its item is gone."""

    queue: QueueRecord
    policy: Policy
    case: CaseRecord
    text: str | None
    label: str | None
    metadata: dict[str, Any]
    thumbnail: bytes | None  # None for an item without a picture, and for one that is not kept
    withheld: bool  # its picture is not kept, because an item that has it was flagged as severe
    history: list[TriageEvent]


def case_file(workspace: Workspace, queue: str, item: str, *, by: str) -> CaseFile:
    """The file of a case, without hidden columns; an item that is not in the queue raises `AbsentError`."""
    people.check(workspace, by, "export")
    record = queues.record(workspace, queue)
    rules = read_policy(record.policy)
    case = workspace.catalogue.cases.one(record.id, item)
    history = audit.history(workspace, record.id, item)
    row = _row(workspace, record.dataset_id, item)
    hidden = roles.hidden(workspace, record.dataset_id) if row else ()
    metadata = json.loads(row["metadata"]) if row else {}
    image = row["image_hash"] if row else None
    picture, withheld = (
        workspace.items.thumbnails([image]).get(image or ""),
        image in workspace.items.withheld.hashes(),
    )
    return CaseFile(
        record, rules, case, row["text"] if row else None, row["label"] if row and "label" not in hidden else None,
        {name: value for name, value in metadata.items() if name not in hidden}, picture, withheld,
        history,
    )  # fmt: skip


def _row(workspace: Workspace, dataset: str, item: str) -> dict[str, Any] | None:
    try:
        workspace.catalogue.dataset(dataset)
    except AbsentError:
        return None
    rows, _ = rows_of(workspace, dataset, [item])
    columns = ["text", "label", "metadata", "image_hash"]
    found = workspace.items.rows(dataset, rows.tolist(), columns=columns)
    return found[0] if found else None
