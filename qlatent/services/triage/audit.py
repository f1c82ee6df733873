"""The log of a queue: as tables, for one case, and checked against the state of the cases."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qlatent.services.triage import people, presence, queues
from qlatent.store.catalogue.records import TriageEvent
from qlatent.store.workspace import Workspace
from qlatent.triage.replay import replay

DECISIONS = ("item", "code", "reason", "note", "by", "time", "event", "how", "gone")
LOG = ("event", "time", "by", "kind", "items", "code", "reason", "note", "undoes", "details")


@dataclass(frozen=True, slots=True)
class Difference:
    """A case whose stored state is not what its events say."""

    item: str
    stored: str
    replayed: str


def log(workspace: Workspace, queue: str, *, by: str) -> pd.DataFrame:
    """Every event of a queue in order, with the columns `LOG`; an event of many items lists them all."""
    people.check(workspace, by, "export")
    found = queues.record(workspace, queue)
    events = workspace.catalogue.triage_events.of(found.id)
    return pd.DataFrame([_row(workspace, event) for event in events], columns=list(LOG))


def decisions(workspace: Workspace, queue: str, *, by: str) -> pd.DataFrame:
    """The present decision on each decided case, with the columns `DECISIONS`, in the order they were made.

    `gone` says that the item, or its dataset, was removed since: the decision stays with the item's id.
    """
    people.check(workspace, by, "export")
    found = queues.record(workspace, queue)
    events = {each.id: each for each in workspace.catalogue.triage_events.of(found.id, kinds=("decided",))}
    rows, here = [], presence.present(workspace, found.dataset_id)
    for case in workspace.catalogue.cases.of(found.id):
        if case.code and case.event_id in events:
            event = events[case.event_id]
            rows.append(
                (
                    case.item_id, event.code, event.reason, event.note, event.actor, _moment(event.time), event.id,
                    event.payload.get("how", "single"), case.item_id not in here,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(DECISIONS)).sort_values("event", ignore_index=True)


def history(workspace: Workspace, queue: str, item: str) -> list[TriageEvent]:
    """What happened to a case, oldest first, with what was taken back."""
    return workspace.catalogue.triage_events.of_item(queue, item)


def recent(
    workspace: Workspace,
    queue: str,
    *,
    most: int = 100,
    before: int | None = None,
    actor: str = "",
    kind: str = "",
    item: str = "",
) -> list[TriageEvent]:
    """The newest events of a queue, newest first, or those before an event, of an actor, a kind or an item."""
    events = workspace.catalogue.triage_events
    return events.last(queue, most=most, before=before, actor=actor, kind=kind, item=item)


def actors(workspace: Workspace, queue: str) -> list[str]:
    """Who has done something in a queue, by name."""
    return workspace.catalogue.triage_events.actors(queue)


def one(workspace: Workspace, queue: str, event: int) -> TriageEvent | None:
    """An event of a queue by its number; None if the queue has no such event."""
    found = workspace.catalogue.triage_events.one(event)
    return found if found is not None and found.queue_id == queue else None


def items(workspace: Workspace, event: TriageEvent) -> list[str]:
    """The items that an event concerns; of one that takes another back, those of the other."""
    if event.item_id:
        return [event.item_id]
    return workspace.catalogue.triage_events.items(event.id if event.undoes is None else event.undoes)


def undone(workspace: Workspace, events: Iterable[TriageEvent]) -> dict[int, int]:
    """The numbers of those events that were taken back, each with that of the event that did it."""
    return workspace.catalogue.triage_events.undone([each.id for each in events])


def differences(workspace: Workspace, queue: str) -> list[Difference]:
    """Cases whose stored state is not what a replay of all events says; there are none unless a file was damaged."""
    found = queues.record(workspace, queue)
    said = replay(workspace.catalogue.triage_events.rows(found.id))
    stored, replayed = (
        workspace.catalogue.cases.decided(found.id),
        {item: code for item, (code, _) in said.items()},
    )
    return [
        Difference(item, stored.get(item, ""), replayed.get(item, ""))
        for item in sorted(stored.keys() | replayed.keys())
        if stored.get(item, "") != replayed.get(item, "")
    ]


def taken_back(events: Iterable[TriageEvent]) -> set[int]:
    """The numbers of the events that others of them take back."""
    return {event.undoes for event in events if event.undoes is not None}


def _row(workspace: Workspace, event: TriageEvent) -> tuple[Any, ...]:
    concerned = [event.item_id] if event.item_id else workspace.catalogue.triage_events.items(event.id)
    return (
        event.id, _moment(event.time), event.actor, event.kind, concerned, event.code, event.reason, event.note,
        event.undoes, event.payload,
    )  # fmt: skip


def _moment(seconds: float) -> str:
    """A time as ISO 8601 in UTC, in milliseconds."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds")
