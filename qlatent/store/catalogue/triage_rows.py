"""Rows of cases within a transaction: locked, put into a state, and as records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from qlatent.errors import AbsentError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.records import CaseRecord
from qlatent.store.catalogue.triage_events import AT_ONCE

_CASES = schema.triage_cases
FREE: dict[str, Any] = {"lease": "", "lease_by": "", "lease_until": None}
"""The values of a case that nobody has."""


def one(connection: Connection, queue: str, item: str) -> CaseRecord:
    """One case, locked until the transaction ends; an item that is not in the queue raises `AbsentError`."""
    row = connection.execute(select(_CASES).where(*is_case(queue, item)).with_for_update()).first()
    if row is None:
        raise absent(queue, item)
    return record(row)


def some(connection: Connection, queue: str, items: Iterable[str]) -> Iterator[CaseRecord]:
    """Those of the items that are cases, by id, each locked until the transaction ends.

    Whoever locks several does so in this order, so that two never wait for each other.
    """
    for part in parts(sorted(set(items))):
        query = select(_CASES).where(_CASES.c.queue_id == queue, _CASES.c.item_id.in_(part))
        yield from map(record, connection.execute(query.order_by(_CASES.c.item_id).with_for_update()))


def settle(connection: Connection, queue: str, items: list[str], code: str, event: int | None) -> None:
    """Set the decision of cases ("": open) and the event that made it, and release them."""
    values = {"code": code, "event_id": event, **FREE}
    for part in parts(items):
        where = (_CASES.c.queue_id == queue, _CASES.c.item_id.in_(part))
        connection.execute(update(_CASES).where(*where).values(values))


def is_case(queue: str, item: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether a row is that of a case."""
    return _CASES.c.queue_id == queue, _CASES.c.item_id == item


def parts(items: list[str]) -> list[list[str]]:
    """The items in as many parts as a statement can take at once."""
    return [items[first : first + AT_ONCE] for first in range(0, len(items), AT_ONCE)]


def record(row: Row[Any]) -> CaseRecord:
    """The row of a case as a record."""
    return CaseRecord(*tuple(row))  # their fields have the order of the columns


def absent(queue: str, item: str) -> AbsentError:
    """The error for an item that is not in a queue."""
    return AbsentError(f"The queue {queue!r} has no case {item!r}.", remedy="Choose a case of this queue.")
