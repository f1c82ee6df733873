"""Taking back an event: its items are then in the state that the events before it say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from qlatent.errors import StoreError
from qlatent.store.catalogue import schema, triage_rows
from qlatent.store.catalogue.records import TriageEvent
from qlatent.store.catalogue.triage_events import standing, write

_CASES, _SKIPS = schema.triage_cases, schema.triage_skips
_EVENTS, _ITEMS = schema.triage_events, schema.triage_event_items


def undo(connection: Connection, event: TriageEvent) -> list[str]:
    """Store an event that takes back another, and return the items of that one, sorted.

    What others did to them since stays: a case is released only where taking back changes its decision. An event that
    was taken back already raises `StoreError`.
    """
    assert event.undoes is not None
    undone = connection.execute(select(_EVENTS).where(_EVENTS.c.id == event.undoes).with_for_update()).one()
    if connection.execute(select(_EVENTS.c.id).where(_EVENTS.c.undoes == event.undoes)).first() is not None:
        raise StoreError("This was undone already.", remedy="Look at the log of the queue.")
    concerned = select(_ITEMS.c.item_id).where(_ITEMS.c.event_id == event.undoes)
    items = sorted(connection.scalars(concerned))
    cases = list(triage_rows.some(connection, event.queue_id, items))
    write(connection, event, ())
    if undone.kind == "skipped":
        key = (_SKIPS.c.queue_id == event.queue_id, _SKIPS.c.analyst == undone.actor)
        connection.execute(delete(_SKIPS).where(*key, _SKIPS.c.item_id.in_(items)))
    elif undone.kind in ("held", "handed"):
        _take_from(connection, undone)
    elif undone.kind in ("decided", "reopened"):
        before = standing(connection, event.queue_id, event.undoes)
        by_state: dict[tuple[str, int | None], list[str]] = {}
        for case in cases:
            state = before.get(case.item_id, ("", None))
            if state != (case.code, case.event_id):
                by_state.setdefault(state, []).append(case.item_id)
        for (code, number), part in by_state.items():
            triage_rows.settle(connection, event.queue_id, part, code, number)
    return items


def _take_from(connection: Connection, undone: Row[Any]) -> None:
    """Release a case that is still put aside by an event."""
    aside = (_CASES.c.lease == undone.kind, _CASES.c.lease_by == undone.payload.get("to", undone.actor))
    key = triage_rows.is_case(undone.queue_id, undone.item_id)
    connection.execute(update(_CASES).where(*key, *aside).values(triage_rows.FREE))
