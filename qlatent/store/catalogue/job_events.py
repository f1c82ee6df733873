"""The events of hardware jobs in the catalogue, which are only ever added, and the budgets of accounts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from qlatent.errors import StoreError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import JobEvent

_EVENTS, _BUDGETS = schema.job_events, schema.budgets


class JobEvents:
    """The events of all hardware jobs of a catalogue; they outlive their runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, event: JobEvent) -> JobEvent:
        """Add an event as number `event.number`, or as the job's next if that is 0; returns it with its number.

        A number that is taken raises `StoreError`: another process has written since this one read, and what it wrote
        must be read first.
        """
        with self._writing(event) as connection:
            return _added(connection, event)

    def append_in_turn(
        self, event: JobEvent, wait: Callable[[list[JobEvent]], float], *, since: float
    ) -> float:
        """Add an event unless `wait` is positive, and return that: of all jobs' events of its kind at or after a time.

        No other process adds an event in between. Errors as of `append`.
        """
        with self._writing(event) as connection:
            there = connection.execute(_query(_EVENTS.c.kind == event.kind, _EVENTS.c.time >= since))
            seconds = wait([JobEvent(**row._mapping) for row in there])
            if seconds <= 0:
                _added(connection, event)
            return seconds

    @contextmanager
    def _writing(self, event: JobEvent) -> Iterator[Connection]:
        try:
            with self._database.writing() as connection:
                yield connection
        except IntegrityError as err:
            raise StoreError(
                f"Another process has written event {event.number} of job {event.job}.",
                remedy="Look at the job again; it may be carried out twice.",
            ) from err

    def of(self, job: str) -> list[JobEvent]:
        """The events of a job in order; empty for an unknown one."""
        return self._found(_EVENTS.c.job == job)

    def of_all(self, jobs: Collection[str]) -> dict[str, list[JobEvent]]:
        """The events of several jobs in order, by job, by one query."""
        found: dict[str, list[JobEvent]] = {job: [] for job in jobs}
        for event in self._found(_EVENTS.c.job.in_(list(jobs))):
            found[event.job].append(event)
        return found

    def of_kinds(self, kinds: Collection[str], *, since: float = 0.0) -> list[JobEvent]:
        """The events of these kinds at or after a time (unix seconds), of all jobs, also of removed ones."""
        return self._found(_EVENTS.c.kind.in_(list(kinds)), _EVENTS.c.time >= since)

    def _found(self, *conditions: Any) -> list[JobEvent]:
        return [JobEvent(**row._mapping) for row in self._database.rows(_query(*conditions))]

    # --- budgets ------------------------------------------------------------------------------------------

    def budget(self, account: str) -> float | None:
        """The most seconds of an account (fingerprint) in 28 days, or None if none is set."""
        rows = self._database.rows(select(_BUDGETS.c.seconds).where(_BUDGETS.c.account == account))
        return float(rows[0][0]) if rows else None

    def set_budget(self, account: str, seconds: float | None, *, now: float) -> None:
        """Set the budget of an account; None removes it."""
        with self._database.writing() as connection:
            connection.execute(delete(_BUDGETS).where(_BUDGETS.c.account == account))
            if seconds is not None:
                values = {"account": account, "seconds": seconds, "changed": now}
                connection.execute(insert(_BUDGETS).values(values))


def _query(*conditions: Any) -> Select[Any]:
    return select(_EVENTS).where(*conditions).order_by(_EVENTS.c.job, _EVENTS.c.number)


def _added(connection: Connection, event: JobEvent) -> JobEvent:
    number = event.number
    if not number:
        last = select(func.max(_EVENTS.c.number)).where(_EVENTS.c.job == event.job)
        number = (connection.scalar(last) or 0) + 1
    connection.execute(insert(_EVENTS).values(asdict(event) | {"number": number}))
    return JobEvent(event.job, number, event.time, event.kind, event.payload)
