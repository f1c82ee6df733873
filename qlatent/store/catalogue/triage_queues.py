"""Queues of cases in the catalogue, and the analysts who work on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.database import count_anew
from qlatent.store.catalogue.records import AnalystRecord, CaseRecord, QueueRecord, TriageEvent
from qlatent.store.catalogue.triage_events import write

_QUEUES, _CASES, _ANALYSTS = schema.triage_queues, schema.triage_cases, schema.analysts
_COLUMNS = [column for column in _QUEUES.c if column.name != "removed"]


class TriageQueues:
    """The queues and analysts of a catalogue; a removed queue is in the `Bin`, and its events stay for good."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: QueueRecord, cases: list[CaseRecord], event: TriageEvent) -> None:
        """Add a queue with its cases and its first event; a taken id raises `StoreError`."""
        try:
            with self._database.writing(alone=False) as connection:
                connection.execute(insert(_QUEUES).values(asdict(record)))
                if cases:
                    connection.execute(insert(_CASES), [asdict(case) for case in cases])
                    count_anew(connection, _CASES.name)
                write(connection, event, ())
        except IntegrityError as err:
            raise StoreError(
                f"There is already a queue {record.id!r}.", remedy="Choose another name."
            ) from err

    def all(self) -> list[QueueRecord]:
        """All queues, oldest first."""
        query = select(*_COLUMNS).where(_QUEUES.c.removed.is_(None)).order_by(_QUEUES.c.created, _QUEUES.c.id)
        return [_queue(row) for row in self._database.rows(query)]

    def one(self, queue: str) -> QueueRecord:
        """One queue; an unknown id raises `AbsentError`."""
        there = (_QUEUES.c.id == queue, _QUEUES.c.removed.is_(None))
        rows = self._database.rows(select(*_COLUMNS).where(*there))
        if not rows:
            raise AbsentError(f"There is no queue {queue!r}.", remedy="Choose one from the list of queues.")
        return _queue(rows[0])

    def taken(self, queue: str) -> bool:
        """Whether an id is taken, also by a removed queue."""
        return bool(self._database.rows(select(_QUEUES.c.id).where(_QUEUES.c.id == queue)))

    def change(self, queue: str, event: TriageEvent, **changes: Any) -> QueueRecord:
        """Change name, order or policy of a queue, and add the event that says so."""
        with self._database.writing(alone=False) as connection:
            statement = update(_QUEUES).where(_QUEUES.c.id == queue, _QUEUES.c.removed.is_(None))
            if connection.execute(statement.values(**changes)).rowcount == 0:
                raise AbsentError(
                    f"There is no queue {queue!r}.", remedy="Choose one from the list of queues."
                )
            write(connection, event, ())
        return self.one(queue)

    # --- analysts -----------------------------------------------------------------------------------------

    def analysts(self) -> list[AnalystRecord]:
        """All analysts by name."""
        return [_analyst(row) for row in self._database.rows(select(_ANALYSTS).order_by(_ANALYSTS.c.name))]

    def analyst(self, name: str) -> AnalystRecord | None:
        """The analyst of this name, or None."""
        rows = self._database.rows(select(_ANALYSTS).where(_ANALYSTS.c.name == name))
        return _analyst(rows[0]) if rows else None

    def keep_analyst(self, record: AnalystRecord) -> None:
        """Add an analyst, or replace what was kept under the name."""
        with self._database.writing() as connection:
            connection.execute(delete(_ANALYSTS).where(_ANALYSTS.c.name == record.name))
            connection.execute(insert(_ANALYSTS).values(_values(record)))


def _values(record: AnalystRecord) -> Mapping[str, Any]:
    return asdict(record) | {"permissions": list(record.permissions)}


def _queue(row: Row[Any]) -> QueueRecord:
    return QueueRecord(**row._mapping)


def _analyst(row: Row[Any]) -> AnalystRecord:
    return AnalystRecord(**(dict(row._mapping) | {"permissions": tuple(row.permissions)}))
