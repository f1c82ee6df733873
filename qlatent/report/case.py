"""The report of one case of a queue as HTML: the listing, its decision, and its history."""

from __future__ import annotations

import datetime
import json
from typing import Any

from qlatent.report.document import Part, as_html
from qlatent.services.datasets import tombstone
from qlatent.services.triage import audit
from qlatent.services.triage.reporting import CaseFile
from qlatent.store.catalogue.records import TriageEvent

_SHOWN = ("score", "low", "high", "head", "why", "how")


def as_report(found: CaseFile) -> str:
    """The report of a case as one HTML file that loads nothing from elsewhere; texts of the item are escaped."""
    return as_html(f"Case {found.case.item_id} of the queue {found.queue.name}", _parts(found))


def _parts(found: CaseFile) -> list[Part]:
    labels = {each.code: each.label for each in found.policy.decisions}
    reasons = {each.code: each.label for each in found.policy.reasons}
    decision = labels.get(found.case.code, found.case.code) or "Open"
    undone = audit.taken_back(found.history)
    rows = [_row(event, labels, reasons, undone) for event in found.history]
    listing = [[name, _cell(value)] for name, value in found.metadata.items()]
    if found.label is not None:
        listing.insert(0, ["label", found.label])
    if found.text is not None:
        listing.insert(0, ["text", found.text])
    gone = "" if found.text is not None or found.metadata else "The item is not in the dataset any more."
    if found.withheld:
        gone = f"{tombstone.SAYS.capitalize()}."
    parts = [
        Part("Decision", lead=f"{decision}. Dataset {found.queue.dataset_id}, item {found.case.item_id}."),
        Part(
            "Listing",
            lead=gone,
            thumbnail=found.thumbnail,
            table=(("Column", "Value"), listing) if listing else None,
        ),
        Part(
            "History",
            lead="Times are UTC. What was taken back is marked as undone.",
            table=(("Event", "Time", "By", "What", "Decision", "Reason", "Note", "Shown"), rows),
        ),
    ]
    if found.policy.text:
        parts.append(Part("Policy", points=found.policy.text.splitlines()))
    return parts


def _row(event: TriageEvent, labels: dict[str, str], reasons: dict[str, str], undone: set[int]) -> list[str]:
    moment = datetime.datetime.fromtimestamp(event.time, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    kind = f"{event.kind}, undone" if event.id in undone else event.kind
    if event.undoes is not None:
        kind = f"{event.kind} event {event.undoes}"
    shown = "; ".join(f"{name} {_cell(event.payload[name])}" for name in _SHOWN if name in event.payload)
    return [
        str(event.id), moment, event.actor, kind, labels.get(event.code, event.code),
        reasons.get(event.reason, event.reason), event.note, shown,
    ]  # fmt: skip


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.3f}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
