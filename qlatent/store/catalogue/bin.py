"""Removed catalogue entries: hidden from all lists, and restorable for a day."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import delete, select, update

from qlatent.errors import AbsentError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import Removed

KEPT_SECONDS = 24 * 3600.0

_TABLES = {
    "dataset": schema.datasets, "run": schema.runs, "head": schema.heads, "collection": schema.collections,
    "view": schema.saved_views, "queue": schema.triage_queues,
}  # fmt: skip


class Bin:
    """The removed datasets, runs, heads, collections, views and queues of a catalogue, by `kind` ("dataset", …)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, kind: str, key: str, *, now: float | None = None, used: Callable[[str], bool] = lambda _: False
    ) -> list[str]:
        """Remove an entry unless queued or active runs use it; returns their ids, [] if it was removed.

        `used` is called for each of those runs, within a transaction that excludes new runs. An unknown entry raises
        `StoreError`.
        """
        table, runs = _TABLES[kind], schema.runs.c
        with self._database.writing() as connection:
            listed = select(runs.id).where(
                runs.queue_state.in_(("queued", "running")), runs.removed.is_(None)
            )
            users = [run for run in connection.scalars(listed.order_by(runs.created)) if used(run)]
            if users:
                return users
            changes: dict[str, float | None] = {"removed": time.time() if now is None else now}
            if kind == "run":
                changes["token"] = None  # so that a repeated request starts a new run
            there = (table.c.id == key, table.c.removed.is_(None))
            if connection.execute(update(table).where(*there).values(changes)).rowcount == 0:
                raise _absent(kind, key)
        return []

    def content(self) -> list[Removed]:
        """All entries that can be restored, last removed first."""
        found = []
        for kind, table in _TABLES.items():
            columns = (table.c.id, table.c.name, table.c.removed)
            rows = self._database.rows(select(*columns).where(table.c.removed.is_not(None)))
            found += [Removed(kind, row.id, row.name, row.removed) for row in rows]
        return sorted(found, key=lambda each: each.removed, reverse=True)

    def take_back(self, kind: str, key: str) -> None:
        """Restore an entry; an unknown or deleted entry raises `StoreError`."""
        table = _TABLES[kind]
        with self._database.writing() as connection:
            here = (table.c.id == key, table.c.removed.is_not(None))
            if connection.execute(update(table).where(*here).values(removed=None)).rowcount == 0:
                raise _absent(kind, key)

    def empty(self, kind: str, key: str, *, before: float) -> bool:
        """Delete an entry if it was removed before the time `before`; returns whether it did."""
        table = _TABLES[kind]
        with self._database.writing() as connection:
            statement = delete(table).where(table.c.id == key, table.c.removed < before)
            return connection.execute(statement).rowcount > 0


def _absent(kind: str, key: str) -> AbsentError:
    return AbsentError(
        f"There is no {kind} {key!r}, or it was removed more than a day ago.",
        remedy=f"Choose one from the list of {kind}s.",
    )
