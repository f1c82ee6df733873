"""Saved views in the catalogue: a name and what the URL of a page held; a removed one is in the `Bin`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from qlatent.errors import AbsentError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import ViewRecord

_TABLE = schema.saved_views
_COLUMNS = [column for column in _TABLE.c if column.name != "removed"]


class SavedViews:
    """The saved views of a catalogue. They outlive the runs and datasets that they name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: ViewRecord) -> ViewRecord:
        """Add a view and return it."""
        with self._database.writing() as connection:
            connection.execute(insert(_TABLE).values(asdict(record)))
        return record

    def of(self, page: str | None = None) -> list[ViewRecord]:
        """The views of a page, or of all pages, oldest first."""
        query = select(*_COLUMNS).where(_TABLE.c.removed.is_(None)).order_by(_TABLE.c.created, _TABLE.c.id)
        if page is not None:
            query = query.where(_TABLE.c.page == page)
        return [_record(row) for row in self._database.rows(query)]

    def rename(self, view: str, name: str) -> None:
        """Give a view another name; an unknown or removed one raises `AbsentError`."""
        there = (_TABLE.c.id == view, _TABLE.c.removed.is_(None))
        with self._database.writing() as connection:
            if connection.execute(update(_TABLE).where(*there).values(name=name)).rowcount == 0:
                raise AbsentError(
                    f"There is no saved view {view!r}.", remedy="Choose one from the list of saved views."
                )

    def delete(self, view: str) -> None:
        """Delete a view for good."""
        with self._database.writing() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.id == view))


def _record(row: Row[Any]) -> ViewRecord:
    return ViewRecord(**row._mapping)
